import type { PeerId } from '@libp2p/interface'
import { FramedStream } from '../../protocols/framing/index.ts'
import { HeadReply, HeadRequest, HeadStatus } from '../../protocols/generated/head.js'
import { deadlineIn } from '../clock/index.ts'
import type { Clock } from '../clock/index.ts'
import type { Mesh } from '../hologram/mesh.ts'
import { HeadError } from './errors.ts'
import { newest, openHead } from './head.ts'
import type { Head } from './head.ts'

export const HEAD_PROTOCOL = 'head/1'
/** Four heads of 2 KiB and what stands around them. */
export const MAX_FRAME_BYTES = 16_384
const MAX_MESSAGE_BYTES = 512

export interface ExchangeInit {
  readonly mesh: Pick<Mesh, 'networkId' | 'protocol' | 'open'>
  readonly clock: Clock
  /** One request, dialling included. */
  readonly timeoutMs: number
}

/** Asks keepers by head/1 and verifies what they answer. */
export class HeadExchange {
  readonly #init: ExchangeInit

  constructor(init: ExchangeInit) {
    this.#init = init
  }

  /**
   * @returns the heads of `name` that `peer` keeps, the newest only
   * @throws HeadError 'BAD_HEAD' | 'REFUSED'; whatever the connection throws; the signal's reason
   */
  async ask(
    peer: PeerId,
    request: Partial<HeadRequest>,
    name: PeerId,
    signal: AbortSignal
  ): Promise<readonly Head[]> {
    return await this.verified(await this.#exchange(peer, request, signal), peer, name)
  }

  /** The heads of an answer. @throws HeadError 'BAD_HEAD' | 'REFUSED' */
  async verified(
    { status, message, heads }: HeadReply,
    peer: PeerId,
    name: PeerId
  ): Promise<readonly Head[]> {
    const { mesh, clock } = this.#init
    if (status !== HeadStatus.HEAD_OK) {
      throw new HeadError('REFUSED', `${peer.toString()} answered ${status}: ${printable(message)}`)
    }
    const opened = await Promise.all(
      heads.map(async (signed) => openHead(mesh.networkId, signed, clock.nowMs()))
    )
    if (opened.some((head) => !head.name.equals(name))) {
      throw new HeadError('BAD_HEAD', `${peer.toString()} answered with the head of another name.`)
    }
    return newest(opened)
  }

  async #exchange(peer: PeerId, request: Partial<HeadRequest>, signal: AbortSignal): Promise<HeadReply> {
    const { mesh, clock, timeoutMs } = this.#init
    using deadline = deadlineIn(clock, timeoutMs, signal)
    const wait = { timeoutMs, signal: deadline.signal }
    const stream = await mesh.open(peer, mesh.protocol(HEAD_PROTOCOL), { signal: deadline.signal })
    const framed = new FramedStream(stream, { maxFrameBytes: MAX_FRAME_BYTES, clock, peer: peer.toString() })
    try {
      await framed.writeMessage(HeadRequest, request, wait)
      const reply = await framed.readMessage(HeadReply, wait)
      if (reply === undefined) throw new Error(`${peer.toString()} closed the stream without an answer`)
      await framed.finish(wait)
      return reply
    } catch (error) {
      framed.abort(error as Error)
      throw error
    } finally {
      framed.release()
    }
  }
}

export function replyOf(status: HeadStatus, message: string, heads: readonly Head[] = []): HeadReply {
  return {
    status,
    message: message.slice(0, MAX_MESSAGE_BYTES),
    heads: heads.map(({ signed }) => Uint8Array.from(signed))
  }
}

/** What a peer says may end in a log or on a terminal. */
function printable(text: string): string {
  return text.slice(0, MAX_MESSAGE_BYTES).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
