// Where this node is in latency space: probes its neighbours in turn and moves its coordinate with each round trip.
import { setMaxListeners } from 'node:events'
import { deadlineIn } from '../../../clock/index.ts'
import {
  ApplicationCoordinate,
  CoordinateEstimator,
  fromFixedCoordinate,
  NeighbourSet,
  predictRttMs,
  toFixedCoordinate
} from '../../../manifold/coordinate/index.ts'
import { NAMED_PEERS, ProbeError, ProbeProtocol } from './probe-protocol.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { Cancel, Clock, RandomSource } from '../../../clock/index.ts'
import type { FixedCoordinate } from '../../../manifold/coordinate/index.ts'
import type { MapPeer } from '../../../manifold/map/index.ts'
import type { Host } from '../../host/host.ts'
import type { Logger } from '../../logger.ts'
import type { PeerTable } from '../peer-table.ts'
import type { ProbeAnswer } from './probe-protocol.ts'

/** Between two probes. 32 neighbours are measured about once a minute each. */
const ROUND_MS = 2_000
/** Between two probes of a node that has few samples. */
const FIRST_ROUND_MS = 500
/** Samples after which a node takes its time: the error has come down by then (docs/explain/manifold.md). */
const FIRST_SAMPLES = 64
const PROBE_DEADLINE_MS = 8_000
/** After this many rounds one of the random neighbours is exchanged for another peer. */
const ROUNDS_TO_RENEW = 32
/** Random share by which rounds are early or late, so that peers do not probe in step. */
const JITTER = 0.2
/** Pause before the log names the same peer again. */
const LOG_EVERY_MS = 600_000

export interface LatencyInit {
  readonly host: Pick<Host, 'peerId' | 'getConnections' | 'handle' | 'unhandle'>
  readonly table: PeerTable
  readonly dial: (peer: PeerId, signal: AbortSignal) => Promise<Connection>
  /** The network's protocol id of probe/1. */
  readonly protocol: string
  readonly networkId: Uint8Array
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
}

/** The node's own coordinate, for `status`. */
export interface LatencyStatus {
  /** Relative error that the node expects of its predictions, parts per million. */
  readonly errorPpm: number
  /** Round trips that moved the coordinate since the start. */
  readonly samples: number
  /** Answers that were refused because they broke the rules. */
  readonly refused: number
  readonly neighbours: number
}

export class Latency {
  readonly #init: LatencyInit
  readonly #estimator: CoordinateEstimator<string>
  readonly #application: ApplicationCoordinate
  readonly #neighbours = new NeighbourSet<string>()
  readonly #probes: ProbeProtocol
  /** When a peer that broke the rules was last logged. */
  readonly #told = new Map<string, number>()
  #stop = new AbortController()
  #cancelRound: Cancel | undefined
  #doubted: ReadonlySet<string> = new Set()
  #agreed: ReadonlyMap<string, FixedCoordinate> = new Map()
  #rounds = 0
  #samples = 0
  #refused = 0

  constructor(init: LatencyInit) {
    this.#init = init
    this.#estimator = new CoordinateEstimator({ random: () => init.random.unit() })
    this.#application = new ApplicationCoordinate(this.#estimator.coordinate)
    this.#probes = new ProbeProtocol({
      ...init,
      own: () => ({ at: toFixedCoordinate(this.#estimator.coordinate), near: this.#nearest() })
    })
  }

  /** Answers probes. Call it before the host starts: peers learn from identify that this node speaks probe/1. */
  async listen(): Promise<void> {
    await this.#probes.start()
  }

  /** After the host has stopped. */
  async close(): Promise<void> {
    await this.#probes.stop()
  }

  start(): void {
    this.#stop = new AbortController()
    setMaxListeners(0, this.#stop.signal)
    this.#round()
  }

  stop(): void {
    this.#stop.abort()
    this.#cancelRound?.()
  }

  /** What this node's reports say: its coordinate, which moves only on a significant change. Undefined before the first probe. */
  get coordinate(): FixedCoordinate | undefined {
    if (this.#samples === 0) return undefined
    const { position, heightMs } = this.#application.current
    return toFixedCoordinate({ position, heightMs, error: this.#estimator.coordinate.error })
  }

  get neighbours(): readonly string[] {
    return this.#neighbours.members
  }

  status(): LatencyStatus {
    return {
      errorPpm: Math.round(this.#estimator.coordinate.error * 1_000_000),
      samples: this.#samples,
      refused: this.#refused,
      neighbours: this.#neighbours.members.length
    }
  }

  /** Measured round-trip time to the peer, filtered. @returns undefined where there is none */
  measuredRttMs(peer: string): number | undefined {
    return this.#estimator.measuredRttMs(peer)
  }

  /** Measured round-trip time, else the predicted one. @returns undefined when the peer's coordinate is not known either */
  rttMs(peer: string): number | undefined {
    return this.measuredRttMs(peer) ?? this.predictedRttMs(peer)
  }

  /** By the peer's coordinate on the agreed map, else in its newest report. Undefined for a peer that the map doubts, too. */
  predictedRttMs(peer: string): number | undefined {
    const at = this.#agreed.get(peer) ?? this.#init.table.find(peer)?.report.coordinate.at
    if (at === undefined || this.#samples === 0 || this.#doubted.has(peer)) return undefined
    return predictRttMs(this.#estimator.coordinate, fromFixedCoordinate(at))
  }

  /** Takes the coordinates on the agreed map. Peers that it doubts no longer move this node, and are not predicted. */
  follow(peers: ReadonlyArray<Pick<MapPeer, 'id' | 'isDoubted' | 'coordinate'>>): void {
    this.#doubted = new Set(peers.filter(({ isDoubted }) => isDoubted).map(({ id }) => id))
    this.#agreed = new Map(peers.flatMap(({ id, coordinate }) => (coordinate ? [[id, coordinate]] : [])))
    this.#estimator.discredit(this.#doubted)
  }

  #round(): void {
    const { clock, random } = this.#init
    this.#renew()
    const peer = this.#neighbours.next()
    if (peer !== undefined) void this.#probe(peer)
    const paceMs = this.#samples < FIRST_SAMPLES ? FIRST_ROUND_MS : ROUND_MS
    this.#cancelRound = clock.after(paceMs * (1 + JITTER * (2 * random.unit() - 1)), () => this.#round())
  }

  /** Drops neighbours that are gone, fills the free places at random, and tries one more peer for a near place. */
  #renew(): void {
    const { host, table, random } = this.#init
    const live = table.live().map(({ report }) => report.peer.toString())
    const others = new Set(live.filter((id) => id !== host.peerId.toString()))
    for (const id of [...this.#neighbours.members]) if (!others.has(id)) this.#forget(id)
    const strangers = [...others].filter((id) => !this.#neighbours.members.includes(id))
    while (strangers.length > 0) {
      const [id] = strangers.splice(Math.floor(random.unit() * strangers.length), 1)
      if (this.#neighbours.addRandom(id)) continue
      this.#offer(id)
      if (++this.#rounds % ROUNDS_TO_RENEW === 0) this.#neighbours.renew(id)
      return
    }
  }

  /** A peer that may be nearer than a near neighbour. */
  #offer(id: string): void {
    if (id === this.#init.host.peerId.toString() || this.rttMs(id) === undefined) return
    this.#neighbours.offer(id, (peer) => this.rttMs(peer) ?? Infinity)
  }

  #forget(id: string): void {
    this.#neighbours.remove(id)
    this.#estimator.remove(id)
  }

  async #probe(id: string): Promise<void> {
    const { host, table, dial, clock, logger } = this.#init
    const peer = table.find(id)?.report.peer
    if (peer === undefined) return
    using deadline = deadlineIn(clock, PROBE_DEADLINE_MS, this.#stop.signal)
    try {
      const connection = directConnection(host, peer) ?? (await dial(peer, deadline.signal))
      // A relayed round trip says where the relay is.
      if (!connection.direct) return
      this.#learn(id, await this.#probes.probe(connection, deadline.signal))
    } catch (error) {
      if (this.#stop.signal.aborted) return
      if (error instanceof ProbeError) this.#refuse(peer, error.message)
      else logger.debug('a probe was not answered', { peer, error })
    }
  }

  #learn(id: string, { rttMs, at, near }: ProbeAnswer): void {
    const outcome = this.#estimator.observe(id, rttMs, fromFixedCoordinate(at))
    if (outcome !== 'accepted') {
      this.#refused++
      return
    }
    this.#samples++
    const nearestMs = Math.min(...this.#estimator.links.map((link) => link.rttMs))
    this.#application.update(this.#estimator.coordinate, nearestMs)
    for (const peer of near) if (this.#init.table.get(peer)?.live === true) this.#offer(peer.toString())
  }

  /** An answer outside the rules moves nothing here, and costs the peer its good name. */
  #refuse(peer: PeerId, reason: string): void {
    const { table, clock, logger } = this.#init
    this.#refused++
    table.observe(peer, 'lied')
    const nowMs = clock.monotonicMs()
    const id = peer.toString()
    if (nowMs - (this.#told.get(id) ?? -Infinity) < LOG_EVERY_MS) return
    for (const known of this.#told.keys()) if (!table.knows(known)) this.#told.delete(known)
    this.#told.set(id, nowMs)
    logger.warn('a peer answers probes against the rules', { peer, reason })
  }

  /** The nearest peers by measurement, to be named to others. */
  #nearest(): PeerId[] {
    return [...this.#estimator.links]
      .sort((a, b) => a.rttMs - b.rttMs)
      .slice(0, NAMED_PEERS)
      .flatMap(({ peer }) => this.#init.table.find(peer)?.report.peer ?? [])
  }
}

const directConnection = (host: LatencyInit['host'], peer: PeerId): Connection | undefined =>
  host.getConnections(peer).find(({ direct, status }) => direct && status === 'open')
