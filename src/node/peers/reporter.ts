// This node's own reports, and those that arrive by gossip.
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { checkReport, signReport } from './report.ts'
import { readSections } from './report-sections.ts'
import type { PeerId } from '@libp2p/interface'
import type { Cancel, Clock, RandomSource } from '../../clock/index.ts'
import type { Signer } from '../../../protocols/signed.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'
import type { PeerClocks } from './peer-clocks.ts'
import type { PeerTable } from './peer-table.ts'
import type { ReportOutcome } from './report.ts'
import type { SectionSources } from './report-sections.ts'

/** Random share of the interval by which reports are early or late, so that peers do not synchronise. */
const JITTER = 0.1
/** A new node reports again when it meets peers, at most this often. */
const GREETING_GAP_MS = 1_000
const GREETING_DELAY_MS = 50
/** Below gossipsub's 3 seconds, after which it penalises a peer that promised a message and did not deliver it. */
const REACH_DEADLINE_MS = 2_500

export interface ReporterInit {
  readonly host: Host
  /** Topic of the reports that are passed on, and of those that only neighbours get. */
  readonly topics: { readonly hearers: string; readonly neighbours: string }
  /** Topics on which the next report goes out. */
  readonly topicsOfNext: () => readonly string[]
  readonly networkId: Uint8Array
  readonly signer: Signer
  readonly table: PeerTable
  readonly intervalMs: number
  readonly version: string
  readonly domain: string
  /** Space that this node lends; zeros if it lends nothing. */
  readonly space: () => Promise<{ capacityBytes: number; freeBytes: number }>
  readonly uptimeSeconds: () => number
  /** What the sections of this node's own reports say. */
  readonly sections: SectionSources
  readonly clock: Clock
  readonly random: RandomSource
  /** True for a connected peer of the network. */
  readonly isMember: (peer: PeerId) => boolean
  readonly clocks: PeerClocks
  /** Called with the age of a report that came by gossip, milliseconds by both clocks. */
  readonly onDelay: (delayMs: number) => void
  /** Counts a received report. */
  readonly count: (outcome: ReportOutcome) => void
  readonly logger: Logger
}

export class Reporter {
  readonly #init: ReporterInit
  #sequence: bigint
  /** Monotonic time. */
  #startedMs = 0
  #lastSentMs = -Infinity
  #cancelNext: Cancel | undefined
  #cancelGreeting: Cancel | undefined
  #running = false

  constructor(init: ReporterInit) {
    this.#init = init
    this.#sequence = BigInt(init.clock.nowMs())
  }

  /** Reports at once. */
  async start(): Promise<void> {
    const { host, topics, clock } = this.#init
    const { pubsub } = host.services
    this.#running = true
    this.#startedMs = clock.monotonicMs()
    pubsub.topicValidators.set(topics.hearers, async (from, { data }) => await this.#judge(data, from))
    pubsub.topicValidators.set(topics.neighbours, async (from, { data }) => await this.#judgeOnly(data, from))
    pubsub.addEventListener('subscription-change', this.#onSubscription)
    await this.#report()
  }

  /** Announces that the node leaves, so that other peers do not have to detect it. */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    this.#cancelNext?.()
    this.#cancelGreeting?.()
    const { host, topics } = this.#init
    const { pubsub } = host.services
    pubsub.removeEventListener('subscription-change', this.#onSubscription)
    await this.#publish(0)
    for (const topic of [topics.hearers, topics.neighbours]) pubsub.topicValidators.delete(topic)
  }

  /**
   * Takes a report from any source.
   *
   * @param from - the peer that passed it on
   * @returns the outcome
   */
  async take(signed: Uint8Array, from: PeerId): Promise<ReportOutcome> {
    const [outcome] = await this.#take(signed, from, false)
    return outcome
  }

  /** @param isNew - it arrived by gossip, so its time is recent */
  async #take(signed: Uint8Array, from: PeerId, isNew: boolean): Promise<[ReportOutcome, PeerId?]> {
    const { networkId, table, clock, count, host, clocks, isMember } = this.#init
    const report = await checkReport(signed, {
      networkId,
      nowMs: clock.nowMs(),
      lastSequence: (peer: PeerId) => (peer.equals(host.peerId) ? this.#sequence : table.lastSequence(peer)),
      onTime: (peer, sequence, issuedAtMs) => {
        if (isNew && isMember(peer)) clocks.sample(peer, sequence, issuedAtMs)
      }
    })
    const outcome = typeof report === 'string' ? report : table.accept(report, from)
    count(outcome)
    if (isNew && typeof report !== 'string')
      this.#init.onDelay(Math.max(0, clock.nowMs() - report.issuedAtMs))
    return typeof report === 'string' ? [outcome] : [outcome, report.peer]
  }

  async #judge(signed: Uint8Array, from: PeerId): Promise<TopicValidatorResult> {
    const [outcome, author] = await this.#take(signed, from, true)
    if (outcome !== 'accepted') return verdictOn(outcome)
    return (await this.#exists(author as PeerId)) ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore
  }

  /** A report of a neighbour goes no further. */
  async #judgeOnly(signed: Uint8Array, from: PeerId): Promise<TopicValidatorResult> {
    const [outcome] = await this.#take(signed, from, true)
    return verdictOn(outcome)
  }

  /** Reports are passed on only after their author has been reached: the first honest peer stops invented ones. */
  async #exists(author: PeerId): Promise<boolean> {
    const { table, clock } = this.#init
    if (table.isReached(author)) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const stop = table.onChange(() => {
      if (table.isReached(author)) resolve(true)
    })
    const cancel = clock.after(REACH_DEADLINE_MS, () => resolve(false))
    return await promise.finally(() => {
      stop()
      cancel()
    })
  }

  /** While this node is new, peers that subscribe have not received its report yet. */
  readonly #onSubscription = (): void => {
    const { clock, intervalMs, logger } = this.#init
    const nowMs = clock.monotonicMs()
    if (this.#cancelGreeting !== undefined || nowMs - this.#startedMs > intervalMs) return
    const waitMs = Math.max(GREETING_DELAY_MS, this.#lastSentMs + GREETING_GAP_MS - nowMs)
    this.#cancelGreeting = clock.after(waitMs, () => {
      this.#cancelGreeting = undefined
      this.#publish(intervalMs).catch((error: unknown) => logger.warn('could not report', { error }))
    })
  }

  /** Does nothing before the start. */
  async reportNow(): Promise<void> {
    if (this.#running) await this.#publish(this.#init.intervalMs)
  }

  async #report(): Promise<void> {
    const { intervalMs, clock, random, logger } = this.#init
    try {
      await this.#publish(intervalMs)
    } catch (error) {
      logger.warn('could not report', { error })
    }
    if (!this.#running) return
    const delayMs = intervalMs * (1 + JITTER * (2 * random.unit() - 1))
    this.#cancelNext = clock.after(delayMs, () => void this.#report())
  }

  async #publish(intervalMs: number): Promise<void> {
    const { host, networkId, signer, table, clock, version, domain, uptimeSeconds, space, sections } =
      this.#init
    const { capacityBytes, freeBytes } = await space()
    this.#sequence += 1n
    const report = {
      sequence: this.#sequence,
      issuedAtMs: clock.nowMs(),
      capacityBytes,
      freeBytes: Math.min(freeBytes, capacityBytes),
      version,
      uptimeSeconds: uptimeSeconds(),
      domain,
      intervalMs,
      ...readSections(sections)
    }
    const signed = await signReport(networkId, report, signer)
    table.accept({ ...report, peer: signer.peer, signed })
    this.#lastSentMs = clock.monotonicMs()
    // That this node leaves is for everybody to know.
    const due = this.#init.topicsOfNext()
    const topics = intervalMs === 0 ? [...new Set([...due, this.#init.topics.hearers])] : due
    for (const topic of topics) await host.services.pubsub.publish(topic, signed)
  }
}

/** What becomes of a report that came by gossip and is not passed on. */
const verdictOn = (outcome: ReportOutcome): TopicValidatorResult => {
  switch (outcome) {
    case 'malformed':
    case 'bad-signature':
    case 'wrong-network':
    case 'out-of-limits':
      return TopicValidatorResult.Reject
    default:
      // Late, or received by another path: not the fault of the peer that passed it on.
      return TopicValidatorResult.Ignore
  }
}
