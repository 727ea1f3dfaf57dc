// The peers of the network: members, reports, the table, and the connections with them.
import { setMaxListeners } from 'node:events'
import { signerOfKey } from '../../../protocols/ed25519.ts'
import { rateAt } from '../config/byte-rate.ts'
import type { ByteRate } from '../config/byte-rate.ts'
import { WORTH } from '../host/connection-limit.ts'
import { neighbourReportsTopic, reportsTopic } from '../host/gossip.ts'
import { reportableAddresses } from './addresses.ts'
import { dialPeer } from './dial.ts'
import { failureDomains } from './placement-view.ts'
import { Liveness } from './liveness.ts'
import { Membership } from './membership.ts'
import { Latency } from './latency/latency.ts'
import { Neighbours } from './neighbours.ts'
import { PeerTable } from './peer-table.ts'
import { Hearing } from './hearing.ts'
import { ReportExchange } from './exchange.ts'
import { Prober } from './prober.ts'
import { RememberedPeers } from './remembered.ts'
import { DROP_REASONS } from './report.ts'
import { Reporter } from './reporter.ts'
import { FULL_HEAT_PPM } from './load-sections.ts'
import { NEWCOMER_PPM } from '../../manifold/map/index.ts'
import { FULL_RELIABILITY_PPM } from './reliability.ts'
import { rttMicros } from './rtt.ts'
import type { HearingLimits } from '../../manifold/gossip/index.ts'
import type { Sight } from '../../manifold/map/index.ts'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import type { Clock, RandomSource } from '../../clock/index.ts'
import type { NodeConfig } from '../config/index.ts'
import type { Worth } from '../host/connection-limit.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'
import type { PeerSummary } from '../types.ts'
import type { Module } from '../module.ts'
import type { BulkPorts } from './bulk-ports.ts'
import type { ForeignPeers } from './foreign.ts'
import type { Agreed } from './hearing.ts'
import type { PeerClocks } from './peer-clocks.ts'
import type { PeerEntry } from './peer-table.ts'
import type { PeerReport, ReportOutcome } from './report.ts'

export interface PeersInit {
  readonly host: Host
  readonly config: NodeConfig
  readonly privateKey: Ed25519PrivateKey
  readonly foreign: ForeignPeers
  readonly networkId: Uint8Array
  /** First part of the network's protocol ids and topics. */
  readonly prefix: string
  readonly bootstrap: readonly string[]
  readonly tolerated: readonly string[]
  readonly version: string
  readonly space: () => Promise<{ capacityBytes: number; freeBytes: number }>
  readonly uptimeSeconds: () => number
  /** Load of this node: 0 is idle, 1 saturated. */
  readonly heat: () => number
  /** How the peer has served this node's reads. */
  readonly service: (peer: PeerId) => ServiceSeen
  /** Where this node takes bulk connections. */
  readonly bulkPorts: () => BulkPorts
  /** Whether this node is being emptied. */
  readonly isDraining: () => boolean
  /** Whether bulk connections with a peer work, as far as is known. */
  readonly bulkWorks: (peer: PeerId) => boolean | undefined
  readonly clock: Clock
  readonly random: RandomSource
  readonly clocks: PeerClocks
  /** What the agreement on the map says; undefined in a network without validators. */
  readonly agreed: () => Agreed | undefined
  /** Other limits than those for networks of hundreds. */
  readonly hearing?: HearingLimits
  readonly logger: Logger
}

/** What this node has seen of a peer that served it blocks. */
export interface ServiceSeen {
  /** From asking for a block to its arrival, the round trip included; undefined before the first. */
  readonly blockMs: number | undefined
  readonly bytesPerSecond: number | undefined
}

const KIB = 1024
const kibAt = (rate: ByteRate, nowMs: number): number => rateAt(rate, new Date(nowMs)) / KIB

/** Members that a node asks for their reports at once; after these, one per interval. */
const FIRST_QUESTIONS = 4

export class Peers {
  readonly table: PeerTable
  readonly membership: Membership
  /** Where this node is in latency space. */
  readonly latency: Latency
  /** Whose reports come to this node. */
  readonly hearing: Hearing
  readonly #init: PeersInit
  readonly #reporter: Reporter
  readonly #exchange: ReportExchange
  readonly #liveness: Liveness
  readonly #neighbours: Neighbours
  readonly #prober: Prober
  readonly #reportCounts = Object.fromEntries(
    ['accepted', ...DROP_REASONS].map((outcome) => [outcome, 0])
  ) as Record<ReportOutcome, number>
  readonly #delayListeners = new Set<(delayMs: number) => void>()
  #stop = new AbortController()
  #isStarted = false
  #questions = 0
  #answers = 0
  #lastQuestionMs = -Infinity

  constructor(init: PeersInit) {
    const { host, config, networkId, prefix, clock, random, logger } = init
    const protocol = `${prefix}/peers/1`
    this.#init = init
    this.table = new PeerTable({ self: host.peerId, clock })
    const remembered = new RememberedPeers({ host, networkId, random })
    this.membership = new Membership({ ...init, remembered, protocol })
    const topics = { hearers: reportsTopic(prefix), neighbours: neighbourReportsTopic(prefix) }
    this.hearing = new Hearing({
      ...init,
      table: this.table,
      topics,
      intervalMs: config.reportInterval,
      limits: init.hearing,
      ask: async (peer, of, signal) => await this.#exchange.ask(peer, { signal, of })
    })
    this.#reporter = new Reporter({
      ...init,
      topics,
      topicsOfNext: () => this.hearing.topicsOfNext(),
      signer: { peer: host.peerId, sign: signerOfKey(init.privateKey) },
      table: this.table,
      intervalMs: config.reportInterval,
      domain: config.domain,
      sections: {
        multiaddrs: () => reportableAddresses(host.getMultiaddrs()),
        sights: () => this.#sights(),
        coordinate: () => ({ at: this.latency.coordinate }),
        heatPpm: () => init.heat() * FULL_HEAT_PPM,
        bandwidth: () => ({
          upKibPerSecond: kibAt(config.bandwidthUp, clock.nowMs()),
          downKibPerSecond: kibAt(config.bandwidthDown, clock.nowMs())
        }),
        bulk: init.bulkPorts,
        draining: init.isDraining
      },
      count: (outcome) => void this.#reportCounts[outcome]++,
      onDelay: (delayMs) => this.#delayListeners.forEach((listener) => listener(delayMs)),
      isMember: (peer) => this.membership.has(peer)
    })
    this.latency = new Latency({
      ...init,
      table: this.table,
      dial: (peer, signal) => dialPeer(host, this.table, peer, signal),
      protocol: `${prefix}/probe/1`,
      logger: logger.child('latency')
    })
    this.#exchange = new ReportExchange({
      host,
      protocol,
      networkId,
      reports: (of) => this.table.signedReports(of),
      take: async (signed, from) => void (await this.#reporter.take(signed, from)),
      clock,
      logger
    })
    const shared = {
      host,
      table: this.table,
      membership: this.membership,
      maxConnections: config.maxConnections,
      clock,
      logger
    }
    this.#liveness = new Liveness(shared)
    const { foreign, bootstrap } = init
    this.#neighbours = new Neighbours({ ...shared, foreign, bootstrap, remembered, random })
    this.#prober = new Prober(shared)
    this.membership.onMember((peer) => void this.#ask(peer))
  }

  /** Runs from before the host starts until after it has stopped; see `#identify` and `#forget`. */
  readonly identity: Required<Pick<Module, 'start' | 'stop'>> = {
    start: async () => await this.#identify(),
    stop: async () => await this.#forget()
  }

  /** Before the host starts: registers the protocol and the listeners that the first connection needs. */
  async #identify(): Promise<void> {
    this.#stop = new AbortController()
    setMaxListeners(0, this.#stop.signal)
    await this.#exchange.start()
    await this.latency.listen()
    this.membership.start()
    this.#liveness.start()
  }

  /**
   * After the host has stopped. If a protocol is removed while connections are open, libp2p tells the peers (identify
   * push), and this node would look to them like a node of another network.
   */
  async #forget(): Promise<void> {
    await this.latency.close()
    await this.#exchange.stop()
    this.membership.stop()
  }

  async start(): Promise<void> {
    this.#isStarted = true
    this.hearing.start()
    await this.#reporter.start()
    this.#prober.start()
    this.#neighbours.start()
    this.latency.start()
  }

  /** While the host still runs: stops dialling, and announces that this node leaves. */
  async stop(): Promise<void> {
    this.latency.stop()
    this.#neighbours.stop()
    this.#prober.stop()
    this.#liveness.stop()
    this.#stop.abort()
    await this.#reporter.stop()
    if (this.#isStarted) this.hearing.stop()
    this.#isStarted = false
  }

  /** True after a peer has answered with its reports. */
  get introduced(): boolean {
    return this.#answers > 0
  }

  /** Reports that came in since the start, by what became of them. */
  get reportCounts(): Readonly<Record<ReportOutcome, number>> {
    return this.#reportCounts
  }

  /** Calls `listener` with the age of each report that comes by gossip, milliseconds by the clocks of both peers. */
  onReportDelay(listener: (delayMs: number) => void): void {
    this.#delayListeners.add(listener)
  }

  /** Value of a connection with the peer when slots are short. */
  worth(peer: PeerId): Worth {
    const entry = this.table.get(peer)
    if (entry?.live === true && entry.standingPpm > NEWCOMER_PPM) return WORTH.proven
    if (entry?.live === true) return WORTH.reached
    return this.membership.has(peer) ? WORTH.member : WORTH.stranger
  }

  counts(): { known: number; live: number; connected: number } {
    const entries = this.table.entries()
    return {
      known: entries.length,
      live: entries.filter(({ live }) => live).length,
      connected: this.membership.size
    }
  }

  summaries(): PeerSummary[] {
    const entries = this.table.entries()
    const domains = failureDomains(entries)
    return entries.map((entry, i) => this.#summary(entry, domains[i]))
  }

  /** Reports at once: something that peers must hear has changed. */
  async reportNow(): Promise<void> {
    await this.#reporter.reportNow()
  }

  /** The observations in our report: of neighbours to which the round-trip time is measured. */
  #sights(): Sight[] {
    const { service } = this.#init
    return this.latency.neighbours.flatMap((peer) => {
      const entry = this.table.find(peer)
      const rttMs = this.latency.measuredRttMs(peer)
      if (entry?.live !== true || rttMs === undefined) return []
      const { blockMs, bytesPerSecond = 0 } = service(entry.report.peer)
      return [
        {
          peer,
          rttMicros: Math.max(1, Math.round(rttMs * 1000)),
          failuresPpm: FULL_RELIABILITY_PPM - entry.reliabilityPpm,
          serviceMicros: blockMs === undefined ? 0 : Math.max(1, Math.round((blockMs - rttMs) * 1000)),
          kibPerSecond: bytesPerSecond / KIB,
          domain: entry.domain ?? ''
        }
      ]
    })
  }

  /** Round-trip time to the peer in microseconds: measured, else predicted by the coordinates of both. */
  rttMicros(peer: PeerId): number | undefined {
    const predictedMs = this.latency.predictedRttMs(peer.toString())
    return this.#measuredRttMicros(peer) ?? (predictedMs && Math.max(1, Math.round(predictedMs * 1000)))
  }

  /** By probes, else by libp2p's connection monitor, which measures to the millisecond. */
  #measuredRttMicros(peer: PeerId): number | undefined {
    const rttMs = this.latency.measuredRttMs(peer.toString())
    return rttMs === undefined ? rttMicros(this.#init.host, peer) : Math.max(1, Math.round(rttMs * 1000))
  }

  #summary({ report, live, reliabilityPpm }: PeerEntry, failureDomain: string): PeerSummary {
    const { host } = this.#init
    const id = report.peer.toString()
    const connections = host.getConnections(report.peer)
    const predictedMs = this.latency.predictedRttMs(id)
    const self = report.peer.equals(host.peerId)
    return {
      id,
      self,
      live,
      connected: connections.length > 0,
      path:
        connections.length === 0
          ? undefined
          : connections.some(({ direct }) => direct)
            ? 'direct'
            : 'relayed',
      carrier: connections.length === 0 ? undefined : this.#carrier(report),
      rttMicros: this.#measuredRttMicros(report.peer),
      predictedRttMicros: self || predictedMs === undefined ? undefined : Math.round(predictedMs * 1000),
      coordinateErrorPpm: report.coordinate.at?.errorPpm,
      capacityBytes: report.capacityBytes,
      draining: report.draining,
      freeBytes: report.freeBytes,
      reliabilityPpm,
      failureDomain,
      version: report.version,
      uptimeSeconds: report.uptimeSeconds,
      reportedAtMs: report.issuedAtMs,
      multiaddrs: report.multiaddrs.map(String)
    }
  }

  #carrier({ peer, bulk }: PeerReport): PeerSummary['carrier'] {
    const works = this.#init.bulkWorks(peer)
    if (works === undefined) return bulk.port === 0 ? 'noise' : undefined
    return works ? 'tls' : 'noise'
  }

  /** Asks a new member for its reports: it may know peers that this node does not. */
  async #ask(peer: PeerId): Promise<void> {
    const { config, clock, logger } = this.#init
    const due = clock.monotonicMs() - this.#lastQuestionMs >= config.reportInterval
    if (this.#questions >= FIRST_QUESTIONS && !due) return
    this.#questions++
    this.#lastQuestionMs = clock.monotonicMs()
    try {
      await this.#exchange.ask(peer, { signal: this.#stop.signal })
      this.#answers++
    } catch (error) {
      this.#questions--
      if (!this.#stop.signal.aborted) logger.debug('peer did not send its reports', { peer, error })
    }
  }
}
