import type { PeerId } from '@libp2p/interface'
import type { Cancel, Clock } from '../../../clock/index.ts'
import { HologramError } from '../../errors.ts'
import { wasReset } from '../../wire/stream-errors.ts'
import { BroadcastWindow } from './broadcast-window.ts'
import type { CodedSegment } from './coder.ts'
import { isNoRoom, tooFewHolders } from './too-few-holders.ts'
import { HeldPrefix } from './held-prefix.ts'
import { PrefixDigests } from './prefix-digests.ts'
import { isSilence, Sending, TooSlow } from './sending.ts'
import type { Commitment, ShardSink, SinkOpener } from './shard-sink.ts'

/** The peer that keeps each shard, or the reason why none does. */
export interface ShardOutcomes {
  readonly holders: ReadonlyArray<{ readonly shard: number; readonly peer: PeerId }>
  readonly missing: ReadonlyArray<MissingShard>
}

export interface MissingShard {
  readonly shard: number
  readonly reason: string
  /** A peer that was asked to keep it was full. */
  readonly noRoom?: boolean
}

/** Where the shards go, and who steps in when a holder fails. */
export interface ShardPlan {
  readonly homes: ReadonlyArray<{ readonly shard: number; readonly peer: PeerId }>
  /** The next-ranked peer; undefined when there is none left. */
  next: () => PeerId | undefined
}

interface Outcome {
  readonly shard: number
  /** Undefined when no peer keeps the shard. */
  readonly peer?: PeerId
  readonly reason: string
  readonly noRoom: boolean
}

export interface FanOutComponents {
  readonly openSink: SinkOpener
  readonly observe: (peer: PeerId, outcome: 'unreachable' | 'slow') => void
  /** A holder failed; the shard goes to another, or is missing. */
  readonly onFailure: (peer: PeerId, shard: number, error: unknown) => void
  readonly clock: Clock
  /** Resolves when this node's own line lets so many bytes pass. @default at once */
  readonly admit?: (peer: PeerId, bytes: number, signal: AbortSignal) => Promise<void>
}

export interface FanOutInit {
  readonly seed: Uint8Array
  /** Size of each shard, 0 when it is not known. */
  readonly expectedBytes: number
  /** What arrives is of no use once this node has ended. @default false */
  readonly oneShot?: boolean
  /** Segments that the slowest holder may be behind the source. */
  readonly windowSegments: number
  /** With fewer holders than this the upload fails. */
  readonly minimum: number
  /** With more holders than this, a holder that delays the others is dropped. */
  readonly required: number
  readonly timing: FanOutTiming
  readonly signal: AbortSignal
  readonly onSent?: (bytes: number) => void
  readonly onAcknowledged?: (shard: number) => void
}

export interface FanOutTiming {
  /** A holder may take this long for one block; longer when all are silent at once. */
  readonly stallTimeoutMs: number
  /** A holder may take this long to make the shard durable; longer when all are silent at once. */
  readonly commitTimeoutMs: number
  /** A holder that is not needed may delay the others for this long in all, and for a fifth of the time beyond that. */
  readonly patienceMs: number
}

/** Share of an upload's time that a slow holder may cost if it is not needed. */
const TOLERATED_DELAY = 0.2
/** Peers tried for one shard. */
const MAX_ATTEMPTS = 4
/** When all holders go silent together the fault is likely here, or on the way: they get this many times as long. */
export const ALL_SILENT_FACTOR = 3

/**
 * Sends every shard to its holder, all at once, each at its own pace within a window. A holder that goes silent keeps what
 * has arrived and is asked once more; one that fails early is replaced by the next-ranked peer; one that fails when the
 * first segments are gone is left to the completion.
 */
export class FanOut {
  readonly #components: FanOutComponents
  readonly #init: FanOutInit
  readonly #plan: ShardPlan
  readonly #window: BroadcastWindow<CodedSegment>
  readonly #prefixes: PrefixDigests
  readonly #commitment = Promise.withResolvers<Commitment>()
  readonly #running = new Set<Sending>()
  /** Uploads that were asked for and not committed, by shard and peer. */
  readonly #unfinished = new Map<string, { readonly shard: number; readonly peer: PeerId }>()
  readonly #outcomes: Promise<ShardOutcomes>
  readonly #startedMs: number
  #cancelTick: Cancel
  #first: CodedSegment | undefined
  #blocked = false
  #lastTickMs: number
  /** When a holder last did what it was asked for. */
  #lastProgressMs = -Infinity
  #alive: number
  #acknowledged = 0
  #requiredSinceMs: number | undefined

  constructor(components: FanOutComponents, init: FanOutInit, plan: ShardPlan) {
    const { homes } = plan
    this.#components = components
    this.#plan = plan
    this.#init = init
    this.#window = new BroadcastWindow(init.windowSegments)
    this.#prefixes = new PrefixDigests(
      homes.map(({ shard }) => shard),
      init.windowSegments + 1
    )
    // An upload that fails early never awaits the commitment.
    this.#commitment.promise.catch(() => {})
    this.#alive = homes.length
    this.#startedMs = this.#lastTickMs = components.clock.monotonicMs()
    this.#cancelTick = this.#tickLater()
    this.#outcomes = Promise.all(homes.map(async ({ shard, peer }) => this.#place(shard, peer))).then(sorted)
    // Commit and abort wait for them; a fault before either must not end the process.
    this.#outcomes.catch(() => {})
  }

  /**
   * Hands a segment to every holder; resolves when there is room for the next.
   *
   * @throws HologramError when too few holders are left: 'QUOTA' when they would be enough if the others had room, else
   *   'NOT_DURABLE'
   */
  async write(segment: CodedSegment): Promise<void> {
    this.#first ??= segment
    while (!this.#window.tryWrite(segment)) {
      this.#blocked = true
      await this.#window.moved()
      this.#init.signal.throwIfAborted()
    }
    this.#blocked = false
    this.#prefixes.append(segment)
    if (this.#alive < this.#init.minimum) await this.#giveUp()
  }

  /** The source has ended: every holder commits. Resolves when each has, or has failed. */
  async commit(commitment: Commitment): Promise<ShardOutcomes> {
    this.#window.end()
    this.#commitment.resolve(commitment)
    try {
      return await this.#outcomes
    } finally {
      this.#cancelTick()
    }
  }

  /** Gives up; what has arrived at the holders stays there for a later attempt. Resolves when all streams are closed. */
  async abort(error: Error): Promise<ShardOutcomes> {
    this.#cancelTick()
    this.#window.fail(error)
    this.#commitment.reject(error)
    for (const sending of this.#running) sending.drop(error)
    return this.#outcomes
  }

  /** Uploads that holders may have in part. */
  get unfinished(): ReadonlyArray<{ readonly shard: number; readonly peer: PeerId }> {
    return [...this.#unfinished.values()]
  }

  async #giveUp(): Promise<never> {
    const alive = this.#alive
    const { missing } = await this.abort(new HologramError('ABORTED', 'too few holders are left', {}))
    throw tooFewHolders('a shard', {
      acknowledged: this.#acknowledged,
      possible: alive,
      required: this.#init.required,
      reasons: missing.map(({ reason }) => reason),
      noRoom: missing.filter(({ noRoom }) => noRoom === true).length
    })
  }

  /** Sends one shard to one peer after another until one keeps it. Never rejects. */
  async #place(shard: number, home: PeerId): Promise<Outcome> {
    const reasons: string[] = []
    let noRoom = false
    let peer: PeerId | undefined = home
    let reader = this.#window.join()
    let asksAgain = false
    for (let attempt = 0; peer !== undefined && reader !== undefined && attempt < MAX_ATTEMPTS;) {
      const sending: Sending = new Sending(shard, peer, reader, this.#components.clock)
      const key = `${shard} ${peer.toString()}`
      this.#running.add(sending)
      this.#unfinished.set(key, { shard, peer })
      try {
        await (asksAgain ? this.#goOn(sending) : this.#send(sending))
        this.#unfinished.delete(key)
        this.#acknowledge(shard)
        return { shard, peer, reason: '', noRoom: false }
      } catch (error) {
        reasons.push(`${peer.toString()}: ${(error as Error).message}`)
        if (this.#givenUp) break
        noRoom ||= isNoRoom(error)
        this.#components.onFailure(peer, shard, error)
        asksAgain = !asksAgain && isSilence(error, sending.opened)
        if (!asksAgain) this.#blame(peer, error)
      } finally {
        this.#running.delete(sending)
        sending.reader.leave()
      }
      if (asksAgain) {
        // Holds the place until what the holder has kept is known.
        reader = this.#window.join(sending.reader.position) ?? this.#window.join(this.#window.written)
      } else {
        attempt++
        reader = this.#window.join()
        if (reader !== undefined && attempt < MAX_ATTEMPTS) peer = this.#plan.next()
      }
    }
    reader?.leave()
    this.#alive--
    return { shard, reason: reasons.join('; '), noRoom }
  }

  get #givenUp(): boolean {
    return this.#init.signal.aborted || this.#window.failed
  }

  async #send(sending: Sending): Promise<void> {
    await this.#open(sending, async (sink) => {
      if (!(await this.#sendBlocks(sending, sink))) await this.#startOver(sending, sink)
    })
  }

  /** Sends what a holder that had gone silent has not kept. */
  async #goOn(sending: Sending): Promise<void> {
    await this.#open(sending, async (sink) => {
      const { heldBlocks, heldDigest } = sink
      const isOurs = this.#prefixes.matches(sending.shard, heldBlocks, heldDigest)
      const reader = this.#window.join(isOurs ? heldBlocks : 0)
      if (reader === undefined) throw new Error('it kept too little of the shard to go on')
      sending.reader.leave()
      sending.reader = reader
      if (!isOurs && heldBlocks > 0) await sending.during('send', sink.restart())
      await this.#sendBlocks(sending, sink, new HeldPrefix(0, new Uint8Array()))
    })
  }

  /** Opens an upload, lets `sendAll` send the blocks, and commits. */
  async #open(sending: Sending, sendAll: (sink: ShardSink) => Promise<void>): Promise<void> {
    const { shard, peer, dropped } = sending
    const signal = AbortSignal.any([this.#init.signal, dropped])
    const { seed, expectedBytes, oneShot = false } = this.#init
    const opening = this.#components.openSink({ peer, shard, seed, expectedBytes, oneShot, signal })
    const sink = await sending.during('send', opening).catch((error: Error) => {
      // Should it open after all, nobody waits for it any more. Its failure is the one thrown here, or comes too late.
      opening.then((late) => late.abandon(error)).catch(() => {})
      throw error
    })
    sending.opened = true
    this.#progress()
    try {
      await sendAll(sink)
      const commitment = await sending.during('idle', this.#commitment.promise)
      await sending.during('commit', sink.commit(commitment))
      this.#progress()
    } catch (error) {
      sink.abandon(error as Error)
      throw error
    }
  }

  /** Sends what the holder does not have. False when what it has is not ours. */
  async #sendBlocks(
    sending: Sending,
    sink: ShardSink,
    held = new HeldPrefix(sink.heldBlocks, sink.heldDigest)
  ): Promise<boolean> {
    const { reader } = sending
    for (let segment = await reader.next(); segment !== undefined; segment = await reader.next()) {
      const leaf = segment.leaf(sending.shard)
      if (!held.passed) {
        if (!held.matches(leaf)) return false
        continue
      }
      const block = segment.block(sending.shard)
      await this.#admit(sending, block.byteLength)
      await sending.during('send', sink.send(segment.index, block, leaf))
      this.#progress()
      this.#init.onSent?.(block.byteLength)
    }
    sending.dropped.throwIfAborted()
    return held.passed
  }

  /** Nobody is slow while this node's own cap holds it back. */
  async #admit({ peer, dropped }: Sending, bytes: number): Promise<void> {
    const { admit } = this.#components
    if (admit !== undefined) await admit(peer, bytes, AbortSignal.any([this.#init.signal, dropped]))
  }

  /** The holder kept other bytes with the same beginning: sends all blocks, if they are still here. */
  async #startOver(sending: Sending, sink: ShardSink): Promise<void> {
    await sending.during('send', sink.restart())
    const reader = this.#window.join()
    if (reader === undefined) return this.#discardHeld(sending, sink)
    sending.reader.leave()
    sending.reader = reader
    await this.#sendBlocks(sending, sink, new HeldPrefix(0, new Uint8Array()))
  }

  /** Sends block 0, which makes the holder drop what it kept, so that the next attempt succeeds. */
  async #discardHeld(sending: Sending, sink: ShardSink): Promise<never> {
    const { shard } = sending
    const first = this.#first!
    await sending.during('send', sink.send(0, first.block(shard), first.leaf(shard)))
    throw new Error('the blocks it kept are of another object')
  }

  #acknowledge(shard: number): void {
    this.#acknowledged++
    if (this.#acknowledged === this.#init.required)
      this.#requiredSinceMs = this.#components.clock.monotonicMs()
    this.#init.onAcknowledged?.(shard)
  }

  #blame(peer: PeerId, error: unknown): void {
    // Too many streams are nobody's fault.
    if (wasReset(error)) return
    if (error instanceof TooSlow) this.#components.observe(peer, 'slow')
    else if (error instanceof HologramError && (error.code === 'UNREACHABLE' || error.code === 'TIMEOUT')) {
      this.#components.observe(peer, 'unreachable')
    }
  }

  #tickLater(): Cancel {
    const { stallTimeoutMs, patienceMs } = this.#init.timing
    return this.#components.clock.after(Math.ceil(Math.min(stallTimeoutMs, patienceMs) / 8), () => {
      this.#cancelTick = this.#tickLater()
      this.#tick()
    })
  }

  /** Drops holders that are stuck, and those that delay the others without being needed. */
  #tick(): void {
    const now = this.#components.clock.monotonicMs()
    const elapsedMs = now - this.#lastTickMs
    this.#lastTickMs = now
    if (this.#blocked) this.#chargeLaggards(elapsedMs)
    const { stallTimeoutMs, commitTimeoutMs, patienceMs } = this.#init.timing
    const allowanceMs = patienceMs + TOLERATED_DELAY * (now - this.#startedMs)
    let spare = this.#alive - this.#init.required
    for (const sending of this.#running) {
      const timeoutMs = sending.phase === 'commit' ? commitTimeoutMs : stallTimeoutMs
      const limitMs = this.#allSilentWith(sending) ? ALL_SILENT_FACTOR * timeoutMs : timeoutMs
      const stuck = now - sending.busySinceMs > limitMs
      const inTheWay = sending.chargedMs > allowanceMs && spare > 0
      const tooLate = this.#requiredSinceMs !== undefined && now - this.#requiredSinceMs > allowanceMs
      if (!stuck && !inTheWay && !tooLate) continue
      spare--
      sending.drop(
        new TooSlow(stuck ? `no progress for ${limitMs} ms` : 'too far behind the other holders', stuck)
      )
    }
  }

  /** Nobody has done anything since `sending` began to wait, and every other one waits too. */
  #allSilentWith(sending: Sending): boolean {
    if (this.#running.size < 2 || this.#lastProgressMs > sending.busySinceMs) return false
    return [...this.#running].every(({ phase }) => phase !== 'idle')
  }

  #progress(): void {
    this.#lastProgressMs = this.#components.clock.monotonicMs()
  }

  #chargeLaggards(elapsedMs: number): void {
    const laggards = new Set(this.#window.laggards())
    for (const sending of this.#running) if (laggards.has(sending.reader)) sending.chargedMs += elapsedMs
  }
}

function sorted(outcomes: readonly Outcome[]): ShardOutcomes {
  return {
    holders: outcomes.flatMap(({ shard, peer }) => (peer === undefined ? [] : [{ shard, peer }])),
    missing: outcomes.flatMap(({ shard, peer, reason, noRoom }) =>
      peer === undefined ? [{ shard, reason, noRoom }] : []
    )
  }
}
