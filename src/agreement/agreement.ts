import { equalBytes, toHex } from '../../fba/bytes.ts'
import { leaderSeed, quorumSetNodes, Scp, statementValues } from '../../fba/index.ts'
import type {
  Envelope,
  Equivocation,
  NodeId,
  QuorumSet,
  SlotRecord,
  Statement,
  TimerKind
} from '../../fba/index.ts'
import { deadlineIn } from '../clock/index.ts'
import type { Clock, RandomSource } from '../clock/index.ts'
import { answerQuestion, askForDecision, gossipOutcome, optional, sha256 } from './exchange.ts'
import type { EpochOutcome } from './exchange.ts'
import { MAX_INLINE_VALUE_BYTES } from './epoch-value.ts'
import { Health } from './health.ts'
import type { ValidatorStatus } from './health.ts'
import { Journal, namedIn } from './journal.ts'
import type { Vouched } from './journal.ts'
import { Judge } from './judge.ts'
import type { Before } from './judge.ts'
import type { AgreementLink, Question, Reply } from './link.ts'
import { MapChain } from './map-chain.ts'
import type { MapRules } from './map-rules.ts'
import { Outbox } from './outbox.ts'
import { Payloads } from './payloads.ts'
import { Questions } from './questions.ts'
import type { QuestionsInit } from './questions.ts'
import type { AgreementRecords } from './records.ts'
import { Timers } from './timers.ts'
import { VALUE_NAME_BYTES, ValuePool } from './value-pool.ts'
import { VALUE_PATIENCE_MS, ValueRequests } from './value-requests.ts'

export interface AgreementLogger {
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
}

export interface AgreementComponents<M> {
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: AgreementLogger
  readonly link: AgreementLink
  readonly records: AgreementRecords
  readonly rules: MapRules<M>
  /** Signs a statement as the local node. */
  readonly sign: (statement: Statement) => Uint8Array
  readonly verify: (envelope: Envelope) => boolean
}

export interface AgreementInit {
  readonly self: NodeId
  /** The network's quorum set: of one of its slices a value must hold the reports. */
  readonly roster: QuorumSet
  /** Whom this node believes. @default the network's quorum set */
  readonly quorumSet?: QuorumSet
  /** Between two decisions, in milliseconds. @default 5000 */
  readonly epochMs?: number
  /** False: follows and never votes, whoever names it. @default true */
  readonly mayVote?: boolean
}

export interface AgreementStatus {
  /** The slot to be decided next. */
  readonly slot: number
  readonly phase: 'waiting' | 'nominate' | 'prepare' | 'confirm' | 'externalize'
  readonly isValidator: boolean
  /** Slot of the map in force; 0 while there is none. */
  readonly mapSlot: number
  /** Since the map in force was agreed on, in milliseconds. */
  readonly mapAgeMs: number | undefined
  /** Nothing has been decided for so long that the map may no longer be what peers are like. */
  readonly isStale: boolean
  /** Whether those who are heard are enough to decide. */
  readonly hasQuorum: boolean
  readonly validators: readonly ValidatorStatus[]
  /** How long the last decision took from its proposal, in milliseconds. */
  readonly lastDecisionMs: number | undefined
  readonly decided: number
  readonly evidence: readonly Equivocation[]
  /** Why this validator votes no more, if it does not. */
  readonly halted: string | undefined
}

const DEFAULT_EPOCH_MS = 5_000
/** While a slot is undecided for this long, a node asks around for what it missed. */
const REPAIR_MS = 2_000
/** Next proposal after one that was impossible because validators have not reported yet. */
const RETRY_PROPOSAL_MS = 1_000
/** Decided slots that peers may still ask about, as `Scp` keeps them. */
const SLOTS_BEHIND = 12
/** Answers that wait for a value which this node is fetching itself. */
const MAX_HELD_ANSWERS = 64
/** Reports that a node which does not vote asks for; when more are missing, it takes the map of others. */
const MAX_FETCHED_REPORTS = 32
/** The account of the fetching of decided values. */
const DECIDED = 'decided'
/** Epochs grow to this many times their length at most. */
const MAX_EPOCH_STRETCH = 2

/** The node's part in agreeing on the map: proposes and votes as a validator, follows as anybody else. */
export class Agreement<M> {
  readonly #components: AgreementComponents<M>
  readonly #init: AgreementInit
  readonly #quorumSet: QuorumSet
  readonly #epochMs: number
  readonly #payloads: Payloads
  readonly #judge: Judge
  readonly #journal: Journal
  readonly #outbox: Outbox
  readonly #questions: Questions
  readonly #values = new ValuePool(sha256)
  readonly #valueRequests: ValueRequests
  readonly #stopping = new AbortController()
  readonly #timers: Timers
  readonly #chain: MapChain<M>
  readonly #health: Health
  readonly #listeners = new Set<(map: M, slot: number) => void>()
  #scp!: Scp
  #isRunning = false
  #decidedAtMs: number | undefined
  #proposedAtMs: number | undefined
  #slotSinceMs = 0
  #lastDecisionMs: number | undefined
  #decided = 0
  #halted: string | undefined
  /** This node's own value for the slot, until an envelope has named it. */
  #unsent: Uint8Array | undefined
  #heldAnswers = 0
  /** The slot for which reports have been taken in. */
  #heardSlot = 0

  constructor(components: AgreementComponents<M>, init: AgreementInit) {
    const { clock, random, link, rules, records, logger } = components
    this.#components = components
    this.#init = init
    this.#quorumSet = init.quorumSet ?? init.roster
    this.#epochMs = init.epochMs ?? DEFAULT_EPOCH_MS
    this.#timers = new Timers(clock)
    this.#payloads = new Payloads(sha256, (signed) => rules.read(signed))
    this.#judge = new Judge({
      roster: init.roster,
      payloads: this.#payloads,
      values: this.#values,
      nowMs: () => clock.nowMs()
    })
    this.#journal = new Journal(records)
    this.#health = new Health(clock, init.self, this.#quorumSet, this.#epochMs)
    this.#chain = new MapChain<M>({
      rules,
      payloads: this.#payloads,
      values: this.#values,
      journal: this.#journal,
      sha256,
      hear: () => this.#hearReports(),
      onMissing: (hashes) => this.#questions.wantPayloads(hashes),
      takesMaps: (missing) => this.#takesMaps(missing),
      onMissingMap: (map) =>
        this.#valueRequests.wantMap(map, DECIDED, this.#inRandomOrder(link.mapHolders())),
      onMissingValue: (name) => this.#wantDecided(name),
      onMap: (map, slot) => this.#onMap(map, slot),
      onSaveFailure: (slot, error) => logger.warn('the agreed map could not be written down', { slot, error })
    })
    this.#outbox = new Outbox({
      save: async (record) => this.#journal.saveSlot(record, this.#vouchedFor(record)),
      publish: async (envelope) => link.publish(envelope, this.#inlined(envelope)),
      onSaveFailure: (error) => this.#halt(error),
      onPublishFailure: (error, { statement }) =>
        logger.info('a statement on the map reached nobody yet', { slot: statement.slotIndex, error })
    })
    const asking: QuestionsInit = {
      link,
      clock,
      random,
      signal: this.#stopping.signal,
      onReply: async (peer, reply) => this.#take(peer, reply),
      onSilence: (peer, error) => logger.info('a peer did not answer about the map', { peer, error })
    }
    this.#questions = new Questions(asking)
    this.#valueRequests = new ValueRequests(asking)
  }

  get isValidator(): boolean {
    const { self, roster, mayVote = true } = this.#init
    return mayVote && (quorumSetNodes(roster).has(self) || quorumSetNodes(this.#quorumSet).has(self))
  }

  /** The map in force and the slot that it was agreed in. */
  get current(): { readonly map: M; readonly slot: number } | undefined {
    return this.#chain.current
  }

  /** @returns ends the subscription */
  onMap(listener: (map: M, slot: number) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Goes on from what an earlier process made durable. @throws AgreementError 'BAD_RECORD' */
  async start(): Promise<void> {
    const { clock } = this.#components
    const { decision, slots, payloads, values } = await this.#journal.read()
    for (const bytes of payloads) this.#payloads.addReport(bytes)
    for (const bytes of values) this.#values.add(bytes)
    if (decision !== undefined) this.#chain.restore(decision)
    this.#isRunning = true
    this.#slotSinceMs = clock.monotonicMs()
    this.#scp = new Scp(this.#driver(), {
      nodeId: this.#init.self,
      quorumSet: this.#quorumSet,
      currentSlot: this.#chain.before.slot + 1,
      isValidator: this.isValidator
    })
    this.#restore(slots)
    this.#timers.set('epoch', this.#epochMs, () => this.#beginEpoch())
    this.#repairLater()
    void this.#questions.ask({ fromSlot: this.#scp.currentSlot })
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    this.#stopping.abort(new Error('the node stops'))
    this.#timers.stop()
    await Promise.allSettled([this.#outbox.settled(), this.#chain.digest()])
  }

  /**
   * An envelope that came by gossip.
   *
   * @param from - the peer that passed it on
   * @param value - bytes that came with it
   */
  receive(envelope: Envelope, from?: string, value?: Uint8Array): EpochOutcome {
    if (!this.#isRunning) return 'ignore'
    const names = statementValues(envelope.statement)
    if (!names.every(({ byteLength }) => byteLength === VALUE_NAME_BYTES)) return 'reject'
    const inlined = value && toHex(sha256(value))
    if (inlined !== undefined && !names.some((name) => toHex(name) === inlined)) return 'reject'
    const outcome = this.#scp.receive(envelope)
    if (outcome === 'processed') {
      this.#hearReportsOnce(envelope.statement.slotIndex)
      this.#wantValuesOf(envelope, from, inlined)
    }
    if (value !== undefined && this.#values.offer(inlined!, value)) {
      this.#valueRequests.got(inlined!)
      this.#scp.reconsider(this.#scp.currentSlot)
    }
    if (outcome === 'slot-out-of-range' && envelope.statement.slotIndex > this.#scp.currentSlot) {
      // Others are far ahead, or somebody lies: a proof decides.
      this.#askAhead(from)
    }
    if (outcome === 'processed') this.#health.heard(envelope.statement.nodeId)
    if (outcome === 'processed' && this.#questions.isWaiting) void this.#questions.ask({}, from)
    return gossipOutcome(outcome)
  }

  /** Answers a peer. Bounded by what was asked for. Waits a little for values that this node is fetching itself. */
  async answer(question: Question): Promise<Reply> {
    const awaited = (question.payloads ?? []).map(toHex).filter((name) => this.#values.isWanted(name))
    if (awaited.length > 0 && this.#heldAnswers < MAX_HELD_ANSWERS) await this.#hold(awaited)
    return answerQuestion(this.#scp, question, {
      maySay: (envelope) => this.#maySay(envelope),
      payload: (hash) => this.#values.known(hash)?.bytes ?? this.#payloads.bytes(hash),
      map: (wanted) => this.#chain.answer(wanted)
    })
  }

  status(): AgreementStatus {
    const { clock } = this.#components
    const nowMs = clock.monotonicMs()
    // There is none before the start.
    const scp = this.#scp as Scp | undefined
    const currentSlot = scp?.currentSlot ?? this.#chain.before.slot + 1
    const slot = scp?.slot(currentSlot)
    const phase =
      slot === undefined || this.#proposedAtMs === undefined
        ? 'waiting'
        : slot.nomination.composite === undefined
          ? 'nominate'
          : slot.phase
    const mapAgeMs = this.#decidedAtMs === undefined ? undefined : nowMs - this.#decidedAtMs
    return {
      slot: currentSlot,
      phase,
      isValidator: this.isValidator,
      mapSlot: this.#chain.current?.slot ?? 0,
      mapAgeMs,
      isStale:
        this.#chain.current !== undefined && (mapAgeMs === undefined || mapAgeMs > this.#health.patienceMs),
      hasQuorum: this.#health.hasQuorum(),
      validators: this.#health.validators(),
      lastDecisionMs: this.#lastDecisionMs,
      decided: this.#decided,
      evidence: scp?.evidence() ?? [],
      halted: this.#halted
    }
  }

  #restore(records: readonly SlotRecord[]): void {
    for (const record of [...records].sort((a, b) => a.slotIndex - b.slotIndex)) {
      if (!this.#scp.restore(record)) continue
      for (const envelope of this.#scp.ownEnvelopes(record.slotIndex)) {
        this.#outbox.noteDurable(envelope)
        // Sent once more: the crash may have come before.
        void this.#components.link.publish(envelope).catch(() => this.#noteUnheard(envelope))
      }
      const decided = this.#scp.slot(record.slotIndex)?.externalized
      if (decided !== undefined) this.#chain.decided(record.slotIndex, decided)
    }
    void this.#digest()
  }

  #driver(): ConstructorParameters<typeof Scp>[0] {
    const { sign, verify, logger, clock } = this.#components
    return {
      sha256,
      sign,
      verify,
      emit: (envelope, record) => {
        if (this.#halted === undefined) this.#outbox.send(envelope, record)
      },
      validate: (slot, value, isNominating) => {
        const before = this.#beforeSlot(slot)
        const verdict = this.#judge.judge(value, before, isNominating)
        if (verdict.missing.length === 0) return verdict.level
        this.#hearReports()
        const { level, missing } = this.#judge.judge(value, before, isNominating)
        // What a peer without a vote thinks of a value is no matter: it follows those who decide.
        if (!this.#takesMaps(missing.length)) this.#questions.wantPayloads(missing)
        return level
      },
      combineCandidates: (slot, candidates) => this.#judge.combine(candidates, this.#beforeSlot(slot)),
      findQuorumSet: (hash) => {
        this.#questions.wantQuorumSet(hash)
        return undefined
      },
      setTimer: (slot, timer, delayMs, onFire) => this.#timers.set(timerName(slot, timer), delayMs, onFire),
      stopTimer: (slot, timer) => this.#timers.cancel(timerName(slot, timer)),
      slotAgeSeconds: () => (clock.monotonicMs() - this.#slotSinceMs) / 1000,
      externalized: (slot, name) => this.#externalized(slot, name),
      equivocation: ({ nodeId, slotIndex }) =>
        logger.warn('a validator contradicts itself', { peer: nodeId, slot: slotIndex })
    }
  }

  /** Proposes for the current slot, when the map before it is known. */
  #beginEpoch(): void {
    const { link, clock } = this.#components
    if (!this.#isRunning || this.#chain.isBehind || !this.isValidator) return
    const slot = this.#scp.currentSlot
    if (slot !== this.#chain.before.slot + 1) return
    const value = this.#judge.propose(link.reports(), this.#chain.before)
    if (value === undefined) return this.#timers.set('epoch', RETRY_PROPOSAL_MS, () => this.#beginEpoch())
    this.#proposedAtMs ??= clock.monotonicMs()
    const name = sha256(value)
    this.#unsent = this.#values.known(name) === undefined ? name : undefined
    this.#values.add(value)
    this.#scp.nominate(slot, name, leaderSeed(this.#chain.name, sha256))
  }

  #externalized(slot: number, name: Uint8Array): void {
    const { clock } = this.#components
    const nowMs = clock.monotonicMs()
    if (this.#proposedAtMs !== undefined) this.#lastDecisionMs = nowMs - this.#proposedAtMs
    this.#proposedAtMs = undefined
    this.#slotSinceMs = nowMs
    this.#chain.decided(slot, name)
    void this.#digest()
  }

  async #digest(): Promise<void> {
    await this.#chain.digest()
    if (this.#chain.isBehind && this.#questions.isWaiting) void this.#questions.ask()
  }

  /** A decision has become a map: what was for its slot is forgotten, and the next epoch is planned. */
  #onMap(map: M, slot: number): void {
    if (!this.#isRunning) return
    this.#decided++
    this.#decidedAtMs = this.#components.clock.monotonicMs()
    this.#questions.clear()
    this.#outbox.forgetBefore(slot - SLOTS_BEHIND)
    this.#keepValues()
    // Others may be at work on the next slot already: what they said can be judged now.
    this.#scp.reconsider(this.#scp.currentSlot)
    // A slow network gets longer epochs; a decision that waited for a quorum to come back says nothing about its speed.
    const tookMs = Math.min(this.#lastDecisionMs ?? 0, MAX_EPOCH_STRETCH * this.#epochMs)
    this.#timers.set('epoch', Math.max(this.#epochMs, tookMs + 1_000), () => this.#beginEpoch())
    for (const listener of this.#listeners) listener(map, slot)
  }

  #beforeSlot(slot: number): Before | undefined {
    const { before } = this.#chain
    return before.slot === slot - 1 ? before : undefined
  }

  /** When a slot begins, everybody has about the same reports: those that values will name. Later there are newer ones. */
  #hearReportsOnce(slot: number): void {
    if (slot !== this.#scp.currentSlot || slot === this.#heardSlot) return
    this.#heardSlot = slot
    this.#hearReports()
  }

  /** Reports that gossip has brought: nobody need be asked for them. */
  #hearReports(): void {
    for (const signed of this.#components.link.reports()) this.#payloads.addReport(signed)
  }

  /** Takes in what a peer answered. Nothing of it is believed without a signature, a hash or a proof. */
  async #take(peer: string, reply: Reply): Promise<void> {
    if (!this.#isRunning) return
    this.#health.heard(peer)
    for (const set of reply.quorumSets) this.#scp.receiveQuorumSet(set)
    for (const bytes of reply.payloads) {
      const hash = toHex(sha256(bytes))
      if (this.#values.offer(hash, bytes)) this.#valueRequests.got(hash)
      else if (this.#payloads.addReport(bytes) === undefined && this.#chain.offerMap(bytes))
        this.#valueRequests.got(hash)
      this.#questions.got(hash)
    }
    if (reply.mapDelta !== undefined) this.#chain.offerDelta(reply.mapDelta)
    for (const envelope of reply.envelopes) this.receive(envelope, peer)
    if (reply.payloads.length > 0) this.#scp.reconsider(this.#scp.currentSlot)
    if (reply.currentSlot > this.#scp.currentSlot) await this.#catchUp(peer, reply.currentSlot - 1)
    await this.#digest()
    // A value that has come may name reports that are not here.
    if (reply.payloads.length > 0 && this.#questions.isWaiting) void this.#questions.ask({}, peer)
  }

  /** Moves to a later slot on the proof that an earlier one was decided. */
  async #catchUp(peer: string, slot: number): Promise<void> {
    const { link, verify, clock, logger } = this.#components
    const { signal } = this.#stopping
    const name = await askForDecision(peer, slot, { link, clock, signal, verify, quorumSet: this.#quorumSet })
    if (name === undefined || slot < this.#scp.currentSlot) return
    if (name === 'unproved') {
      return logger.info('a peer gave no proof for the slot that it claims', { peer, slot })
    }
    logger.info('caught up with the agreed map', { from: this.#scp.currentSlot, to: slot + 1 })
    this.#scp.moveTo(slot + 1)
    this.#slotSinceMs = clock.monotonicMs()
    this.#proposedAtMs = undefined
    this.#chain.decided(slot, name)
    this.#keepValues()
    if (this.#values.known(name) === undefined) this.#wantDecided(name, [peer])
  }

  /** Not more often than this: whoever answers with more such statements would have this node ask without end. */
  #askAhead(from: string | undefined): void {
    if (this.#timers.has('ahead')) return
    this.#timers.set('ahead', REPAIR_MS, () => {})
    void this.#questions.ask({ fromSlot: this.#scp.currentSlot }, from)
  }

  /** While a slot is under way for long, or something is missing, a few peers are asked. */
  #repairLater(): void {
    const { clock, random } = this.#components
    this.#timers.set('repair', REPAIR_MS * (1 + random.unit()), () => {
      const isLate = clock.monotonicMs() - this.#slotSinceMs > this.#epochMs + REPAIR_MS
      if (isLate || this.#questions.isWaiting || this.#chain.isBehind) {
        void this.#questions.ask({ fromSlot: this.#scp.currentSlot })
      }
      this.#valueRequests.retry()
      this.#repairLater()
    })
  }

  /** Has the values fetched that a statement on the current slot names. */
  #wantValuesOf({ statement }: Envelope, from?: string, inlined?: string): void {
    const { nodeId, slotIndex } = statement
    if (slotIndex !== this.#scp.currentSlot) return
    for (const name of statementValues(statement)) {
      const key = toHex(name)
      // Another has the same value, and has told everybody.
      if (this.#unsent !== undefined && equalBytes(this.#unsent, name)) this.#unsent = undefined
      if (this.#values.known(key) !== undefined || !this.#values.want(key, nodeId)) continue
      if (key !== inlined) this.#valueRequests.want(name, nodeId, [...optional(from), nodeId])
    }
  }

  #wantDecided(name: Uint8Array, holders: readonly string[] = []): void {
    this.#values.wantDecided(toHex(name))
    this.#valueRequests.want(name, DECIDED, holders)
  }

  /** A slot has begun: values of earlier ones are dropped, and those that others have named in it already are fetched. */
  #keepValues(): void {
    const said = this.#scp.stateFor(this.#scp.currentSlot)
    const named = new Set(said.flatMap(({ statement }) => statementValues(statement)).map(toHex))
    this.#values.retain((name) => named.has(name) || this.#chain.needsValue(name))
    this.#valueRequests.clear()
    for (const envelope of said) this.#wantValuesOf(envelope)
  }

  /** The bytes of this node's own proposal, with the first envelope that names it. */
  #inlined({ statement }: Envelope): Uint8Array | undefined {
    const name = this.#unsent
    if (name === undefined || !statementValues(statement).some((other) => equalBytes(other, name)))
      return undefined
    this.#unsent = undefined
    const bytes = this.#values.known(name)?.bytes
    return bytes !== undefined && bytes.byteLength <= MAX_INLINE_VALUE_BYTES ? bytes : undefined
  }

  /** Resolves when one of the values has come, or after a while. */
  async #hold(names: readonly string[]): Promise<void> {
    using deadline = deadlineIn(this.#components.clock, VALUE_PATIENCE_MS, this.#stopping.signal)
    const { promise, resolve } = Promise.withResolvers<void>()
    deadline.signal.addEventListener('abort', () => resolve(), { once: true })
    const ends = names.map((name) => this.#values.whenKnown(name, resolve))
    this.#heldAnswers++
    await promise
    this.#heldAnswers--
    for (const end of ends) end()
  }

  #vouchedFor(record: SlotRecord): Vouched {
    const values = new Map<string, Uint8Array>()
    const reports = new Map<string, Uint8Array>()
    for (const name of namedIn(record)) {
      const known = this.#values.known(name)
      if (known?.value === undefined) continue
      values.set(toHex(name), known.bytes)
      for (const hash of known.value.reports) {
        const report = this.#payloads.report(hash)
        if (report !== undefined) reports.set(toHex(hash), report.signed)
      }
    }
    return { values, reports }
  }

  /** Whether this node leaves reports alone of which so many are missing here, and takes the map that follows from them. */
  #takesMaps(missing: number): boolean {
    return !this.isValidator && (missing > MAX_FETCHED_REPORTS || !this.#components.link.hearsReports())
  }

  /** So that all who follow do not ask the same peers. */
  #inRandomOrder(peers: readonly string[]): string[] {
    const { random } = this.#components
    return peers
      .map((peer) => ({ peer, at: random.unit() }))
      .sort((a, b) => a.at - b.at)
      .map(({ peer }) => peer)
  }

  #maySay(envelope: Envelope): boolean {
    return envelope.statement.nodeId !== this.#init.self || this.#outbox.isDurable(envelope)
  }

  #halt(error: unknown): void {
    if (this.#halted !== undefined) return
    this.#halted = error instanceof Error ? error.message : String(error)
    this.#components.logger.warn('this validator votes no more: it cannot write down what it says', { error })
  }

  #noteUnheard({ statement }: Envelope): void {
    this.#components.logger.info('a statement on the map reached nobody yet', { slot: statement.slotIndex })
  }
}

const timerName = (slot: number, timer: TimerKind): string => `${slot} ${timer}`
