import type { PeerId } from '@libp2p/interface'
import type { Cancel, Clock } from '../../../clock/index.ts'
import type { Segment } from '../../records/layout.ts'
import type { PeerExperience } from '../find/experience.ts'
import type { Lane, LaneFailure, LaneListener, LaneOpener } from './lane.ts'
import { LaneTable } from './lane-table.ts'
import type { LaneEntry } from './lane-table.ts'
import { PendingSegment } from './pending-segment.ts'
import { HologramError } from '../../errors.ts'
import type { SurvivedFailure } from '../survive.ts'

/** Peers that may hold each shard. */
export interface ShardLocations {
  /** What is known now: for each shard the peers that may hold it, the best first. */
  known: () => Iterable<readonly [shard: number, peers: readonly PeerId[]]>
  /** Asks other peers. Resolves with further candidates; with none when no peer knows any. */
  discover: (signal: AbortSignal) => Promise<Iterable<readonly [shard: number, peers: readonly PeerId[]]>>
}

export interface SegmentReaderComponents {
  readonly self: PeerId
  readonly experience: PeerExperience
  readonly locations: ShardLocations
  readonly openLane: LaneOpener
  /** How many other lanes wait in line for a peer. */
  readonly inLine: (peer: PeerId) => number
  /** Rebuilds the data rows of a segment from any k of its rows. */
  readonly decode: (segment: Segment, rows: ReadonlyMap<number, Uint8Array>) => Promise<Uint8Array[]>
  readonly observe: (peer: PeerId, outcome: 'served' | 'unreachable' | 'slow' | 'lied') => void
  /** A failure from which the read goes on. */
  readonly onSurvived: (what: 'lane' | 'busy' | 'block' | 'question', failure: SurvivedFailure) => void
  readonly clock: Clock
  /** By which the predicted time of a holder is multiplied; the same for the whole read. @default 1 */
  readonly factor?: (peer: PeerId) => number
  /** A holder is overloaded. */
  readonly onBusy?: (peer: PeerId) => void
}

export interface SegmentReaderInit {
  readonly n: number
  /** Bytes that may be asked for ahead of the consumer, over all lanes. */
  readonly readAheadBytes: number
  /** A late block is asked of another holder after this time at the earliest. */
  readonly minHedgeMs: number
  /** A peer that delivers no block for this long is given up. */
  readonly stallTimeoutMs: number
  readonly signal: AbortSignal
}

/** A lane may have this many bytes outstanding; below the 4 MiB after which libp2p resets a stream unread. */
const MAX_LANE_BYTES = 2 ** 21
/**
 * The read-ahead starts with one segment, so that the first byte does not wait for others or for streams that it does not
 * need (starting with two took half as long again). It doubles with each segment that is read.
 */
const INITIAL_DEPTH = 1
/**
 * Segments at the front of the window for which the blocks of a late lane are asked of others too. Doubles with each
 * deadline that the lane misses.
 */
const HEDGED_SEGMENTS = 4
/** Times that all peers are asked before the read fails, if no segment was read in between. */
const MAX_DISCOVERIES = 2
/** Most blocks one GetRequest may name (protocols/object.proto). */
const MAX_REQUEST_BLOCKS = 64

/**
 * Reads segments in order from whichever k shards come first ("late binding", as in Hydra, FAST 2022, and the
 * hedged requests of Dean and Barroso, "The tail at scale", 2013). Every segment wants k blocks; blocks are asked of
 * the lanes that should deliver soonest; one that is late is asked of somebody else as well, and the first k win.
 */
export class SegmentReader implements LaneListener {
  readonly #components: SegmentReaderComponents
  readonly #init: SegmentReaderInit
  readonly #lanes: LaneTable
  readonly #window: PendingSegment[] = []
  readonly #byIndex = new Map<number, PendingSegment>()
  #depth = INITIAL_DEPTH
  #cancelTimer: Cancel | undefined
  /** A segment waits for blocks that nobody is asked for yet. */
  #starved = false
  #discovering = false
  /** Since the last segment that was read. */
  #discoveries = 0
  #error: Error | undefined
  #closed = false

  constructor(components: SegmentReaderComponents, init: SegmentReaderInit) {
    this.#components = components
    this.#init = init
    this.#lanes = new LaneTable(components.experience, components.self, components.inLine, components.factor)
    this.#learn(components.locations.known())
  }

  /**
   * The data rows of each segment, in order; rows are k arrays of `blockBytes`.
   *
   * @throws HologramError 'NOT_ENOUGH_SHARDS' when a segment cannot get k blocks from anybody
   */
  async *read(segments: Iterable<Segment>): AsyncGenerator<{ segment: Segment; rows: Uint8Array[] }> {
    const source = segments[Symbol.iterator]()
    const onAbort = (): void => this.#fail(abortReason(this.#init.signal))
    this.#init.signal.addEventListener('abort', onAbort, { once: true })
    try {
      this.#init.signal.throwIfAborted()
      this.#fill(source)
      for (let head = this.#window[0]; head !== undefined; head = this.#window[0]) {
        const rows = await head.rows
        if (this.#error !== undefined) throw this.#error
        this.#window.shift()
        this.#byIndex.delete(head.segment.index)
        this.#discoveries = 0
        this.#depth = Math.min(this.#depth * 2, this.#maxDepth(head.segment))
        this.#fill(source)
        yield { segment: head.segment, rows }
      }
    } finally {
      this.#init.signal.removeEventListener('abort', onAbort)
      this.#close()
    }
  }

  onBlock(lane: Lane, index: number, data: Uint8Array): void {
    this.#guarded(() => this.#take(lane, index, data))
  }

  onBadBlock(lane: Lane, index: number, error: unknown): void {
    this.#guarded(() => this.#spoil(lane, index, error))
  }

  onFailure(lane: Lane, failure: LaneFailure, error: unknown): void {
    this.#guarded(() => this.#giveUp(lane, failure, error))
  }

  onBusy(lane: Lane, retryAfterMs: number): void {
    this.#guarded(() => this.#rest(lane, retryAfterMs))
  }

  /** A defect in here fails this read; thrown into a lane it would end the process. */
  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #take(lane: Lane, index: number, data: Uint8Array): void {
    const entry = this.#lanes.get(lane.shard)
    if (entry === undefined) return
    entry.queuedBytes -= data.byteLength
    this.#lanes.served(entry)
    const pending = this.#byIndex.get(index)
    if (pending !== undefined && !pending.settled && pending.take(lane.shard, data)) this.#finish(pending)
    if (this.#starved && lane.outstanding.length === 0) this.#assign()
  }

  #spoil(lane: Lane, index: number, error: unknown): void {
    const entry = this.#lanes.get(lane.shard)
    if (entry === undefined) return
    this.#components.onSurvived('block', { peer: lane.peer, shard: lane.shard, error })
    const pending = this.#byIndex.get(index)
    entry.queuedBytes -= (pending ?? this.#window[0])?.segment.blockBytes ?? 0
    if (pending !== undefined && !pending.settled) pending.spoil(lane.shard, lane.peer)
    this.#assign()
  }

  #giveUp(lane: Lane, failure: LaneFailure, error: unknown): void {
    const entry = this.#lanes.get(lane.shard)
    if (entry === undefined) return
    this.#components.onSurvived('lane', { peer: lane.peer, shard: lane.shard, error })
    if (failure !== 'missing') this.#components.observe(lane.peer, failure)
    this.#forget(lane)
    this.#lanes.discard(entry, { forGood: failure === 'lied' || failure === 'missing' })
    this.#assign()
  }

  #rest(lane: Lane, retryAfterMs: number): void {
    const entry = this.#lanes.get(lane.shard)
    if (entry === undefined) return
    this.#components.onBusy?.(lane.peer)
    this.#forget(lane)
    // A holder that is still busy after a rest needs a longer one.
    const pauseMs = Math.max(retryAfterMs, this.#init.minHedgeMs) * 2 ** entry.rests
    const restMs = Math.min(pauseMs, this.#init.stallTimeoutMs)
    const error = new Error(`asked again in ${restMs} ms`)
    this.#components.onSurvived('busy', { peer: lane.peer, shard: lane.shard, error })
    this.#lanes.rest(entry, this.#components.clock.monotonicMs() + restMs)
    this.#assign()
  }

  /** Adds segments up to the read-ahead, in batches to keep the number of requests small. */
  #fill(source: Iterator<Segment>): void {
    if (this.#window.length > this.#depth / 2) return this.#hedge()
    while (this.#window.length < this.#depth) {
      const { value: segment, done } = source.next()
      if (done === true) break
      const pending = new PendingSegment(segment)
      this.#window.push(pending)
      this.#byIndex.set(segment.index, pending)
    }
    this.#assign()
  }

  #maxDepth(segment: Segment): number {
    const lanes = Math.floor(MAX_LANE_BYTES / segment.blockBytes)
    return Math.max(
      INITIAL_DEPTH,
      Math.min(lanes, Math.floor(this.#init.readAheadBytes / (segment.blockBytes * segment.k)))
    )
  }

  /** Asks for blocks until every segment of the window has k that are there or on their way. */
  #assign(): void {
    if (this.#closed) return
    const now = this.#components.clock.monotonicMs()
    const runs = new Map<LaneEntry, number[]>()
    let starved: PendingSegment | undefined
    for (const pending of this.#window) {
      if (pending.wanted <= 0) continue
      const { k, blockBytes, index } = pending.segment
      const taken = pending.askedOrHeld
      const usable = ({ shard, candidates }: LaneEntry): boolean =>
        !taken.has(shard) && pending.isSound(shard, candidates[0])
      const chosen = this.#lanes.best(pending.wanted, k, blockBytes, usable, now)
      for (const entry of chosen) {
        if (!entry.primary && this.#lanes.primaries(now) < k) entry.primary = true
        entry.queuedBytes += blockBytes
        pending.ask(entry.shard)
        const run = runs.get(entry)
        if (run === undefined) runs.set(entry, [index])
        else run.push(index)
      }
      if (pending.wanted > 0) starved ??= pending
    }
    for (const [entry, indices] of runs) this.#request(entry, indices)
    this.#starved = starved !== undefined
    if (starved !== undefined) this.#starve(starved, now)
    this.#arm()
  }

  #request(entry: LaneEntry, indices: readonly number[]): void {
    entry.lane ??= this.#components.openLane(entry.shard, entry.candidates[0], this)
    let first = indices[0]
    let count = 1
    for (const index of indices.slice(1)) {
      if (index === first + count && count < MAX_REQUEST_BLOCKS) {
        count++
        continue
      }
      entry.lane.request(first, count)
      first = index
      count = 1
    }
    entry.lane.request(first, count)
  }

  /** No holder is left to ask for a segment: asks other peers, then waits for late holders, or gives up. */
  #starve(pending: PendingSegment, now: number): void {
    const others = this.#turnToOthers(pending)
    if (others === 'turned') return this.#assign()
    if (others === 'busy' || this.#discovering) return
    if (this.#discoveries < MAX_DISCOVERIES) return void this.#discover()
    const resting = [...this.#lanes.entries()].some((entry) => entry.restsUntilMs > now)
    if (resting || pending.attainable) return
    const { k } = pending.segment
    const live = [...this.#lanes.entries()].filter(({ shard, candidates }) =>
      pending.isSound(shard, candidates[0])
    ).length
    this.#fail(
      new HologramError('NOT_ENOUGH_SHARDS', `${live} of the ${k} shards needed can be read`, {
        needed: k,
        live,
        missing: k - live
      })
    )
  }

  /**
   * Where the peer in use cannot read its block of the segment, goes on with another one that may: once the one in use
   * has delivered what else was asked of it, so that two segments cannot take the lane from each other for ever.
   */
  #turnToOthers(pending: PendingSegment): 'turned' | 'busy' | 'none' {
    let outcome: 'turned' | 'busy' | 'none' = 'none'
    for (const entry of this.#lanes.entries()) {
      if (pending.isSound(entry.shard, entry.candidates[0])) continue
      const other = entry.candidates.find((peer) => pending.isSound(entry.shard, peer))
      if (other === undefined) continue
      if (entry.lane !== undefined && entry.lane.outstanding.length > 0) {
        if (outcome === 'none') outcome = 'busy'
        continue
      }
      entry.lane?.close()
      this.#lanes.turnTo(entry, other)
      outcome = 'turned'
    }
    return outcome
  }

  async #discover(): Promise<void> {
    this.#discoveries++
    this.#discovering = true
    try {
      this.#learn(await this.#components.locations.discover(this.#init.signal))
    } catch (error) {
      if (this.#init.signal.aborted) return
      // A failed question counts as an empty answer.
      this.#components.onSurvived('question', { error })
    } finally {
      this.#discovering = false
    }
    this.#assign()
  }

  #learn(found: Iterable<readonly [number, readonly PeerId[]]>): void {
    for (const [shard, peers] of found) if (shard < this.#init.n) this.#lanes.add(shard, peers)
  }

  #finish(pending: PendingSegment): void {
    this.#components.decode(pending.segment, pending.held).then(
      (rows) => pending.resolve(rows),
      (error: Error) => this.#fail(error)
    )
  }

  /** The blocks that were to come from `lane` are wanted again. */
  #forget(lane: Lane): void {
    for (const pending of this.#window) pending.forget(lane.shard)
  }

  /** Wakes up when the first deadline passes. One timer, which is not moved for every block. */
  #arm(): void {
    if (this.#cancelTimer !== undefined || this.#closed) return
    const dueMs = Math.min(...[...this.#lanes.entries()].map((entry) => this.#dueMs(entry)))
    if (dueMs === Infinity) return
    const waitMs = Math.max(1, dueMs - this.#components.clock.monotonicMs())
    const { clock } = this.#components
    this.#cancelTimer = clock.after(waitMs, () => {
      // First read the blocks that arrived while this process was busy; then judge who is late.
      void clock.turn().then(() => {
        this.#cancelTimer = undefined
        this.#guarded(() => this.#checkDeadlines())
      })
    })
  }

  #dueMs(entry: LaneEntry): number {
    const now = this.#components.clock.monotonicMs()
    if (entry.restsUntilMs > now) return entry.restsUntilMs
    if (entry.lane === undefined || entry.lane.outstanding.length === 0) return Infinity
    // Nothing says when a lane has its turn: looks again from time to time.
    if (entry.lane.waitingSinceMs === Infinity) return now + this.#init.stallTimeoutMs / 8
    return entry.lane.waitingSinceMs + Math.min(this.#patienceMs(entry), this.#init.stallTimeoutMs)
  }

  /** How long the first outstanding block of a lane may take before the next hedge: doubles with each. */
  #patienceMs(entry: LaneEntry): number {
    const blockBytes = this.#window[0]?.segment.blockBytes ?? 0
    const deadlineMs = this.#components.experience.deadlineMs(
      entry.candidates[0],
      blockBytes,
      this.#init.minHedgeMs
    )
    return deadlineMs * 2 ** entry.strikes
  }

  #checkDeadlines(): void {
    if (this.#closed) return
    const now = this.#components.clock.monotonicMs()
    for (const entry of [...this.#lanes.entries()]) {
      const { lane } = entry
      if (lane === undefined || lane.outstanding.length === 0) continue
      const waitedMs = now - lane.waitingSinceMs
      if (waitedMs >= this.#init.stallTimeoutMs) {
        lane.close()
        this.#giveUp(lane, 'slow', new Error(`no block for ${Math.round(waitedMs)} ms`))
      } else if (waitedMs >= this.#patienceMs(entry)) {
        entry.strikes++
        entry.primary = false
      }
    }
    this.#hedge()
    this.#assign()
  }

  /** Asks others for the late blocks of the segments at the front; the late lanes may still win. */
  #hedge(): void {
    let doubted = false
    for (const { shard, strikes } of this.#lanes.entries()) {
      if (strikes === 0) continue
      const hedged = this.#window.slice(0, HEDGED_SEGMENTS * 2 ** (strikes - 1))
      for (const pending of hedged) doubted = pending.doubt(shard) || doubted
    }
    if (doubted) this.#assign()
  }

  #fail(error: Error): void {
    this.#error ??= error
    for (const pending of this.#window) pending.reject(error)
    this.#close()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelTimer?.()
    for (const { lane, served } of this.#lanes.entries()) {
      if (lane !== undefined && served) this.#components.observe(lane.peer, 'served')
      lane?.close()
    }
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason })
}
