// probe/1: one round trip on an open stream, with a nonce that cannot be answered in advance. The answer says where the peer
// is in latency space and names a few peers near it.
import { FramedStream } from '../../../../protocols/framing/index.ts'
import { ProbeReply, ProbeRequest } from '../../../../protocols/generated/report.js'
import { decodePeerId } from '../../../../protocols/signed.ts'
import { isFixedCoordinate } from '../../../manifold/coordinate/index.ts'
import { wireCoordinate } from '../coordinate-section.ts'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { Clock, RandomSource } from '../../../clock/index.ts'
import type { FixedCoordinate } from '../../../manifold/coordinate/index.ts'
import type { Host } from '../../host/host.ts'
import type { Logger } from '../../logger.ts'

const MAX_REQUEST_BYTES = 64
const MAX_REPLY_BYTES = 512
const NONCE_BYTES = 16
/** Peers that an answer names. */
export const NAMED_PEERS = 4
const DEADLINE_MS = 10_000
const STREAMS_PER_CONNECTION = 2

/** The peer answered outside the rules of the protocol. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError'
}

export interface ProbeAnswer {
  /** From the last byte of the request to the whole answer, milliseconds. */
  readonly rttMs: number
  readonly at: FixedCoordinate
  readonly near: readonly PeerId[]
}

export interface ProbeProtocolInit {
  readonly host: Pick<Host, 'handle' | 'unhandle'>
  readonly protocol: string
  readonly networkId: Uint8Array
  /** What this node answers. Without a coordinate it does not answer. */
  readonly own: () => { readonly at: FixedCoordinate | undefined; readonly near: readonly PeerId[] }
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
}

export class ProbeProtocol {
  readonly #init: ProbeProtocolInit

  constructor(init: ProbeProtocolInit) {
    this.#init = init
  }

  async start(): Promise<void> {
    const { host, protocol } = this.#init
    await host.handle(protocol, (stream) => this.#answer(stream), {
      maxInboundStreams: STREAMS_PER_CONNECTION,
      maxOutboundStreams: STREAMS_PER_CONNECTION
    })
  }

  async stop(): Promise<void> {
    await this.#init.host.unhandle(this.#init.protocol)
  }

  /**
   * Measures the round trip over `connection`. Opening the stream is not part of it.
   *
   * @throws ProbeError when the answer breaks the rules; other errors when there is none in time
   */
  async probe(connection: Pick<Connection, 'newStream'>, signal: AbortSignal): Promise<ProbeAnswer> {
    const { protocol, networkId, clock, random } = this.#init
    const stream = await connection.newStream(protocol, { signal })
    const framed = new FramedStream(stream, { maxFrameBytes: MAX_REPLY_BYTES, clock })
    const wait = { timeoutMs: DEADLINE_MS, signal }
    try {
      const nonce = Uint8Array.from(random.bytes(NONCE_BYTES))
      const sentMs = clock.monotonicMs()
      await framed.writeMessage(ProbeRequest, { network: Uint8Array.from(networkId), nonce }, wait)
      const reply = await framed.readMessage(ProbeReply, wait)
      const rttMs = clock.monotonicMs() - sentMs
      if (reply === undefined) throw new Error('the peer closed the stream without an answer')
      await framed.close(wait)
      return { rttMs, ...readReply(reply, nonce) }
    } catch (error) {
      framed.abort(error as Error)
      throw error
    } finally {
      framed.release()
    }
  }

  async #answer(stream: Stream): Promise<void> {
    const { networkId, own, clock, logger } = this.#init
    const framed = new FramedStream(stream, { maxFrameBytes: MAX_REQUEST_BYTES, clock })
    const wait = { timeoutMs: DEADLINE_MS }
    try {
      const request = await framed.readMessage(ProbeRequest, wait)
      if (request === undefined || !Buffer.from(request.network).equals(networkId)) {
        throw new Error('no request of this network')
      }
      if (request.nonce.byteLength !== NONCE_BYTES) throw new Error('no nonce')
      const { at, near } = own()
      if (at === undefined) throw new Error('this node does not know where it is')
      const reply = {
        nonce: request.nonce,
        coordinate: wireCoordinate(at),
        near: near.slice(0, NAMED_PEERS).map((peer) => Uint8Array.from(peer.toMultihash().bytes))
      }
      await framed.writeMessage(ProbeReply, reply, wait)
      await framed.close(wait)
    } catch (error) {
      logger.debug('could not answer a probe', { error })
      framed.abort(error as Error)
    } finally {
      framed.release()
    }
  }
}

const readReply = (
  { nonce, coordinate, near }: ProbeReply,
  expected: Uint8Array
): Omit<ProbeAnswer, 'rttMs'> => {
  if (!Buffer.from(nonce).equals(expected)) throw new ProbeError('another nonce came back')
  if (coordinate === undefined || !isFixedCoordinate(coordinate)) {
    throw new ProbeError('the coordinate breaks the rules')
  }
  const peers = near.map(decodePeerId)
  if (peers.includes(undefined)) throw new ProbeError('a named peer has no peer id')
  return { at: coordinate, near: peers as PeerId[] }
}
