import type { CID } from 'multiformats/cid'
import type { ClientContext } from '../client/context.ts'
import type { EventSink } from '../events.ts'
import type { IndexedObject, ObjectIndex } from '../heal/object-index.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import { fillObject } from './fill-object.ts'
import type { FillResult } from './fill-object.ts'
import { Gradient } from './gradient.ts'

export interface FillInit {
  /** A peer is filled once it has been there for this long. @default the grace time of repair */
  readonly settleMs?: number
  /** A peer that was seen to join is a newcomer for this long, and is given less. @default a day */
  readonly provenMs?: number
}

export interface FillerComponents {
  readonly context: ClientContext
  /** Which peers hold shards of which objects. */
  readonly index: ObjectIndex
  /** Caps what is sent, and yields to what the user does. */
  readonly pace: Bandwidth
  readonly events: EventSink
  /** An object that waits for repair is left alone. */
  readonly isConcerned: (cid: CID) => boolean
  /** This node is being emptied, which goes by other rules. */
  readonly isDraining: () => boolean
}

export interface FillSettings {
  readonly settleMs: number
  readonly provenMs: number
  /** Between two looks at how full the peers are. */
  readonly tickMs: number
}

/** What a node has moved to emptier peers since it was made. */
export interface FillStats {
  /** Peers so much emptier than this node that what is theirs moves there. */
  readonly targets: number
  readonly movedShards: number
  readonly movedBytes: number
  /** Manifests, and with them small objects, brought to emptier peers that are homes of them. */
  readonly manifests: number
  /** Shards that a peer did not take, or did not prove to have; they stay here. */
  readonly failures: number
}

/** What one pass has brought to one peer. */
interface Given {
  shards: number
  bytes: number
  manifests: number
}

/** Objects that are looked at at the same time. */
const LANES = 2
/** After a look at an object the lane rests so many times as long: homes of many peers cost processor time. */
const REST_RATIO = 19
const MIN_REST_MS = 1
/** What takes longer is the work of others: a disk, the network, the pace. */
const MAX_LOOK_MS = 20
/** A pass that moved nothing is repeated after so many settling times, or when there is another target. */
const IDLE_FACTOR = 4
/** A peer that did not take a shard is left alone for a while, twice as long each time. */
const MIN_PAUSE_MS = 10_000
const MAX_PAUSE_MS = 3_600_000

/** After this time a peer counts with all of its space (src/manifold/map/standing.ts). */
export const PROVEN_MS = 86_400_000

const percent = (load: number | undefined): string => `${Math.round(1000 * (load ?? 0)) / 10} %`

/**
 * Moves shards down the gradient of load: from this node to emptier peers that are their computed homes. A peer that has joined,
 * or has come back empty, so gets its share from all who keep it, and nothing moves where homes have not changed. Nobody
 * commands, and each shard is moved by its holder alone.
 */
export class Filler {
  readonly #components: FillerComponents
  readonly #settings: FillSettings
  readonly #gradient: Gradient
  readonly #counts = { movedShards: 0, movedBytes: 0, manifests: 0, failures: 0 }
  readonly #stopping = new AbortController()
  /** Peers that did not take a shard, and until when they are left alone, on the monotonic clock. */
  readonly #resting = new Map<string, { untilMs: number; pauseMs: number }>()
  /** Targets of which an event has told since they became targets. */
  readonly #announced = new Set<string>()
  /** Targets that are known to keep the manifest of an object, by its id; forgotten when there is no target any more. */
  readonly #informed = new Map<string, Set<string>>()
  #idle: { readonly untilMs: number; readonly targets: ReadonlySet<string> } | undefined
  #loop: Promise<void> | undefined

  constructor(components: FillerComponents, settings: FillSettings) {
    this.#components = components
    this.#settings = settings
    this.#gradient = new Gradient(settings)
  }

  get stats(): FillStats {
    return { ...this.#counts, targets: this.#gradient.targets.size }
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { clock, logger } = this.#components.context
    while (!signal.aborted) {
      // To be stopped is not a failure.
      await clock.sleep(this.#settings.tickMs, signal).catch(() => {})
      if (signal.aborted) return
      try {
        this.#look()
        if (this.#isDue()) await this.#pass(signal)
      } catch (error) {
        if (signal.aborted) return
        logger.warn('shards could not be moved to emptier peers', { error })
      }
    }
  }

  #look(): void {
    const { mesh, clock } = this.#components.context
    this.#gradient.note(mesh.self.toString(), mesh.peers(), clock.monotonicMs())
    for (const peer of this.#announced) if (!this.#gradient.targets.has(peer)) this.#announced.delete(peer)
  }

  #isDue(): boolean {
    if (this.#gradient.targets.size === 0) this.#informed.clear()
    const targets = this.#targets()
    if (targets.size === 0 || this.#components.isDraining()) return false
    if (this.#idle === undefined || this.#components.context.clock.monotonicMs() >= this.#idle.untilMs)
      return true
    return [...targets].some((peer) => !this.#idle!.targets.has(peer))
  }

  /** Those that are not left alone for now. */
  #targets(): Set<string> {
    const nowMs = this.#components.context.clock.monotonicMs()
    return new Set(
      [...this.#gradient.targets].filter((peer) => nowMs >= (this.#resting.get(peer)?.untilMs ?? 0))
    )
  }

  /** Looks once at everything that is kept here. */
  async #pass(signal: AbortSignal): Promise<void> {
    const { context, index } = this.#components
    const targets = this.#targets()
    const given = new Map<string, Given>()
    const failuresBefore = this.#counts.failures
    const objects = [...index.objects()]
    // Holders of the same objects do not all begin with the same one.
    const first = Math.floor(context.random.unit() * objects.length)
    const waiting = [...objects.slice(first), ...objects.slice(0, first)]
    const lane = async (): Promise<void> => {
      for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
        signal.throwIfAborted()
        await this.#visit(object, given, signal)
      }
    }
    try {
      await Promise.all(Array.from({ length: LANES }, lane))
    } finally {
      this.#tell(given)
    }
    const isIdle = given.size === 0 && this.#counts.failures === failuresBefore
    const untilMs = context.clock.monotonicMs() + IDLE_FACTOR * this.#settings.settleMs
    this.#idle = isIdle ? { untilMs, targets } : undefined
  }

  async #visit({ cid }: IndexedObject, given: Map<string, Given>, signal: AbortSignal): Promise<void> {
    const { context, pace, isConcerned, isDraining } = this.#components
    const { clock, logger } = context
    this.#look()
    const targets = this.#targets()
    if (targets.size === 0 || isDraining() || isConcerned(cid)) return
    const startedMs = clock.monotonicMs()
    try {
      const fits = (peer: string, bytes: number): boolean => this.#gradient.fits(peer, bytes)
      const isNewcomer = (peer: string): boolean => this.#gradient.isNewcomer(peer)
      const informed = this.#informed.get(cid.toString()) ?? new Set<string>()
      const result = await fillObject(context, cid, { targets, fits, isNewcomer, informed, pace, signal })
      for (const peer of result.informed) informed.add(peer.toString())
      if (informed.size > 0) this.#informed.set(cid.toString(), informed)
      this.#note(result, given)
    } catch (error) {
      signal.throwIfAborted()
      this.#counts.failures++
      logger.debug('an object could not be moved to emptier peers', { cid: cid.toString(), error })
    }
    const tookMs = Math.min(clock.monotonicMs() - startedMs, MAX_LOOK_MS)
    await clock.sleep(Math.max(MIN_REST_MS, REST_RATIO * tookMs), signal)
  }

  #note({ moved, shardBytes, manifests, failed }: FillResult, given: Map<string, Given>): void {
    const { events } = this.#components
    for (const { peer } of moved) {
      const key = peer.toString()
      if (!this.#announced.has(key)) {
        this.#announced.add(key)
        const own = percent(this.#gradient.load(this.#components.context.mesh.self.toString()))
        const reason = `it is ${percent(this.#gradient.load(key))} full, this node ${own}: it is given what has its home there`
        events.emit({ room: 'fill', kind: 'began', reason, peer: key })
      }
      const to = givenTo(given, key)
      to.shards++
      to.bytes += shardBytes
      this.#counts.movedShards++
      this.#counts.movedBytes += shardBytes
      this.#gradient.noteMove(key, shardBytes)
      this.#resting.delete(key)
    }
    for (const peer of manifests) {
      givenTo(given, peer.toString()).manifests++
      this.#counts.manifests++
    }
    for (const peer of failed) this.#rest(peer.toString())
  }

  #rest(peer: string): void {
    this.#counts.failures++
    const pauseMs = Math.min(MAX_PAUSE_MS, 2 * (this.#resting.get(peer)?.pauseMs ?? MIN_PAUSE_MS / 2))
    this.#resting.set(peer, { untilMs: this.#components.context.clock.monotonicMs() + pauseMs, pauseMs })
  }

  #tell(given: ReadonlyMap<string, Given>): void {
    for (const [peer, { shards, bytes, manifests }] of given) {
      const reason = 'an emptier peer was given what has its home there'
      this.#components.events.emit({
        room: 'fill',
        kind: 'gave',
        reason,
        peer,
        data: { shards, bytes, manifests }
      })
    }
  }
}

function givenTo(given: Map<string, Given>, peer: string): Given {
  const known = given.get(peer) ?? { shards: 0, bytes: 0, manifests: 0 }
  given.set(peer, known)
  return known
}
