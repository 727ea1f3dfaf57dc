import { fromHex, toHex } from '../../fba/bytes.ts'
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
import {
  answerQuestion,
  askForDecision,
  gossipOutcome,
  optional,
  Outbox,
  Questions,
  sha256,
  Timers
} from '../agreement/index.ts'
import type { AgreementLogger, AgreementRecords, EpochOutcome, Question, Reply } from '../agreement/index.ts'
import type { Clock, RandomSource } from '../clock/index.ts'
import { FieldError } from './errors.ts'
import { Journal } from './journal.ts'
import { FIELD_LIMITS, ROUNDS_KEPT } from './limits.ts'
import type { FieldLink } from './link.ts'
import { slotId, slotNameText } from './name.ts'
import type { SlotName } from './name.ts'
import { OwnTransactions } from './own-transactions.ts'
import { Payloads } from './payloads.ts'
import { Pool } from './pool.ts'
import type { PoolProblem } from './pool.ts'
import { ReadBarrier } from './read-barrier.ts'
import { refuseIfRefused } from './refusals.ts'
import { combine, judge, propose } from './round-rules.ts'
import type { Before } from './round-rules.ts'
import { decodeRoundValue, ROUND_VALUE_BYTES } from './round-value.ts'
import type { LogProof } from './log-proof.ts'
import { historyOf, NO_HISTORY } from './slot-log.ts'
import type { LogEntry } from './slot-log.ts'
import type { SlotProof } from './slot-proof.ts'
import { bucketOf, decodeBucket, liveEntry } from './state.ts'
import type { SlotEntry, StoredEntry } from './state.ts'
import { StateChain } from './state-chain.ts'
import { Superposition } from './superposition.ts'
import type { Candidate } from './superposition.ts'
import type { TransactionGossip } from './transaction-gossip.ts'
import { TransactionOutbox } from './transaction-outbox.ts'
import { signTransaction, verifyTransaction } from './transaction.ts'
import type { TransactionVerifier } from './transaction.ts'
import type { Author, Change, Outcome, SignedTransaction } from './types.ts'

export interface FieldComponents {
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: AgreementLogger
  readonly link: FieldLink
  readonly records: AgreementRecords
  /** Signs bytes as the local node. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
  readonly verify: (author: NodeId, bytes: Uint8Array, signature: Uint8Array) => boolean
  readonly signStatement: (statement: Statement) => Uint8Array
  readonly verifyEnvelope: (envelope: Envelope) => boolean
}

export interface FieldInit {
  readonly self: NodeId
  readonly networkId: Uint8Array
  /** The network's quorum set. */
  readonly roster: QuorumSet
  /** Whom this node believes. @default the network's quorum set */
  readonly quorumSet?: QuorumSet
  /** False: follows and never votes, whoever names it. @default true */
  readonly mayVote?: boolean
}

/** A slot, and what it may become in the round that is under way. */
export interface SlotView {
  readonly name: SlotName
  readonly id: string
  /** As it was agreed last. */
  readonly entry: SlotEntry | undefined
  /** As `entry`, also of a slot that was removed not long ago. */
  readonly stored: StoredEntry | undefined
  /** The round after which it was so, and when that was closed. */
  readonly round: number
  readonly closedAtMs: number
  /** The most accepted first; empty while no change of the slot is under way. */
  readonly candidates: readonly Candidate[]
}

export interface FieldStatus {
  /** The round to be decided next. */
  readonly round: number
  /** When the last round was closed, in milliseconds since the Unix epoch; 0 before the first. */
  readonly closedAtMs: number
  readonly phase: 'idle' | 'nominate' | 'prepare' | 'confirm' | 'externalize'
  readonly isValidator: boolean
  readonly slots: number
  readonly slotBytes: number
  readonly waiting: number
  /** A decision is known whose state is not: it is being fetched. */
  readonly isBehind: boolean
  readonly decided: number
  readonly applied: number
  readonly refused: number
  readonly lastDecisionMs: number | undefined
  readonly evidence: readonly Equivocation[]
  /** Why this validator votes no more, if it does not. */
  readonly halted: string | undefined
}

/** What becomes of a gossip message of transactions. */
export type ReceivedTransactions = EpochOutcome

/** Transactions gather for this long before a round begins. */
const GATHER_MS = 20
/** After a round with transactions, an empty one commits to the state that it led to, unless others come first. */
const SEAL_MS = 1_000
/** Own transactions go out together. */
const PUBLISH_MS = 5
/** While a round is under way for this long, a node asks around for what it missed. */
const REPAIR_MS = 2_000
/** An idle node asks a few peers whether it has missed a round. */
const IDLE_QUESTION_MS = 20_000
/** Hashes asked for at a time, that transactions were announced by. */
const MAX_ANNOUNCED_WANTED = 1024

/** The node's part in the field: submits, orders as a validator, applies as everybody. */
export class Field {
  readonly #components: FieldComponents
  readonly #init: FieldInit
  readonly #quorumSet: QuorumSet
  readonly #verifier: TransactionVerifier
  readonly #payloads: Payloads
  readonly #pool = new Pool()
  readonly #journal: Journal
  readonly #chain: StateChain
  readonly #outbox: Outbox
  readonly #questions: Questions
  readonly #barrier: ReadBarrier
  readonly #own: OwnTransactions
  readonly #outgoing: TransactionOutbox
  readonly #superposition: Superposition
  readonly #stopping = new AbortController()
  readonly #timers: Timers
  readonly #listeners = new Set<(round: number, changed: ReadonlySet<string>) => void>()
  #scp!: Scp
  #isRunning = false
  /** The round that this node has proposed for, or in which others were heard. */
  #nominated = 0
  #heard = 0
  #activeSinceMs: number | undefined
  #slotSinceMs = 0
  #isSealDue = false
  /** Nothing was under way when the next question to others was planned. */
  #isRepairFar = false
  #lastDecisionMs: number | undefined
  #counts = { decided: 0, applied: 0, refused: 0 }
  #halted: string | undefined

  constructor(components: FieldComponents, init: FieldInit) {
    const { clock, random, link, records, logger, verify } = components
    this.#components = components
    this.#init = init
    this.#quorumSet = init.quorumSet ?? init.roster
    this.#verifier = { networkId: init.networkId, sha256, verify }
    this.#payloads = new Payloads(this.#verifier)
    this.#journal = new Journal(records)
    this.#timers = new Timers(clock)
    this.#own = new OwnTransactions(clock)
    this.#outgoing = new TransactionOutbox({
      link,
      logger,
      soon: (send) => this.#timers.set('publish', PUBLISH_MS, send)
    })
    this.#superposition = new Superposition({
      payloads: this.#payloads,
      validators: quorumSetNodes(this.#quorumSet),
      sha256
    })
    this.#questions = new Questions({
      link,
      clock,
      random,
      signal: this.#stopping.signal,
      onReply: async (peer, reply) => this.#take(peer, reply),
      onSilence: (peer, error) => logger.info('a peer did not answer about the field', { peer, error })
    })
    this.#barrier = new ReadBarrier({
      ...{ self: init.self, quorumSet: this.#quorumSet, link, clock, signal: this.#stopping.signal },
      round: () => this.#chain.state.header.round,
      onRound: (listener) => this.onRound(listener),
      own: () => this.answer({ fromSlot: this.#scp.currentSlot }),
      onReply: async (peer, reply) => this.#take(peer, reply)
    })
    this.#chain = new StateChain({
      sha256,
      payloads: this.#payloads,
      journal: this.#journal,
      keepsTransaction: (id) => this.#pool.has(id),
      onMissing: (hashes) => this.#want(hashes),
      onJump: () => this.#own.passedOver((id) => this.#chain.wasTried(id)),
      onBadState: (round, error) =>
        logger.warn('the agreed state of the field cannot be read', { round, error }),
      onRound: (outcomes, changed) => this.#onRound(outcomes, changed),
      onSaveFailure: (round, error) =>
        logger.warn('the state of the field could not be written down', { round, error })
    })
    this.#outbox = new Outbox({
      save: async (record) => this.#journal.saveRecord(record, this.#payloadsOf(record)),
      publish: async (envelope) => link.publish(envelope),
      onSaveFailure: (error) => this.#halt(error),
      onPublishFailure: (error, { statement }) =>
        logger.info('a statement on the field reached nobody yet', { round: statement.slotIndex, error })
    })
  }

  get isValidator(): boolean {
    const { self, roster, mayVote = true } = this.#init
    return mayVote && (quorumSetNodes(roster).has(self) || quorumSetNodes(this.#quorumSet).has(self))
  }

  /** Goes on from what an earlier process made durable. @throws FieldError 'BAD_RECORD' */
  async start(): Promise<void> {
    const { clock } = this.#components
    const { state, records, payloads, batches } = await this.#journal.read(sha256)
    for (const bytes of payloads) {
      const taken = this.#payloads.take(bytes, () => true)
      if (taken?.kind === 'transaction') this.#payloads.addTransaction(taken.signed)
    }
    for (const bytes of batches) this.#payloads.addBatch(bytes)
    this.#chain.restore(state)
    this.#isRunning = true
    this.#slotSinceMs = clock.monotonicMs()
    this.#scp = new Scp(this.#driver(), {
      nodeId: this.#init.self,
      quorumSet: this.#quorumSet,
      currentSlot: state.header.round + 1,
      isValidator: this.isValidator,
      slotsBehind: ROUNDS_KEPT
    })
    this.#restore(records)
    this.#repairLater()
    void this.#questions.ask({ fromSlot: this.#scp.currentSlot })
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    this.#stopping.abort(new FieldError('FIELD_STOPPED', 'the node stops'))
    this.#timers.stop()
    this.#own.stop(
      new FieldError('FIELD_STOPPED', 'The node stops; whether the change was made is not known.')
    )
    await Promise.allSettled([this.#outbox.settled(), this.#chain.digest()])
  }

  /** Calls `listener` after each round with the ids of the slots that it changed. @returns ends the subscription */
  onRound(listener: (round: number, changed: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Has the quorum decide about a change, and waits for it.
   *
   * @param options.author - who signs it; this node by default
   * @throws FieldError 'CHANGE_REFUSED' | 'CHANGE_EXPIRED' | 'CHANGE_UNDECIDED' | 'FIELD_BUSY' | 'BAD_SLOT_VALUE' | 'FIELD_STOPPED', or the signal's reason
   */
  async submit(
    slot: SlotName,
    change: Change,
    { signal, author }: { readonly signal?: AbortSignal; readonly author?: Author } = {}
  ): Promise<Outcome> {
    const { clock, random } = this.#components
    const { networkId } = this.#init
    const { id, sign } = author ?? { id: this.#init.self, sign: this.#components.sign }
    const expiresAtMs = clock.nowMs() + FIELD_LIMITS.lifetimeMs / 2
    const signed = signTransaction(
      { slot, author: id, nonce: random.bytes(16), expiresAtMs, change },
      { networkId, sha256, sign }
    )
    return await this.#submit(signed, signal)
  }

  /**
   * As `submit`, for a transaction that its author has signed elsewhere.
   *
   * @throws also FieldError 'BAD_SLOT_VALUE' for bytes that are not one, 'CHANGE_EXPIRED' for one that no round can take any more
   */
  async submitSigned(
    bytes: Uint8Array,
    { signal }: { readonly signal?: AbortSignal } = {}
  ): Promise<Outcome> {
    return await this.#submit(this.openSigned(bytes), signal)
  }

  /** @throws FieldError 'BAD_SLOT_VALUE' for what is not a transaction of this network that its author has signed */
  openSigned(bytes: Uint8Array): SignedTransaction {
    const signed = verifyTransaction(bytes, this.#verifier)
    if (signed !== undefined) return signed
    throw new FieldError('BAD_SLOT_VALUE', 'These bytes are not a signed change of a slot of this network.')
  }

  async #submit(signed: SignedTransaction, signal: AbortSignal | undefined): Promise<Outcome> {
    if (!this.#isRunning) throw new FieldError('FIELD_STOPPED', 'The node has not started or has stopped.')
    if (this.#chain.wasTried(signed.id)) throw decidedBefore()
    if (this.#own.isWaitingFor(signed.id))
      throw new FieldError('FIELD_BUSY', 'This change is on its way already.')
    const problem = this.#pool.add(signed, this.#components.clock.nowMs())
    if (problem !== undefined) throw notTaken(problem)
    this.#payloads.addTransaction(signed)
    const outcome = this.#own.wait(signed, signal)
    this.#outgoing.add(signed)
    this.#wake()
    return refuseIfRefused(await outcome)
  }

  /**
   * Resolves when this node has all changes that anybody was told as made before the call: what `view` shows then is not old.
   *
   * @throws FieldError 'NO_QUORUM' | 'FIELD_STOPPED'; the signal's reason
   */
  async sync(signal?: AbortSignal): Promise<void> {
    if (!this.#isRunning) throw new FieldError('FIELD_STOPPED', 'The node has not started or has stopped.')
    await this.#barrier.pass(signal)
  }

  /** How long ago the state here was known to be the newest, in milliseconds. */
  get ageMs(): number {
    const { clock } = this.#components
    const { passedMs } = this.#barrier
    // A round that was closed is as new as its time says; before the first question that is all there is.
    const sinceClosed = Math.max(0, clock.nowMs() - this.#chain.state.header.closedAtMs)
    return passedMs === undefined ? sinceClosed : Math.min(sinceClosed, clock.monotonicMs() - passedMs)
  }

  /** A slot as it was agreed last, and what it may become. */
  view(name: SlotName): SlotView {
    const id = slotId(name, sha256)
    const { state } = this.#chain
    const { round, closedAtMs } = state.header
    const stored = state.get(id)
    const candidates = this.#candidates(id)
    return { name, id, entry: liveEntry(stored), stored, round, closedAtMs, candidates }
  }

  /** Slots of one owner, or all, in the order of their names. */
  list(owner?: NodeId): SlotEntry[] {
    const found: SlotEntry[] = []
    for (const [, stored] of this.#chain.state.entries()) {
      const entry = liveEntry(stored)
      if (entry !== undefined && (owner === undefined || entry.name.owner === owner)) found.push(entry)
    }
    return found.sort((a, b) => (slotNameText(a.name) < slotNameText(b.name) ? -1 : 1))
  }

  /** The changes of a slot that this node remembers, newest first. */
  async log(name: SlotName): Promise<LogEntry[]> {
    const log = await this.#journal.log(slotId(name, sha256))
    return log === undefined ? [] : [...log.entries].reverse()
  }

  /** What shows others what the slot held before the round that was decided last; undefined while it cannot be shown. */
  prove(name: SlotName): SlotProof | undefined {
    const { round } = this.#chain.state.header
    const decision = this.#scp.proofFor(round)
    if (decision === undefined) return undefined
    const parts = this.#chain.partsBefore(
      toHex(decodeRoundValue(decision.value).previous),
      slotId(name, sha256)
    )
    return parts && { decision, ...parts }
  }

  /**
   * What shows others the changes of the slot that this node remembers, up to those in the state that `prove` shows; undefined
   * while that cannot be shown.
   */
  async proveLog(name: SlotName): Promise<LogProof | undefined> {
    const slot = this.prove(name)
    if (slot === undefined || slot.bucket.length === 0) return undefined
    const id = slotId(name, sha256)
    const stored = decodeBucket(slot.bucket, bucketOf(id), sha256).get(id)
    if (stored === undefined) return undefined
    const log = await this.#journal.log(id)
    const entries = log?.entries.filter(({ round }) => round < slot.decision.slotIndex) ?? []
    const shown = { before: log?.before ?? NO_HISTORY, entries }
    // What could not be written down, or was agreed on while this node was away, is not remembered.
    const isRight = historyOf(shown, sha256) === stored.history
    return { slot, log: isRight ? shown : { before: stored.history, entries: [] } }
  }

  status(): FieldStatus {
    // There is none before the start.
    const scp = this.#scp as Scp | undefined
    const { state } = this.#chain
    const round = scp?.currentSlot ?? state.header.round + 1
    const slot = scp?.slot(round)
    return {
      round,
      closedAtMs: state.header.closedAtMs,
      phase:
        slot === undefined || this.#activeSinceMs === undefined
          ? 'idle'
          : slot.nomination.composite === undefined
            ? 'nominate'
            : slot.phase,
      isValidator: this.isValidator,
      slots: state.size,
      slotBytes: state.bytes,
      waiting: this.#pool.size,
      isBehind: this.#chain.isBehind,
      ...this.#counts,
      lastDecisionMs: this.#lastDecisionMs,
      evidence: scp?.evidence() ?? [],
      halted: this.#halted
    }
  }

  /** An envelope that came by gossip. */
  receive(envelope: Envelope, from?: string): EpochOutcome {
    if (!this.#isRunning) return 'ignore'
    const { slotIndex } = envelope.statement
    const values = statementValues(envelope.statement)
    // All values have one length: nobody makes others keep long ones.
    if (!values.every(({ byteLength }) => byteLength === ROUND_VALUE_BYTES)) return 'reject'
    const outcome = this.#scp.receive(envelope)
    if (outcome === 'slot-out-of-range' && slotIndex > this.#scp.currentSlot) {
      // Others are far ahead, or somebody lies: a proof decides.
      this.#askAhead(from)
    }
    if (outcome === 'processed' && slotIndex === this.#scp.currentSlot) {
      this.#heard = slotIndex
      this.#activeSinceMs ??= this.#components.clock.monotonicMs()
      this.#wake()
    }
    if (outcome === 'processed' && this.#questions.isWaiting) void this.#questions.ask({}, from)
    return gossipOutcome(outcome)
  }

  /** Transactions that came by gossip. */
  receiveTransactions({ transactions, announced }: TransactionGossip, from?: string): ReceivedTransactions {
    if (!this.#isRunning) return 'ignore'
    let isNews = false
    for (const bytes of transactions) {
      const signed = verifyTransaction(bytes, this.#verifier)
      if (signed === undefined) return 'reject'
      if (this.#offer(signed)) isNews = true
    }
    const unknown = announced.filter(
      (id) => this.#payloads.transaction(id) === undefined && !this.#chain.wasTried(id)
    )
    if (unknown.length > 0 && this.#pool.size + unknown.length <= MAX_ANNOUNCED_WANTED) {
      this.#want(unknown)
      void this.#questions.ask({}, from)
      isNews = true
    }
    this.#wake()
    return isNews ? 'accept' : 'ignore'
  }

  /** Answers a peer. Bounded by what was asked for. */
  answer(question: Question): Reply {
    return answerQuestion(this.#scp, question, {
      maySay: (envelope) => this.#maySay(envelope),
      payload: (hash) => this.#payloads.wire(toHex(hash))
    })
  }

  #driver(): ConstructorParameters<typeof Scp>[0] {
    const { signStatement, verifyEnvelope, logger, clock } = this.#components
    const rules = (): { payloads: Payloads; nowMs: number } => ({
      payloads: this.#payloads,
      nowMs: clock.nowMs()
    })
    return {
      sha256,
      sign: signStatement,
      verify: verifyEnvelope,
      emit: (envelope, record) => {
        if (this.#halted === undefined) this.#outbox.send(envelope, record)
      },
      validate: (slot, value, isNominating) => {
        const { level, missing } = judge(value, this.#before(slot), isNominating, rules())
        if (missing.length > 0) {
          this.#want(missing)
          void this.#questions.ask()
        }
        return level
      },
      combineCandidates: (slot, candidates) => combine(candidates, this.#before(slot), this.#payloads),
      findQuorumSet: (hash) => {
        this.#questions.wantQuorumSet(hash)
        return undefined
      },
      setTimer: (slot, timer, delayMs, onFire) => this.#timers.set(timerName(slot, timer), delayMs, onFire),
      stopTimer: (slot, timer) => this.#timers.cancel(timerName(slot, timer)),
      slotAgeSeconds: () => (clock.monotonicMs() - this.#slotSinceMs) / 1000,
      externalized: (slot, value) => this.#decided(slot, value),
      equivocation: ({ nodeId, slotIndex }) =>
        logger.warn('a validator contradicts itself on the field', { peer: nodeId, round: slotIndex })
    }
  }

  #restore(records: readonly SlotRecord[]): void {
    for (const record of [...records].sort((a, b) => a.slotIndex - b.slotIndex)) {
      if (!this.#scp.restore(record)) continue
      for (const envelope of this.#scp.ownEnvelopes(record.slotIndex)) {
        this.#outbox.noteDurable(envelope)
        // Sent once more: the crash may have come before.
        void this.#components.link.publish(envelope).catch((error: unknown) =>
          this.#components.logger.info('a statement on the field reached nobody yet', {
            round: record.slotIndex,
            error
          })
        )
      }
      const decided = this.#scp.slot(record.slotIndex)?.externalized
      if (decided !== undefined) this.#chain.decided(record.slotIndex, decided)
      else this.#heard = record.slotIndex
    }
    void this.#digest()
    this.#wake()
  }

  /** Begins a round soon if there is a reason to. */
  #wake(): void {
    if (this.#isRepairFar && this.#isBusy()) this.#repairLater()
    if (!this.#isRunning || !this.isValidator || this.#halted !== undefined || this.#chain.isBehind) return
    const round = this.#scp.currentSlot
    if (round !== this.#chain.state.header.round + 1 || this.#nominated === round) return
    const hasReason = this.#pool.size > 0 || this.#heard === round || this.#isSealDue
    if (hasReason && !this.#timers.has('round')) this.#timers.set('round', GATHER_MS, () => this.#begin())
  }

  #begin(): void {
    const { clock } = this.#components
    const round = this.#scp.currentSlot
    const before = this.#before(round)
    if (before === undefined || this.#nominated === round || this.#chain.isBehind) return
    this.#pool.expire(clock.nowMs())
    const value = propose(this.#pool, before, { payloads: this.#payloads, nowMs: clock.nowMs() })
    const isEmpty = this.#payloads.batch(toHex(decodeRoundValue(value).batch))!.length === 0
    // What waited may have been tried meanwhile, or have expired.
    if (isEmpty && this.#heard !== round && !this.#isSealDue) return
    this.#nominated = round
    this.#activeSinceMs ??= clock.monotonicMs()
    this.#scp.nominate(round, value, leaderSeed(before.header.valueHash, sha256))
  }

  #decided(round: number, value: Uint8Array): void {
    const nowMs = this.#components.clock.monotonicMs()
    if (this.#activeSinceMs !== undefined) this.#lastDecisionMs = nowMs - this.#activeSinceMs
    this.#activeSinceMs = undefined
    this.#slotSinceMs = nowMs
    this.#chain.decided(round, value)
    void this.#digest()
  }

  async #digest(): Promise<void> {
    await this.#chain.digest()
    // For what nobody had when it was asked for, the next look around is soon enough.
    if (this.#chain.isBehind && this.#questions.hasUnasked) void this.#questions.ask()
  }

  /** A decision has been applied and written down. */
  #onRound(outcomes: readonly Outcome[], changed: ReadonlySet<string>): void {
    for (const outcome of outcomes) {
      this.#pool.remove(outcome.id)
      if (outcome.refusal === undefined) this.#counts.applied++
      else this.#counts.refused++
      this.#own.settle(outcome)
    }
    const { round, closedAtMs } = this.#chain.state.header
    this.#counts.decided++
    for (const id of this.#own.expired(closedAtMs)) this.#pool.remove(id)
    if (!this.#isRunning) return
    this.#questions.clear()
    this.#outbox.forgetBefore(round - ROUNDS_KEPT)
    this.#isSealDue = false
    this.#timers.cancel('seal')
    if (outcomes.length > 0) {
      this.#timers.set('seal', SEAL_MS, () => {
        this.#isSealDue = true
        this.#wake()
      })
    }
    // Others may be at work on the next round already: what they said can be judged now.
    this.#scp.reconsider(this.#scp.currentSlot)
    for (const listener of this.#listeners) listener(round, changed)
    this.#wake()
  }

  #before(round: number): Before | undefined {
    const { state } = this.#chain
    if (state.header.round !== round - 1) return undefined
    return { header: state.header, hash: this.#chain.hash, wasTried: (id) => this.#chain.wasTried(id) }
  }

  /** @returns whether it is new here */
  #offer(signed: SignedTransaction): boolean {
    if (this.#payloads.transaction(signed.id) !== undefined || this.#chain.wasTried(signed.id)) return false
    if (this.#pool.add(signed, this.#components.clock.nowMs()) !== undefined) return false
    this.#payloads.addTransaction(signed)
    this.#questions.got(signed.id)
    return true
  }

  #want(hashes: readonly string[]): void {
    this.#questions.wantPayloads(hashes.map(fromHex))
  }

  /** Takes in what a peer answered. Nothing of it is believed without a signature, a hash or a proof. */
  async #take(peer: string, reply: Reply): Promise<void> {
    if (!this.#isRunning) return
    for (const set of reply.quorumSets) this.#scp.receiveQuorumSet(set)
    let hasNews = false
    for (const bytes of reply.payloads) {
      const taken = this.#payloads.take(bytes, (hash) => this.#questions.wants(hash))
      if (taken === undefined) continue
      const isWanted = this.#questions.wants(taken.hash)
      this.#questions.got(taken.hash)
      // One that a round names is kept even where the pool is full.
      if (taken.kind === 'transaction' && !this.#offer(taken.signed) && isWanted)
        this.#payloads.addTransaction(taken.signed)
      hasNews = true
    }
    for (const envelope of reply.envelopes) this.receive(envelope, peer)
    if (hasNews) this.#scp.reconsider(this.#scp.currentSlot)
    if (reply.currentSlot > this.#scp.currentSlot) await this.#catchUp(peer, reply.currentSlot - 1)
    await this.#digest()
    this.#wake()
    if (hasNews && this.#questions.isWaiting) void this.#questions.ask({}, peer)
  }

  /** Moves to a later round on the proof that an earlier one was decided. */
  async #catchUp(peer: string, round: number): Promise<void> {
    const { link, verifyEnvelope: verify, clock, logger } = this.#components
    const { signal } = this.#stopping
    const value = await askForDecision(peer, round, {
      ...{ link, clock, signal, verify },
      quorumSet: this.#quorumSet
    })
    if (value === undefined || round < this.#scp.currentSlot) return
    if (value === 'unproved') {
      return logger.info('a peer gave no proof for the round that it claims', { peer, round })
    }
    logger.info('caught up with the field', { from: this.#scp.currentSlot, to: round + 1 })
    this.#scp.moveTo(round + 1)
    this.#slotSinceMs = clock.monotonicMs()
    this.#activeSinceMs = undefined
    this.#chain.decided(round, value)
  }

  /** Not more often than this: whoever answers with more such statements would have this node ask without end. */
  #askAhead(from: string | undefined): void {
    if (this.#timers.has('ahead')) return
    this.#timers.set('ahead', REPAIR_MS, () => {})
    void this.#questions.ask({ fromSlot: this.#scp.currentSlot }, from)
  }

  #repairLater(): void {
    const { clock, random } = this.#components
    this.#isRepairFar = !this.#isBusy()
    const delayMs = this.#isRepairFar ? IDLE_QUESTION_MS : REPAIR_MS
    this.#timers.set('repair', delayMs * (0.75 + random.unit() / 2), () => {
      void this.#questions.ask({ fromSlot: this.#scp.currentSlot })
      // Transactions that were announced and that nobody has.
      if (this.#activeSinceMs === undefined && !this.#chain.isBehind) this.#questions.clear()
      this.#pool.expire(clock.nowMs())
      this.#own.giveUp()
      for (const signed of this.#own.waiting()) this.#outgoing.add(signed)
      this.#wake()
      this.#repairLater()
    })
  }

  #isBusy(): boolean {
    const isUnderWay = this.#activeSinceMs !== undefined || this.#pool.size > 0
    return isUnderWay || this.#chain.isBehind || this.#questions.isWaiting
  }

  /** Outcomes that a slot may have in the round that is under way. */
  #candidates(id: string): Candidate[] {
    const scp = this.#scp as Scp | undefined
    if (scp === undefined || this.#chain.isBehind) return []
    const round = scp.currentSlot
    const { state } = this.#chain
    if (state.header.round !== round - 1) return []
    return this.#superposition.of(id, state, scp.stateFor(round))
  }

  #payloadsOf(record: SlotRecord): Map<string, Uint8Array> {
    const own = [record.nomination, record.ballot].flatMap((envelope) => optional(envelope))
    const found = new Map<string, Uint8Array>()
    const add = (hash: string): void => {
      if (this.#journal.hasPayload(hash)) return
      const wire = this.#payloads.wire(hash)
      if (wire !== undefined) found.set(hash, wire)
    }
    for (const value of own.flatMap(({ statement }) => statementValues(statement))) {
      const batch = toHex(decodeRoundValue(value).batch)
      add(batch)
      for (const id of this.#payloads.batch(batch) ?? []) add(id)
    }
    return found
  }

  #maySay(envelope: Envelope): boolean {
    return envelope.statement.nodeId !== this.#init.self || this.#outbox.isDurable(envelope)
  }

  #halt(error: unknown): void {
    if (this.#halted !== undefined) return
    this.#halted = error instanceof Error ? error.message : String(error)
    this.#components.logger.warn(
      'this validator votes no more on the field: it cannot write down what it says',
      { error }
    )
  }
}

const decidedBefore = (): FieldError =>
  new FieldError('CHANGE_UNDECIDED', 'This change was decided on before; look at the slot to see how.')

const notTaken = (problem: PoolProblem): FieldError => {
  switch (problem) {
    case 'expired':
      return new FieldError('CHANGE_EXPIRED', 'The change expired before it came here. Sign it again.')
    case 'too-long-lived':
      return new FieldError('BAD_SLOT_VALUE', 'The change expires too late: check the clock of its author.')
    default:
      return new FieldError('FIELD_BUSY', 'Too many changes wait for a decision; try again in a moment.')
  }
}

const timerName = (slot: number, timer: TimerKind): string => `${slot} ${timer}`
