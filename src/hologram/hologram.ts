import { systemClock, systemRandom } from '../clock/index.ts'
import { Auditor, auditSettings, verifyObject } from './audit/index.ts'
import type { AuditInit, AuditStats } from './audit/index.ts'
import { Client } from './client/index.ts'
import type {
  ClientInit,
  ClientStats,
  Keeper,
  LayeredGetOptions,
  LayeredObject,
  OperationSink,
  PeerStats
} from './client/index.ts'
import { Healer, healSettings, repairForUser, watchHoldings, YieldingPace } from './heal/index.ts'
import type { HealInit, HealStats } from './heal/index.ts'
import { Drainer } from './drain/index.ts'
import { Filler, PROVEN_MS } from './fill/index.ts'
import type { FillInit, FillStats } from './fill/index.ts'
import { NO_EVENTS } from './events.ts'
import { Spreader } from './spread/index.ts'
import type { SpreadStats } from './spread/index.ts'
import { UNSTEERED } from './steering.ts'
import type { Steering } from './steering.ts'
import type { EventSink } from './events.ts'
import { TokenBucket } from './wire/bandwidth.ts'
import type { Bandwidth } from './wire/bandwidth.ts'
import { Holder } from './holder/holder.ts'
import type { HolderStats } from './holder/context.ts'
import type { HolderComponents } from './holder/holder.ts'
import type { HolderSettings } from './holder/settings.ts'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { SegmentCodec } from '../../encoder/index.ts'
import type { Clock, RandomSource } from '../clock/index.ts'
import type {
  CareOptions,
  ListOptions,
  ObjectReader,
  Objects,
  ObjectStat,
  OwnedObject,
  PutOptions,
  PutResult,
  RepairReport,
  ReshapeReport,
  VerifyReport
} from './objects.ts'

export interface HologramComponents extends Omit<HolderComponents, 'clock'> {
  readonly codec: SegmentCodec
  /** Time for everything that acts on peers. @default the machine's */
  readonly clock?: Clock
  /** @default the operating system's */
  readonly random?: RandomSource
  /** What this node does by itself, and why. @default nobody hears of it */
  readonly events?: EventSink
  /** Hears how long the user's puts and gets took. @default nobody */
  readonly operations?: OperationSink
  /** The controller. @default `UNSTEERED` */
  readonly steering?: Steering
}

export interface HologramInit {
  /** The network's code, and the knobs of the client side. */
  readonly client: ClientInit
  readonly holder?: Partial<HolderSettings>
  readonly heal?: HealInit
  readonly audit?: AuditInit
  readonly fill?: FillInit
}

const SECONDS_PER_DAY = 86_400
/** Part of a day's bytes that audits may read at once after a pause. */
const AUDIT_BURST_SHARE = 1 / 64

/** Objects on the mesh: this node as a holder for others, and as the one that puts and gets for its user. */
export class Hologram implements Objects {
  readonly #holder: Holder
  readonly #client: Client
  readonly #healer: Healer
  readonly #auditor: Auditor
  readonly #repairPace: Bandwidth
  readonly #spreader: Spreader
  readonly #filler: Filler
  readonly #events: EventSink
  /** Empties this node, when its user asks for it. */
  readonly drainer: Drainer

  constructor(
    components: HologramComponents,
    { client, holder, heal = {}, audit = {}, fill = {} }: HologramInit
  ) {
    const {
      clock = systemClock,
      random = systemRandom,
      events = NO_EVENTS,
      steering = UNSTEERED
    } = components
    this.#events = events
    const holdings = watchHoldings(components.holdings, {
      onKept: (cid) => this.#healer.onKept(cid),
      onDamaged: (cid) => this.#healer.onDamaged(cid)
    })
    const parts = { ...components, holdings, clock, random, steering }
    const repairingMs = (cid: CID): number => this.#healer.repairingMs(cid)
    const isDraining = (): boolean => this.drainer.status.state !== 'off'
    const settings = healSettings(heal)
    const isBusy = (): boolean => this.#client.isBusy
    const capped = (): Bandwidth => {
      const cap = new TokenBucket({ bytesPerSecond: settings.bytesPerSecond, clock })
      return new YieldingPace({ cap, clock, isBusy })
    }
    this.#holder = new Holder({ ...parts, repairingMs, isDraining, fillPace: capped() }, holder)
    this.#client = new Client({ ...parts, local: async (request) => this.#holder.answer(request) }, client)
    this.#spreader = new Spreader(this.#client.context, events)
    this.#repairPace = capped()
    this.#healer = new Healer(
      {
        context: this.#client.context,
        pace: this.#repairPace,
        events
      },
      settings
    )
    this.drainer = new Drainer({ context: this.#client.context, pace: this.#repairPace, events })
    this.#filler = new Filler(
      {
        ...{
          context: this.#client.context,
          index: this.#healer.index,
          pace: this.#repairPace,
          events,
          isDraining
        },
        isConcerned: (cid) => this.#healer.isConcerned(cid)
      },
      {
        settleMs: fill.settleMs ?? settings.graceMs,
        provenMs: fill.provenMs ?? PROVEN_MS,
        tickMs: settings.tickMs
      }
    )
    const audits = auditSettings(audit)
    const auditCap = new TokenBucket({
      bytesPerSecond: () => audits.bytesPerDay() / SECONDS_PER_DAY,
      burstBytes: audits.bytesPerDay() * AUDIT_BURST_SHARE,
      clock
    })
    this.#auditor = new Auditor(
      {
        context: this.#client.context,
        index: this.#healer.index,
        pace: new YieldingPace({ cap: auditCap, clock, isBusy }),
        events,
        onSuspects: (cid, suspects) => this.#healer.onSuspects(cid, suspects),
        onMoved: (cid, shard, peer) => this.#healer.onMoved(cid, shard, peer)
      },
      audits
    )
  }

  /** Gives copies of what this node keeps of an object to cool peers, in the background. @param object - its id as text */
  spread(object: string, copies: number, reason: string): void {
    this.#spreader.spread(object, copies, reason)
  }

  /** Drops the copy of a shard that this node took for a hot holder, in the background, unless it is needed. */
  contract(object: string, reason: string): void {
    this.#spreader.contract(object, reason)
  }

  /** What this node has spread and dropped. */
  get spreadStats(): SpreadStats {
    return this.#spreader.stats
  }

  async start(): Promise<void> {
    await this.#holder.start()
    this.#client.start()
    this.#healer.start()
    this.#auditor.start()
    this.#filler.start()
  }

  /** Ends every put and get under way; what has arrived of unfinished shards is durable then. */
  async stop(): Promise<void> {
    await Promise.all([this.#auditor.stop(), this.#filler.stop()])
    await this.drainer.stop()
    await Promise.all([this.#healer.stop(), this.#spreader.stop()])
    await this.#client.stop()
    await this.#holder.stop()
  }

  /** Whether the user of this node is waiting for a put or a get. */
  get isBusy(): boolean {
    return this.#client.isBusy
  }

  /** What this node has done for others. */
  get stats(): HolderStats {
    return this.#holder.stats
  }

  /** What this node has done for its user. */
  get clientStats(): ClientStats {
    return this.#client.stats
  }

  /** What this node knows of a peer from its own traffic; cheap, for `mesh.peers()` one by one. */
  peerStats(peer: PeerId): PeerStats {
    return this.#client.peerStats(peer)
  }

  /** What this node has rebuilt that others lost. */
  get healStats(): HealStats {
    return this.#healer.stats
  }

  /** Objects of which this node keeps the manifest, by the shards or copies over those needed that are not lost. */
  objectsBySpare(): ReadonlyMap<number, number> {
    return this.#healer.bySpare()
  }

  /** Objects that wait for repair here, likewise. */
  queuedBySpare(): ReadonlyMap<number, number> {
    return this.#healer.queuedBySpare()
  }

  /** What this node has moved to emptier peers. */
  get fillStats(): FillStats {
    return this.#filler.stats
  }

  /** What this node has found of what other peers keep. */
  get auditStats(): AuditStats {
    return this.#auditor.stats
  }

  /** Looks after what this node's user put. */
  get keeper(): Keeper {
    return this.#client.keeper
  }

  async put(source: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<PutResult> {
    return this.#client.put(source, options)
  }

  async get(cid: CID, options?: LayeredGetOptions): Promise<ObjectReader> {
    return this.#client.get(cid, options)
  }

  async open(cid: CID, options?: { signal?: AbortSignal }): Promise<LayeredObject> {
    return this.#client.open(cid, options)
  }

  abandonPut(attempt: string): void {
    this.#client.abandonPut(attempt)
  }

  async stat(cid: CID, options?: { signal?: AbortSignal }): Promise<ObjectStat> {
    return this.#client.stat(cid, options)
  }

  async verify(cid: CID, options: CareOptions = {}): Promise<VerifyReport> {
    const signal = this.#client.untilStop(options.signal)
    const { report, suspects } = await verifyObject(this.#client.context, cid, { ...options, signal })
    if (suspects.length > 0) this.#healer.onSuspects(cid, suspects)
    return report
  }

  async repair(cid: CID, options: CareOptions = {}): Promise<RepairReport> {
    const signal = this.#client.untilStop(options.signal)
    const parts = { context: this.#client.context, healer: this.#healer, pace: this.#repairPace }
    return await repairForUser(parts, cid, { ...options, signal })
  }

  async reshape(cid: CID, n: number, options: CareOptions = {}): Promise<ReshapeReport> {
    const startedMs = this.#client.context.clock.monotonicMs()
    const report = await this.#client.reshape(cid, n, this.#repairPace, options)
    const { before, added, dropped, missing, sentBytes } = report
    this.#events.emit({
      room: 'heal',
      kind: 'reshaped',
      reason: 'asked to by the user',
      cid: cid.toString(),
      data: {
        before,
        n,
        added: added.length,
        dropped: dropped.length,
        missing,
        sentBytes,
        tookMs: Math.round(this.#client.context.clock.monotonicMs() - startedMs)
      }
    })
    return report
  }

  list(options?: ListOptions): AsyncIterable<OwnedObject> {
    return this.#client.list(options)
  }

  async remove(
    cid: CID,
    options?: { signal?: AbortSignal }
  ): Promise<{ confirmed: number; unreachable: PeerId[] }> {
    return this.#client.remove(cid, options)
  }
}
