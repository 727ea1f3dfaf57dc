// The peers of the network: members, reports, the table, and the connections with them.
import { setMaxListeners } from 'node:events'
import { WORTH } from '../host/connection-limit.ts'
import { reportsTopic } from '../host/gossip.ts'
import { reportableAddresses } from './addresses.ts'
import { failureDomains } from './placement-view.ts'
import { Liveness } from './liveness.ts'
import { Membership } from './membership.ts'
import { Neighbours } from './neighbours.ts'
import { PeerTable } from './peer-table.ts'
import { ReportExchange } from './exchange.ts'
import { Prober } from './prober.ts'
import { RememberedPeers } from './remembered.ts'
import { DROP_REASONS } from './report.ts'
import { Reporter } from './reporter.ts'
import { NEWCOMER_PPM } from './standing.ts'
import { FULL_RELIABILITY_PPM } from './reliability.ts'
import { rttMicros } from './rtt.ts'
import type { Sight } from '../../manifold/map/index.ts'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import type { Clock, RandomSource } from '../../clock/index.ts'
import type { NodeConfig } from '../config/index.ts'
import type { Worth } from '../host/connection-limit.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'
import type { PeerSummary } from '../types.ts'
import type { Module } from '../module.ts'
import type { ForeignPeers } from './foreign.ts'
import type { PeerClocks } from './peer-clocks.ts'
import type { PeerEntry } from './peer-table.ts'
import type { ReportOutcome } from './report.ts'

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
  readonly clock: Clock
  readonly random: RandomSource
  readonly clocks: PeerClocks
  readonly logger: Logger
}

/** Members that a node asks for their reports at once; after these, one per interval. */
const FIRST_QUESTIONS = 4

export class Peers {
  readonly table: PeerTable
  readonly membership: Membership
  readonly #init: PeersInit
  readonly #reporter: Reporter
  readonly #exchange: ReportExchange
  readonly #liveness: Liveness
  readonly #neighbours: Neighbours
  readonly #prober: Prober
  readonly #reportCounts = Object.fromEntries(
    ['accepted', ...DROP_REASONS].map((outcome) => [outcome, 0])
  ) as Record<ReportOutcome, number>
  #stop = new AbortController()
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
    this.#reporter = new Reporter({
      ...init,
      topic: reportsTopic(prefix),
      signer: { peer: host.peerId, sign: async (bytes) => await init.privateKey.sign(bytes) },
      table: this.table,
      intervalMs: config.reportInterval,
      domain: config.domain,
      sections: {
        multiaddrs: () => reportableAddresses(host.getMultiaddrs()),
        sights: () => this.#sights()
      },
      count: (outcome) => void this.#reportCounts[outcome]++,
      isMember: (peer) => this.membership.has(peer)
    })
    this.#exchange = new ReportExchange({
      host,
      protocol,
      networkId,
      reports: () => this.table.live().map(({ report }) => report.signed),
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
    this.membership.start()
    this.#liveness.start()
  }

  /**
   * After the host has stopped. If a protocol is removed while connections are open, libp2p tells the peers (identify
   * push), and this node would look to them like a node of another network.
   */
  async #forget(): Promise<void> {
    await this.#exchange.stop()
    this.membership.stop()
  }

  async start(): Promise<void> {
    await this.#reporter.start()
    this.#prober.start()
    this.#neighbours.start()
  }

  /** While the host still runs: stops dialling, and announces that this node leaves. */
  async stop(): Promise<void> {
    this.#neighbours.stop()
    this.#prober.stop()
    this.#liveness.stop()
    this.#stop.abort()
    await this.#reporter.stop()
  }

  /** True after a peer has answered with its reports. */
  get introduced(): boolean {
    return this.#answers > 0
  }

  /** Reports that came in since the start, by what became of them. */
  get reportCounts(): Readonly<Record<ReportOutcome, number>> {
    return this.#reportCounts
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

  /** The observations in our report: of live, connected peers whose round-trip time is known. */
  #sights(): Sight[] {
    const { host } = this.#init
    return this.table.live().flatMap(({ report: { peer }, reliabilityPpm }) => {
      const rtt = rttMicros(host, peer)
      if (peer.equals(host.peerId) || rtt === undefined) return []
      const failuresPpm = FULL_RELIABILITY_PPM - reliabilityPpm
      return [{ peer: peer.toString(), rttMicros: rtt, failuresPpm }]
    })
  }

  #summary({ report, live, reliabilityPpm }: PeerEntry, failureDomain: string): PeerSummary {
    const { host } = this.#init
    const connections = host.getConnections(report.peer)
    const self = report.peer.equals(host.peerId)
    return {
      id: report.peer.toString(),
      self,
      live,
      connected: connections.length > 0,
      path:
        connections.length === 0
          ? undefined
          : connections.some(({ direct }) => direct)
            ? 'direct'
            : 'relayed',
      rttMicros: rttMicros(host, report.peer),
      capacityBytes: report.capacityBytes,
      freeBytes: report.freeBytes,
      reliabilityPpm,
      failureDomain,
      version: report.version,
      uptimeSeconds: report.uptimeSeconds,
      reportedAtMs: report.issuedAtMs,
      multiaddrs: report.multiaddrs.map(String)
    }
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
