import type { PeerId } from '@libp2p/interface'
import { PutFrame, PutReply, Status } from '../../../../protocols/generated/object.js'
import { encodePutBlock } from '../../wire/block-frame.ts'
import type { FramedStream, WaitOptions } from '../../../../protocols/framing/index.ts'
import { fromFraming } from '../../wire/stream-errors.ts'
import { MAX_PUT_FRAME_BYTES, PUT_PROTOCOL } from '../../../../protocols/limits.ts'
import { deadlineIn } from '../../../clock/index.ts'
import type { Clock } from '../../../clock/index.ts'
import { HologramError } from '../../errors.ts'
import type { Commitment, ShardSink, SinkRequest } from './shard-sink.ts'
import { noReply, openFramed, remoteError } from '../wire/streams.ts'
import type { StreamOpener } from '../wire/streams.ts'
import { untilAbort } from '../wire/until-abort.ts'

export interface RemoteSinkInit {
  /** From dialling to the holder's first answer. */
  readonly openTimeoutMs: number
  /** For one block to be taken. */
  readonly sendTimeoutMs: number
  readonly commitTimeoutMs: number
}

/** A stream of put/1. */
export class RemoteSink implements ShardSink {
  readonly peer: PeerId
  readonly heldBlocks: number
  readonly heldDigest: Uint8Array
  readonly #framed: FramedStream
  readonly #wait: WaitOptions
  readonly #clock: Clock
  readonly #commitTimeoutMs: number
  /** The holder's next answer: to the commit, or why it takes no more blocks. */
  readonly #answer: Promise<void>
  #refusal: unknown
  #over = false

  /** @throws HologramError 'UNREACHABLE' | 'TIMEOUT' | 'REMOTE' | 'QUOTA' | 'PROTOCOL' | 'ABORTED' */
  static async open(opener: StreamOpener, request: SinkRequest, init: RemoteSinkInit): Promise<RemoteSink> {
    const { peer, shard, seed, expectedBytes, oneShot, copy, fill, signal } = request
    const wait = { timeoutMs: init.openTimeoutMs, signal }
    const framed = await openFramed(opener, peer, PUT_PROTOCOL, {
      ...wait,
      maxFrameBytes: MAX_PUT_FRAME_BYTES,
      // 0 where nobody knows.
      expectedBytes: expectedBytes === 0 ? undefined : expectedBytes
    })
    try {
      const open = { seed: Uint8Array.from(seed), shard, expectedBytes, oneShot, copy, fill }
      await framed.write([PutFrame.encode({ open })], wait)
      const reply = await framed.readMessage(PutReply, wait)
      if (reply === undefined) throw noReply(peer)
      if (reply.status !== Status.OK) throw remoteError(peer, reply)
      return new RemoteSink(framed, request, reply, { ...init, clock: opener.clock })
    } catch (error) {
      framed.abort(error as Error)
      framed.release()
      throw fromFraming(error)
    }
  }

  private constructor(
    framed: FramedStream,
    request: SinkRequest,
    opened: PutReply,
    init: RemoteSinkInit & { clock: Clock }
  ) {
    const { peer, signal } = request
    this.peer = peer
    this.heldBlocks = opened.blocksHeld
    this.heldDigest = opened.heldDigest
    this.#framed = framed
    this.#wait = { timeoutMs: init.sendTimeoutMs, signal }
    this.#clock = init.clock
    this.#commitTimeoutMs = init.commitTimeoutMs
    this.#answer = readAnswer(framed, peer, signal)
    this.#answer.catch((error: unknown) => {
      // Fails any pending write.
      this.#refusal = error
      this.abandon(error as Error)
    })
  }

  async send(index: number, block: Uint8Array): Promise<void> {
    try {
      await this.#framed.write(encodePutBlock(index, block), this.#wait)
    } catch (error) {
      throw this.#refusal ?? fromFraming(error)
    }
  }

  /** Block 0 tells the holder to start over (docs/reference/protocols.md, "put/1"). */
  async restart(): Promise<void> {}

  async commit({ manifest, lease }: Commitment): Promise<void> {
    const commit = { manifest: Uint8Array.from(manifest), lease: Uint8Array.from(lease) }
    await this.#framed.write([PutFrame.encode({ commit })], this.#wait).catch((error: unknown) => {
      throw this.#refusal ?? fromFraming(error)
    })
    await this.#answerInTime()
    this.#over = true
    void this.#framed.close(this.#wait).finally(() => this.#framed.release())
  }

  async #answerInTime(): Promise<void> {
    const afterMs = this.#commitTimeoutMs
    using deadline = deadlineIn(this.#clock, afterMs)
    await untilAbort(this.#answer, deadline.signal).catch((error: unknown) => {
      if (!deadline.signal.aborted) throw error
      const name = this.peer.toString()
      throw new HologramError('TIMEOUT', `${name} did not keep the shard within ${afterMs} ms`, {
        afterMs,
        what: 'commit'
      })
    })
  }

  abandon(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#framed.abort(error)
    this.#framed.release()
  }
}

/**
 * Makes a holder throw away what it has of an upload that ended before its commit.
 *
 * @throws HologramError 'UNREACHABLE' | 'TIMEOUT' | 'REMOTE' | 'PROTOCOL' | 'ABORTED'; 'REMOTE' with BUSY while the holder has
 *   not noticed yet that the upload has ended
 */
export async function discardRemote(
  opener: StreamOpener,
  { peer, shard, seed, signal }: Omit<SinkRequest, 'expectedBytes' | 'oneShot'>,
  { timeoutMs }: { timeoutMs: number }
): Promise<void> {
  const wait = { timeoutMs, signal }
  const framed = await openFramed(opener, peer, PUT_PROTOCOL, {
    ...wait,
    maxFrameBytes: MAX_PUT_FRAME_BYTES,
    expectedBytes: 0
  })
  const checkAnswer = async (): Promise<void> => {
    const reply = await framed.readMessage(PutReply, wait)
    if (reply === undefined) throw noReply(peer)
    if (reply.status !== Status.OK) throw remoteError(peer, reply)
  }
  try {
    const open = { seed: Uint8Array.from(seed), shard, expectedBytes: 0, oneShot: true }
    await framed.write([PutFrame.encode({ open })], wait)
    await checkAnswer()
    await framed.write([PutFrame.encode({ abandon: true })], wait)
    await checkAnswer()
    await framed.close(wait)
  } catch (error) {
    framed.abort(error as Error)
    throw fromFraming(error)
  } finally {
    framed.release()
  }
}

/** Waits from the first block on, for as long as the source may take. */
async function readAnswer(framed: FramedStream, peer: PeerId, signal: AbortSignal): Promise<void> {
  const reply = await framed
    .readMessage(PutReply, { timeoutMs: Infinity, signal })
    .catch((error: unknown) => {
      throw fromFraming(error)
    })
  if (reply === undefined) throw noReply(peer)
  if (reply.status !== Status.OK) throw remoteError(peer, reply)
}
