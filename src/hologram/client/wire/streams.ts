import type { PeerId } from '@libp2p/interface'
import { Status } from '../../../../protocols/generated/object.js'
import { HologramError } from '../../errors.ts'
import { FramedStream } from '../../../../protocols/framing/index.ts'
import { deadlineIn } from '../../../clock/index.ts'
import type { Clock } from '../../../clock/index.ts'
import type { Mesh } from '../../mesh.ts'
import type { PeerSlots } from './peer-slots.ts'

/** What it takes to open a stream. */
export interface StreamOpener {
  readonly mesh: Mesh
  readonly clock: Clock
  /** Where a stream waits until there is room for it at the peer. @default it does not wait */
  readonly line?: PeerSlots
}

export interface OpenFramedOptions {
  /** For dialling, and for negotiating the protocol; the time in line is not the peer's. */
  readonly timeoutMs: number
  /** Limit of the peer's frames; frames that we send are not checked. */
  readonly maxFrameBytes: number
  /** Bytes that the stream is expected to carry, where that is known. */
  readonly expectedBytes?: number
  readonly signal?: AbortSignal
}

/** Opens a stream of messages to a peer. @throws HologramError 'UNREACHABLE' | 'TIMEOUT' | 'ABORTED' */
export async function openFramed(
  { mesh, clock, line }: StreamOpener,
  peer: PeerId,
  protocol: string,
  { timeoutMs, maxFrameBytes, expectedBytes, signal }: OpenFramedOptions
): Promise<FramedStream> {
  const name = peer.toString()
  const release = await line?.take(name, { signal }).catch((cause: unknown) => {
    throw new HologramError('ABORTED', 'aborted', {}, { cause })
  })
  using deadline = deadlineIn(clock, timeoutMs, signal)
  try {
    const options = { signal: deadline.signal, expectedBytes }
    const stream = await mesh.open(peer, mesh.protocol(protocol), options)
    if (release !== undefined) stream.addEventListener('close', () => release(), { once: true })
    // It may have closed before anybody listened.
    if (stream.status !== 'open') release?.()
    return new FramedStream(stream, { maxFrameBytes, clock, peer: name })
  } catch (cause) {
    release?.()
    if (signal?.aborted === true) throw new HologramError('ABORTED', 'aborted', {}, { cause })
    if (deadline.signal.aborted) {
      const what = { afterMs: timeoutMs, what: 'open' }
      throw new HologramError('TIMEOUT', `${name} did not answer for ${timeoutMs} ms`, what, { cause })
    }
    throw new HologramError('UNREACHABLE', `${name} cannot be reached`, { peer: name }, { cause })
  }
}

/** The fields that all replies share. */
export interface ReplyStatus {
  readonly status: Status
  readonly message: string
  readonly retryAfterMs: number
}

/** Longest message of a peer that goes into an error: as long as an honest one (docs/reference/protocols.md, "Limits"). */
const MAX_PEER_TEXT = 512

/** What a peer says may end on a terminal, in a log or on a web page: it is cut, and steers nothing. */
const peerText = (text: string): string =>
  text.slice(0, MAX_PEER_TEXT).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')

/** The error for a reply with a status other than OK. */
export function remoteError(peer: PeerId, { status, message, retryAfterMs }: ReplyStatus): HologramError {
  const name = peer.toString()
  const text = `${name} answered ${status}${message === '' ? '' : `: ${peerText(message)}`}`
  if (status === Status.QUOTA) return new HologramError('QUOTA', text, {})
  return new HologramError('REMOTE', text, { status, retryAfterMs, peer: name })
}

/** `reason` of the error for a peer that closed the stream where it owed an answer. */
export const NO_ANSWER = 'closed the stream without an answer'

/** The peer closed the stream where it owed an answer. */
export function noReply(peer: PeerId): HologramError<'PROTOCOL'> {
  const name = peer.toString()
  const reason = NO_ANSWER
  return new HologramError('PROTOCOL', `${name} ${reason}`, { reason, peer: name })
}
