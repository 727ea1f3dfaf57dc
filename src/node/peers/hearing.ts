// Whether everybody's reports come to this node, decided anew every few seconds (src/manifold/gossip/hearing.ts), and what a
// node without them does instead: it takes what the agreed map says of peers, and asks hearers for the reports of those that
// it does not know.
import { HEARING_LIMITS, needsHearers, OUTSIDER_REPORTS, shouldHear } from '../../manifold/gossip/index.ts'
import { MAP_LIMITS } from '../../manifold/map/index.ts'
import { deadlineIn } from '../../clock/index.ts'
import { dialPeer } from './dial.ts'
import { MAX_REPORTS_ASKED } from './exchange.ts'
import { INTERVALS_TO_LIVE } from './report.ts'
import type { PeerId } from '@libp2p/interface'
import type { Cancel, Clock, RandomSource } from '../../clock/index.ts'
import type { AgreedMap } from '../../manifold/map/index.ts'
import type { HearingLimits } from '../../manifold/gossip/index.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'
import type { PeerTable } from './peer-table.ts'

/** Mean time between two looks, in report intervals: the neighbours have reported meanwhile. */
const LOOKS_PER_INTERVAL = 4
const MAX_LOOK_MS = 10_000
const DEADLINE_MS = 5_000
/** Validators to which a node connects when the map does not follow its reports. */
const VALIDATORS_AT_ONCE = 2

/** What the agreement says. */
export interface Agreed {
  readonly isValidator: boolean
  /** The map in force; undefined while there is none or it is stale. */
  readonly map: AgreedMap | undefined
  /** Ids of the validators. */
  readonly validators: readonly string[]
}

export interface HearingInit {
  readonly host: Host
  readonly table: PeerTable
  /** Topic of the reports that go to hearers, and of those that go to neighbours which do not hear. */
  readonly topics: { readonly hearers: string; readonly neighbours: string }
  /** Undefined in a network without validators: everybody hears everybody. */
  readonly agreed: () => Agreed | undefined
  /** Asks a peer for the newest reports of others. */
  readonly ask: (peer: PeerId, peers: readonly string[], signal: AbortSignal) => Promise<void>
  readonly intervalMs: number
  readonly limits?: HearingLimits
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
}

export class Hearing {
  readonly #init: HearingInit
  readonly #limits: HearingLimits
  #isHearing = true
  #reports = 0
  #startedMs = 0
  #cancelLook: Cancel | undefined
  #stop = new AbortController()

  constructor(init: HearingInit) {
    this.#init = init
    this.#limits = init.limits ?? HEARING_LIMITS
  }

  /** Whether everybody's reports come to this node. */
  get isHearing(): boolean {
    return this.#isHearing
  }

  /** Connected peers that hear. */
  hearers(): string[] {
    const { host, topics } = this.#init
    return host.services.pubsub.getSubscribers(topics.hearers).map(String)
  }

  /** Subscribes. A node hears until it has a map. */
  start(): void {
    const { host, topics, clock } = this.#init
    this.#stop = new AbortController()
    this.#isHearing = true
    this.#startedMs = clock.monotonicMs()
    host.services.pubsub.subscribe(topics.hearers)
    this.#lookLater()
  }

  stop(): void {
    this.#stop.abort()
    this.#cancelLook?.()
    const { host, topics } = this.#init
    host.services.pubsub.unsubscribe(this.#isHearing ? topics.hearers : topics.neighbours)
  }

  /** Topics on which this node's next report goes out. */
  topicsOfNext(): string[] {
    const { host, topics } = this.#init
    const isDue = !this.#isOutside() || this.#reports % OUTSIDER_REPORTS === 0
    this.#reports++
    const hasQuiet = host.services.pubsub.getSubscribers(topics.neighbours).length > 0
    return [...(isDue ? [topics.hearers] : []), ...(hasQuiet ? [topics.neighbours] : [])]
  }

  /** The map says of its peers what their reports would say. */
  follow({ peers }: Pick<AgreedMap, 'peers'>): void {
    this.#init.table.vouch(peers)
  }

  /** The map is full, and this node is not on it. */
  #isOutside(): boolean {
    const map = this.#init.agreed()?.map
    return map !== undefined && map.peers.length >= MAP_LIMITS.peers && this.#own(map) === undefined
  }

  #own({ peers }: AgreedMap): AgreedMap['peers'][number] | undefined {
    const self = this.#init.host.peerId.toString()
    return peers.find(({ id }) => id === self)
  }

  #lookLater(): void {
    const { clock, random, intervalMs } = this.#init
    const pauseMs = Math.min(MAX_LOOK_MS, intervalMs / LOOKS_PER_INTERVAL)
    this.#cancelLook = clock.after(pauseMs * (0.5 + random.unit()), () => {
      this.#look()
      this.#lookLater()
    })
  }

  #look(): void {
    const { agreed, random } = this.#init
    const now = agreed()
    const hearers = this.hearers()
    const state = {
      isValidator: now?.isValidator ?? false,
      isHearing: this.#isHearing,
      mapPeers: now?.map?.peers.length ?? 0,
      hearers: hearers.length
    }
    this.#turn(shouldHear(state, this.#limits, random.unit()))
    if (now?.map === undefined) return
    const isUnheard = !now.isValidator && this.#isUnheard(now.map)
    if (isUnheard || needsHearers({ ...state, isHearing: this.#isHearing }, this.#limits)) {
      this.#connectTo(now.validators, isUnheard ? 'the map does not follow its reports' : 'few hearers')
    }
    if (!this.#isHearing) void this.#askForUnknown(now.map, hearers)
  }

  #turn(isHearing: boolean): void {
    if (isHearing === this.#isHearing) return
    const { host, topics, logger } = this.#init
    const { pubsub } = host.services
    this.#isHearing = isHearing
    pubsub.subscribe(isHearing ? topics.hearers : topics.neighbours)
    pubsub.unsubscribe(isHearing ? topics.neighbours : topics.hearers)
    logger.info(isHearing ? 'takes in all reports' : 'leaves reports to others, and takes the agreed map')
  }

  /** Peers on the map that the table does not know, or that are somewhere else since they restarted. */
  async #askForUnknown(map: AgreedMap, hearers: readonly string[]): Promise<void> {
    const { table, host, ask, clock, random, logger } = this.#init
    const wanted = map.peers.filter(({ id, sequence }) => table.lacksReport(id, BigInt(sequence)))
    if (wanted.length === 0 || hearers.length === 0) return
    const chosen = hearers[Math.floor(random.unit() * hearers.length)]
    const peer = host.getPeers().find((one) => one.toString() === chosen)
    if (peer === undefined) return
    using deadline = deadlineIn(clock, DEADLINE_MS, this.#stop.signal)
    // From a random place on, so that peers which nobody can find do not stand before all others.
    const from = Math.floor(random.unit() * wanted.length)
    const ids = [...wanted.slice(from), ...wanted.slice(0, from)].map(({ id }) => id)
    try {
      await ask(peer, ids.slice(0, MAX_REPORTS_ASKED), deadline.signal)
    } catch (error) {
      if (!this.#stop.signal.aborted)
        logger.debug('a peer did not send the reports asked for', { peer, error })
    }
  }

  /** There is room on the map, and it has no report of this node for as long as a peer may be silent. */
  #isUnheard(map: AgreedMap): boolean {
    const { clock, intervalMs } = this.#init
    const graceMs = INTERVALS_TO_LIVE * intervalMs
    if (clock.monotonicMs() - this.#startedMs < 2 * graceMs) return false
    const own = this.#own(map)
    if (own === undefined) return map.peers.length < MAP_LIMITS.peers
    return map.closedAtMs - own.issuedAtMs > graceMs
  }

  /** All hearers beside this node may keep its reports to themselves. Validators are those that need them. */
  #connectTo(validators: readonly string[], reason: string): void {
    const { host, table, random, logger } = this.#init
    const strangers = validators.flatMap((id) => table.find(id)?.report.peer ?? [])
    const others = strangers.filter(
      (peer) => !peer.equals(host.peerId) && host.getConnections(peer).length === 0
    )
    if (others.length > 0) logger.info('connects to validators', { reason })
    for (let taken = 0; taken < VALIDATORS_AT_ONCE && others.length > 0; taken++) {
      const [peer] = others.splice(Math.floor(random.unit() * others.length), 1)
      void this.#dial(peer)
    }
  }

  async #dial(peer: PeerId): Promise<void> {
    const { host, table, clock, logger } = this.#init
    using deadline = deadlineIn(clock, DEADLINE_MS, this.#stop.signal)
    try {
      await dialPeer(host, table, peer, deadline.signal)
    } catch (error) {
      if (!this.#stop.signal.aborted) logger.info('could not connect to a validator', { peer, error })
    }
  }
}
