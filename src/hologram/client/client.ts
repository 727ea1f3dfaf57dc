import { setMaxListeners } from 'node:events'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { SegmentCodec } from '../../../encoder/index.ts'
import type { Clock, RandomSource } from '../../clock/index.ts'
import { countedBandwidth, DEFAULT_REPAIR_BYTES_PER_SECOND, TokenBucket } from '../wire/bandwidth.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import { LineCaps } from '../wire/line-caps.ts'
import type { LineCapsInit } from '../wire/line-caps.ts'
import type { Holdings } from '../holdings.ts'
import { HologramError } from '../errors.ts'
import type { HologramLogger } from '../logger.ts'
import type { Mesh } from '../mesh.ts'
import type { Steering } from '../steering.ts'
import type {
  CareOptions,
  ListOptions,
  ObjectReader,
  Objects,
  ObjectStat,
  OwnedObject,
  PutOptions,
  PutResult,
  ReshapeReport
} from '../objects.ts'
import { BackgroundTasks } from './keep/background.ts'
import type { ClientContext } from './context.ts'
import { newClientCounts } from './counts.ts'
import type { ClientCounts } from './counts.ts'
import { PeerExperience } from './find/experience.ts'
import { openObject } from './get/get.ts'
import type { LayeredGetOptions, LayeredObject } from './get/get.ts'
import { Keeper } from './keep/keeper.ts'
import type { KeeperState } from './keep/keeper.ts'
import { ObjectClient } from './wire/object-client.ts'
import type { LocalObjects } from './wire/object-client.ts'
import { StreamLines } from './wire/stream-lines.ts'
import { OwnedObjects, Removed } from './keep/owned-objects.ts'
import { damagedObjectOf, ownedObjectOf } from './keep/policy.ts'
import { timedGet, timedPut } from './operations.ts'
import type { OperationSink } from './operations.ts'
import { peerStats } from './peer-stats.ts'
import type { PeerStats } from './peer-stats.ts'
import { Attempts } from './put/attempts.ts'
import { putObject } from './put/put.ts'
import { reshapeObject } from './keep/reshape.ts'
import { removeObject } from './keep/remove.ts'
import { DEFAULT_SETTINGS } from './settings.ts'
import type { ClientSettings } from './settings.ts'
import { statObject } from './find/stat.ts'

export interface ClientComponents extends LineCapsInit {
  readonly mesh: Mesh
  readonly holdings: Holdings
  readonly codec: SegmentCodec
  /** Answers requests of object/1 that this node asks of itself. */
  readonly local: LocalObjects
  readonly logger: HologramLogger
  readonly clock: Clock
  readonly random: RandomSource
  /** Hears how long puts and gets took. @default nobody */
  readonly operations?: OperationSink
  readonly steering: Steering
}

export interface ClientInit extends Partial<ClientSettings> {
  /** Data shards, and shards in all, when a put names none: the network's code. */
  readonly k: number
  readonly n: number
  /** Between two rounds in which this node looks after its user's objects. @default 60 s */
  readonly keeperIntervalMs?: number
  /** Between two questions to the holders of an object whether they have their shards. @default 15 min */
  readonly checkIntervalMs?: number
  /** What repair may read a second, in bytes. @default 8 MiB */
  readonly repairBytesPerSecond?: () => number
}

/** Objects whose holders the keeper asks in one round. */
const MAX_CHECKS_PER_ROUND = 64
const DEFAULT_CHECK_INTERVAL_MS = 15 * 60_000

/** What the client side has done, and what the keeper knows of what it looks after. */
export interface ClientStats extends Readonly<ClientCounts> {
  readonly owned: KeeperState
}

const rttMsOf =
  (mesh: Pick<Mesh, 'rttMicros'>) =>
  (peer: PeerId): number | undefined => {
    const micros = mesh.rttMicros(peer)
    return micros && micros / 1000
  }

/** What this node does for its user: puts, gets, and keeps alive what was put. */
export class Client implements Omit<Objects, 'verify' | 'repair' | 'reshape'> {
  readonly keeper: Keeper
  readonly #context: ClientContext
  readonly #timing: { readonly clock: Clock; readonly sink: OperationSink | undefined }
  /** Puts and gets under way. */
  #active = 0

  constructor(components: ClientComponents, init: ClientInit) {
    const { mesh, holdings, codec, local, clock, random, logger, operations, steering } = components
    this.#timing = { clock, sink: operations }
    const {
      keeperIntervalMs = 60_000,
      checkIntervalMs = DEFAULT_CHECK_INTERVAL_MS,
      repairBytesPerSecond = () => DEFAULT_REPAIR_BYTES_PER_SECOND,
      ...rest
    } = init
    const settings: ClientSettings = { ...DEFAULT_SETTINGS, ...rest }
    const counts = newClientCounts()
    const experience = new PeerExperience({ rttMs: settings.nearestFirst ? rttMsOf(mesh) : undefined })
    this.#context = {
      mesh,
      holdings,
      codec,
      settings,
      logger,
      counts,
      clock,
      random,
      steering,
      objects: new ObjectClient({ mesh, clock, logger, counts, experience }, local, {
        timeoutMs: settings.requestTimeoutMs,
        maxPerPeer: settings.maxPerPeer
      }),
      background: new BackgroundTasks({ logger, counts }),
      owned: new OwnedObjects(holdings),
      experience,
      attempts: new Attempts(),
      caps: new LineCaps(components, (peer) => mesh.isLocal?.(peer) ?? false, clock),
      lines: new StreamLines(settings.maxPerPeer)
    }
    this.keeper = new Keeper(this.#context, {
      intervalMs: keeperIntervalMs,
      checkEveryMs: checkIntervalMs,
      maxChecksPerRound: MAX_CHECKS_PER_ROUND,
      pace: new TokenBucket({ bytesPerSecond: repairBytesPerSecond, clock })
    })
  }

  start(): void {
    this.keeper.start()
  }

  /** What repair works with. */
  get context(): ClientContext {
    return this.#context
  }

  /** Whether a put or a get is under way. */
  get isBusy(): boolean {
    return this.#active > 0
  }

  /** Ends every put and get under way. */
  async stop(): Promise<void> {
    const { background, objects } = this.#context
    await Promise.all([this.keeper.stop(), background.stop()])
    objects.close()
  }

  async put(source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<PutResult> {
    this.#active++
    try {
      const signal = this.untilStop(options.signal)
      const result = await timedPut(this.#timing, signal, async () =>
        putObject(this.#context, source, { ...options, signal })
      )
      if (result.missing.length > 0) this.keeper.nudge()
      return result
    } finally {
      this.#active--
    }
  }

  abandonPut(attempt: string): void {
    this.#context.attempts.abandon(attempt)
  }

  async get(cid: CID, options: LayeredGetOptions = {}): Promise<ObjectReader> {
    const { manifest, read } = await this.open(cid, options)
    return { cid, manifest, bytes: read(options) }
  }

  async open(cid: CID, options: { signal?: AbortSignal } = {}): Promise<LayeredObject> {
    const { clock, sink } = this.#timing
    const signal = this.untilStop(options.signal)
    const startedMs = clock.monotonicMs()
    /** Finding the object is part of its first read. */
    let findingMs = 0
    const object = await openObject(this.#context, cid, signal).catch((error: unknown) => {
      if (!signal.aborted) sink?.observe('get', 'failed', clock.monotonicMs() - startedMs)
      throw error
    })
    findingMs = clock.monotonicMs() - startedMs
    const read: LayeredObject['read'] = (request) => {
      const bytes = object.read(request)
      const beganMs = clock.monotonicMs() - findingMs
      findingMs = 0
      return this.#counted(timedGet(this.#timing, signal, beganMs, bytes))
    }
    return { cid, manifest: object.manifest, read }
  }

  async stat(cid: CID, options: { signal?: AbortSignal } = {}): Promise<ObjectStat> {
    return statObject(this.#context, cid, this.untilStop(options.signal))
  }

  /** What this side has done, and what failed without ending an operation. */
  get stats(): ClientStats {
    return { ...this.#context.counts, owned: this.keeper.state }
  }

  /** What this side has seen of a peer, and what it has under way with it. */
  peerStats(peer: PeerId): PeerStats {
    return peerStats(this.#context, peer)
  }

  async *list({ check = false, signal }: ListOptions = {}): AsyncGenerator<OwnedObject> {
    const { owned, clock } = this.#context
    if (check) await this.keeper.check(undefined, this.untilStop(signal))
    for await (const { cid, record } of owned.list()) {
      yield record === undefined ? damagedObjectOf(cid) : ownedObjectOf(cid, record, clock.nowMs())
    }
  }

  async remove(
    cid: CID,
    options: { signal?: AbortSignal } = {}
  ): Promise<{ confirmed: number; unreachable: PeerId[] }> {
    return removeObject(this.#context, cid, this.untilStop(options.signal))
  }

  async reshape(
    cid: CID,
    n: number,
    pace: Bandwidth,
    { onProgress = () => {}, ...options }: CareOptions
  ): Promise<ReshapeReport> {
    const signal = this.untilStop(options.signal)
    const { owned } = this.#context
    const totalBytes = (await owned.read(cid))?.size ?? 0
    let doneBytes = 0
    const counted = countedBandwidth(pace, (bytes) => {
      doneBytes += bytes
      onProgress({ doneBytes, totalBytes })
    })
    await this.keeper.check(cid, signal)
    try {
      return await owned.alone(cid, signal, async (working) =>
        reshapeObject(this.#context, cid, { n, pace: counted, signal: working })
      )
    } catch (error) {
      if (!(error instanceof Removed)) throw error
      throw new HologramError('TIMEOUT', error.message, { afterMs: 0, what: 'reshape' }, { cause: error })
    }
  }

  async *#counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#active++
    try {
      yield* bytes
    } finally {
      this.#active--
    }
  }

  /** Fires with the signal, and when this side stops. */
  untilStop(signal: AbortSignal | undefined): AbortSignal {
    const { signal: stopping } = this.#context.background
    const either = AbortSignal.any(signal === undefined ? [stopping] : [signal, stopping])
    // One put listens once for every holder.
    setMaxListeners(0, either)
    return either
  }
}
