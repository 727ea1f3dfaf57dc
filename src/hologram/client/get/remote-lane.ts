import type { PeerId } from '@libp2p/interface'
import { GetReply, GetRequest, Status } from '../../../../protocols/generated/object.js'
import { isFramingError } from '../../../../protocols/framing/index.ts'
import type { FramedStream } from '../../../../protocols/framing/index.ts'
import type { Layout } from '../../records/layout.ts'
import { GET_PROTOCOL, MAX_GET_REPLY_BYTES, MAX_PIPELINED_REQUESTS } from '../../../../protocols/limits.ts'
import { wasReset } from '../../wire/stream-errors.ts'
import { AuditVerifier } from './audit-verifier.ts'
import type { PeerExperience } from '../find/experience.ts'
import { MAX_BAD_IN_A_ROW } from './lane.ts'
import type { Lane, LaneFailure, LaneListener } from './lane.ts'
import type { LineCaps } from '../../wire/line-caps.ts'
import type { PeerSlots } from '../wire/peer-slots.ts'
import { noReply, openFramed, remoteError } from '../wire/streams.ts'
import type { StreamOpener } from '../wire/streams.ts'

export interface RemoteLaneComponents extends Pick<StreamOpener, 'mesh' | 'clock'> {
  readonly experience: PeerExperience
  /** Where the lane waits for room at the peer. */
  readonly line: PeerSlots
  /** Holds the next block back for as long as those that have come are above the cap. */
  readonly caps: LineCaps
}

export interface RemoteLaneInit {
  readonly shard: number
  readonly peer: PeerId
  /** Of the object, 36 bytes. */
  readonly cid: Uint8Array
  /** The shard's Merkle root. */
  readonly root: Uint8Array
  readonly layout: Layout
  readonly isBackground: boolean
  readonly openTimeoutMs: number
  /** The stream is closed when nothing arrives for this long, unless the reader closes it before. */
  readonly idleTimeoutMs: number
}

interface Run {
  readonly first: number
  readonly count: number
}

/** Blocks that a lane takes from its peer before it goes to the end of the line, if there is one. */
const BLOCKS_PER_TURN = 32
/** Rates are measured over at least this long, because blocks arrive in bursts. */
const RATE_WINDOW_MS = 100

/**
 * Blocks of a shard over streams of get/1: sends requests ahead, and verifies each block against the shard's root.
 *
 * A stream is given back when others wait for the peer, unless blocks are due on it: a lane never holds one while its
 * reader waits for other peers. So any number of reads may go on at once, and each of them gets on.
 */
export class RemoteLane implements Lane {
  readonly shard: number
  readonly peer: PeerId
  readonly outstanding: number[] = []
  waitingSinceMs = 0
  readonly #components: RemoteLaneComponents
  readonly #init: RemoteLaneInit
  readonly #listener: LaneListener
  readonly #verifier: AuditVerifier
  readonly #closing = new AbortController()
  /** Runs to send when the peer has answered some of its requests. */
  readonly #queue: Run[] = []
  /** Blocks still to come of each request sent. */
  readonly #sent: number[] = []
  #framed: FramedStream | undefined
  /** Gives the place at the peer back. */
  #release: (() => void) | undefined
  /** Answers on the stream in use. */
  #answers = 0
  #wake: (() => void) | undefined
  #writing = Promise.resolve()
  #rate = { sinceMs: 0, bytes: 0 }
  #blockIsFirst = true
  #badInARow = 0
  /** Bytes that have come and have not been counted against the cap. */
  #uncapped = 0

  constructor(components: RemoteLaneComponents, init: RemoteLaneInit, listener: LaneListener) {
    this.shard = init.shard
    this.peer = init.peer
    this.#components = components
    this.#init = init
    this.#listener = listener
    this.#verifier = new AuditVerifier(init.root, init.layout.segments)
    void this.#run()
  }

  request(first: number, count: number): void {
    const idle = this.outstanding.length === 0
    for (let index = first; index < first + count; index++) this.outstanding.push(index)
    this.#queue.push({ first, count })
    if (idle) this.#restartWait()
    this.#sendQueued()
    this.#wake?.()
  }

  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new Error('the lane was closed'))
    this.#wake?.()
    this.#leave()
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    try {
      while (!signal.aborted) {
        if (this.#mayLeave()) this.#leave()
        if (this.outstanding.length === 0) {
          await this.#asked()
          continue
        }
        const framed = this.#framed ?? (await this.#open())
        this.#sendQueued()
        await this.#receive(framed)
        await this.#keepToCap()
      }
    } catch (error) {
      this.#fail(failureOf(error), error)
    }
  }

  /** The peer is not late while this node's own cap holds the lane back. */
  async #keepToCap(): Promise<void> {
    const bytes = this.#uncapped
    this.#uncapped = 0
    if (bytes === 0) return
    this.waitingSinceMs = Infinity
    await this.#components.caps.received(this.peer, bytes, this.#closing.signal)
    this.waitingSinceMs = this.#components.clock.monotonicMs()
  }

  /** Waits until there is something to ask for, or others want the place at the peer. */
  async #asked(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  async #open(): Promise<FramedStream> {
    const { mesh, clock, line } = this.#components
    const { signal } = this.#closing
    this.waitingSinceMs = Infinity
    const release = await line.take(this.peer.toString(), { signal, onAwaited: () => this.#wake?.() })
    this.#release = release
    this.#answers = 0
    this.#restartWait()
    const framed = await openFramed({ mesh, clock }, this.peer, GET_PROTOCOL, {
      timeoutMs: this.#init.openTimeoutMs,
      maxFrameBytes: MAX_GET_REPLY_BYTES,
      expectedBytes: this.#init.layout.shardBytes,
      signal
    })
    if (signal.aborted) {
      framed.abort(signal.reason as Error)
      framed.release()
      throw signal.reason
    }
    this.#framed = framed
    return framed
  }

  /** Others wait for the peer, and this lane has had its turn or waits for nothing. */
  #mayLeave(): boolean {
    if (this.#framed === undefined || this.#sent.length > 0 || !this.#isAwaited) return false
    return this.outstanding.length === 0 || this.#turnIsOver
  }

  get #isAwaited(): boolean {
    return this.#components.line.use(this.peer.toString()).waiting > 0
  }

  get #turnIsOver(): boolean {
    return this.#answers >= BLOCKS_PER_TURN && this.#isAwaited
  }

  /** Ends the stream in use and gives the place at the peer back. */
  #leave(): void {
    const framed = this.#framed
    const release = this.#release
    this.#framed = undefined
    this.#release = undefined
    if (framed === undefined) return release?.()
    if (this.#sent.length === 0) {
      void framed.finish({ timeoutMs: this.#init.openTimeoutMs }).finally(() => release?.())
      return
    }
    framed.abort(new Error('the lane was closed'))
    framed.release()
    release?.()
  }

  /** Takes one reply. */
  async #receive(framed: FramedStream): Promise<void> {
    const { signal } = this.#closing
    const reply = await framed.readMessage(GetReply, { timeoutMs: this.#init.idleTimeoutMs, signal })
    if (reply === undefined) return this.#fail('unreachable', noReply(this.peer))
    if (reply.status === Status.BUSY) return this.#rest(reply.retryAfterMs)
    if (this.#answers === 0) this.#components.line.hasServed(this.peer.toString())
    this.#answers++
    if (reply.status === Status.FAILED) return this.#skipBadBlock(remoteError(this.peer, reply))
    if (reply.status === Status.CORRUPT) return this.#passBadBlock(reply)
    if (reply.status !== Status.OK) return this.#fail('missing', remoteError(this.peer, reply))
    const { block } = reply
    if (block === undefined || !this.#isGenuine(block))
      return this.#fail('lied', new Error('a block is not the one that is due'))
    this.#badInARow = 0
    this.#measure(block.data.byteLength)
    this.#takeDue()
    this.#listener.onBlock(this, block.index, block.data)
  }

  /** @returns the index of the block that was due */
  #takeDue(): number {
    const index = this.outstanding.shift()!
    this.#sent[0]--
    if (this.#sent[0] === 0) {
      this.#sent.shift()
      this.#sendQueued()
    }
    return index
  }

  /** The peer's disk has lost the block that is due; the next ones of the request follow. */
  #passBadBlock(reply: GetReply): void {
    const error = remoteError(this.peer, reply)
    if (reply.block?.index !== this.outstanding[0]) return this.#fail('lied', error)
    this.#badInARow++
    if (this.#badInARow > MAX_BAD_IN_A_ROW) return this.#fail('missing', error)
    this.waitingSinceMs = this.#components.clock.monotonicMs()
    this.#listener.onBadBlock(this, this.#takeDue(), error)
  }

  /** The peer cannot read the block that is due, and has ended the request there: the rest of it is asked for again. */
  #skipBadBlock(error: Error): void {
    this.#badInARow++
    if (this.#badInARow > MAX_BAD_IN_A_ROW) return this.#fail('missing', error)
    const [index] = this.outstanding.splice(0, 1)
    const count = this.#sent.shift()! - 1
    if (count > 0) {
      const rest = this.outstanding.splice(0, count)
      const sentBlocks = this.#sent.reduce((sum, blocks) => sum + blocks, 0)
      this.outstanding.splice(sentBlocks, 0, ...rest)
      this.#queue.unshift({ first: index + 1, count })
    }
    this.waitingSinceMs = this.#components.clock.monotonicMs()
    this.#sendQueued()
    this.#listener.onBadBlock(this, index, error)
  }

  /** The block is the one that is due, and the root proves it. */
  #isGenuine({ index, data, path }: NonNullable<GetReply['block']>): boolean {
    return (
      index === this.outstanding[0] &&
      data.byteLength === this.#init.layout.blockBytesAt(index) &&
      this.#verifier.verify(index, data, path)
    )
  }

  #measure(bytes: number): void {
    const { experience, clock } = this.#components
    const nowMs = clock.monotonicMs()
    if (this.#blockIsFirst) experience.sampleLatency(this.peer, nowMs - this.waitingSinceMs)
    this.#blockIsFirst = false
    this.waitingSinceMs = nowMs
    this.#rate.bytes += bytes
    this.#uncapped += bytes
    const elapsedMs = nowMs - this.#rate.sinceMs
    if (elapsedMs < RATE_WINDOW_MS) return
    experience.sampleRate(this.peer, this.#rate.bytes, elapsedMs)
    this.#rate = { sinceMs: nowMs, bytes: 0 }
  }

  #restartWait(): void {
    this.waitingSinceMs = this.#components.clock.monotonicMs()
    this.#rate = { sinceMs: this.waitingSinceMs, bytes: 0 }
    this.#blockIsFirst = true
  }

  #sendQueued(): void {
    const framed = this.#framed
    if (framed === undefined || this.#turnIsOver) return
    while (this.#queue.length > 0 && this.#sent.length < MAX_PIPELINED_REQUESTS) {
      const { first, count } = this.#queue.shift()!
      this.#sent.push(count)
      const message = GetRequest.encode({
        cid: Uint8Array.from(this.#init.cid),
        shard: this.shard,
        first,
        count,
        background: this.#init.isBackground
      })
      const wait = { timeoutMs: this.#init.idleTimeoutMs, signal: this.#closing.signal }
      this.#writing = this.#writing
        .then(async () => framed.write([message], wait))
        .catch((error: unknown) => this.#fail(failureOf(error), error))
    }
  }

  #fail(failure: LaneFailure, error: unknown): void {
    // Nothing had come on the stream: the peer, or libp2p on its side, had too many.
    if (this.#answers === 0 && wasReset(error)) return this.#rest(0)
    this.#end(() => this.#listener.onFailure(this, failure, error))
  }

  #rest(retryAfterMs: number): void {
    this.#components.line.wasBusy(this.peer.toString())
    this.#end(() => this.#listener.onBusy(this, retryAfterMs))
  }

  /** Closes, and tells the listener unless the listener closed it. */
  #end(tell: () => void): void {
    if (this.#closing.signal.aborted) return
    this.close()
    tell()
  }
}

function failureOf(error: unknown): LaneFailure {
  if (isFramingError(error, 'PROTOCOL')) return 'lied'
  return isFramingError(error, 'TIMEOUT') ? 'slow' : 'unreachable'
}
