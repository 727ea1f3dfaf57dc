// Nomination (draft-mazieres-dinrg-scp section 3.4): from the values that nodes propose to a set of confirmed
// candidates. The ballots start with their combination.

import { equalBytes } from './bytes.ts'
import { FederatedVoting } from './federated-voting.ts'
import { LeaderElection } from './leaders.ts'
import { MAX_NOMINATION_VALUES } from './limits.ts'
import type { SlotContext } from './slot-context.ts'
import { startTimer } from './slot-context.ts'
import { areStatementsEqual, isNewerStatement } from './statement.ts'
import type { Envelope, NominateStatement, NodeId, Value } from './types.ts'
import { ValueSet } from './value-set.ts'

const UNSIGNED = new Uint8Array()

export class Nomination {
  readonly #context: SlotContext
  readonly #onComposite: (composite: Value) => void
  readonly #voting: FederatedVoting<NominateStatement>
  readonly #votes = new ValueSet()
  readonly #accepted = new ValueSet()
  readonly #candidates = new ValueSet()
  #started = false
  #election: LeaderElection | undefined
  #resumeRound = 0
  #roundsBegun = 0
  #composite: Value | undefined
  #lastEmitted: Envelope<NominateStatement> | undefined

  /** @param onComposite - called with each new combination of the candidates */
  constructor(context: SlotContext, onComposite: (composite: Value) => void) {
    this.#context = context
    this.#onComposite = onComposite
    this.#voting = new FederatedVoting(context.quorumSet, context.quorumSetOf)
  }

  get composite(): Value | undefined {
    return this.#composite
  }

  get leaders(): ReadonlySet<NodeId> {
    return this.#election?.leaders ?? new Set()
  }

  get round(): number {
    return this.#election?.round ?? this.#resumeRound
  }

  get lastEmitted(): Envelope<NominateStatement> | undefined {
    return this.#lastEmitted
  }

  latestOf(node: NodeId): Envelope<NominateStatement> | undefined {
    return this.#voting.get(node)
  }

  envelopes(): Envelope<NominateStatement>[] {
    return this.#voting.envelopes()
  }

  /**
   * Begins nominating, or advances to the next round. Has no effect once there is a candidate: from then on a node
   * votes for no new values.
   * @returns whether there are new votes
   */
  nominate(value: Value, previousValue: Value): boolean {
    if (this.#candidates.size > 0) return false
    const isFirstRound = !this.#started
    this.#started = true
    const isResumed = this.#election === undefined && this.#resumeRound > 0
    const election = (this.#election ??= this.#newElection(previousValue))
    if (!isResumed) election.nextRound()
    let updated = false
    for (const leader of election.leaders) {
      const nomination = this.#voting.get(leader)
      if (leader !== this.#context.localNode && nomination !== undefined) {
        updated = this.#echo(nomination.statement, election) || updated
      }
    }
    if (election.leaders.has(this.#context.localNode) && this.#votes.size === 0) {
      updated = this.#vote(value) || updated
    }
    // Counts only rounds that were waited for: skipped rounds must not make the next ones longer.
    startTimer(this.#context, 'nomination', ++this.#roundsBegun, () => {
      if (this.#started) this.nominate(value, previousValue)
    })
    if (updated) this.#publish()
    // Statements that arrived before the start were only recorded.
    if (isFirstRound) this.reconsider()
    return updated
  }

  /** Ends all rounds and drops the nominations: the slot is decided and does not need them. */
  stop(): void {
    this.#started = false
    this.#voting.clear()
    this.#context.driver.stopTimer(this.#context.slotIndex, 'nomination')
  }

  /** Processes a nomination that is sane, newer than its author's last one, and signed by it. */
  process(envelope: Envelope<NominateStatement>): void {
    this.#voting.record(envelope)
    this.#advance(envelope.statement)
  }

  /** Evaluates all statements again after a missing value or quorum set has arrived. */
  reconsider(): void {
    for (const statement of this.#voting.statements()) this.#advance(statement)
  }

  /** Sends the latest own nomination if it was held back. */
  emitPending(): void {
    const own = this.#voting.get(this.#context.localNode)
    if (own !== undefined) this.#emit(own.statement)
  }

  /** Continues from an earlier run; the next call of `nominate` continues in `round`. */
  restore(envelope: Envelope<NominateStatement> | undefined, round: number): void {
    this.#resumeRound = round
    if (envelope === undefined) return
    this.#voting.record(envelope)
    this.#lastEmitted = envelope
    for (const value of envelope.statement.votes) this.#votes.add(value)
    for (const value of envelope.statement.accepted) this.#accepted.add(value)
  }

  #newElection(previousValue: Value): LeaderElection {
    const { slotIndex, localNode, quorumSet, driver } = this.#context
    const election = new LeaderElection({
      slotIndex,
      previousValue,
      localNode,
      quorumSet,
      sha256: (bytes) => driver.sha256(bytes),
      weightOf: driver.nodeWeight && ((node, set) => driver.nodeWeight!(node, set))
    })
    election.resume(this.#resumeRound)
    return election
  }

  #advance(hint: NominateStatement): void {
    if (!this.#started) return
    let modified = false
    for (const value of hint.votes) {
      if (!this.#accepted.has(value) && this.#isAccepted(value)) modified = this.#accept(value) || modified
    }
    const newCandidates = this.#confirmCandidates()
    if (this.#candidates.size === 0 && this.#election?.leaders.has(hint.nodeId)) {
      modified = this.#echo(hint, this.#election) || modified
    }
    if (modified) this.#publish()
    if (newCandidates) this.#combine()
  }

  #isAccepted(value: Value): boolean {
    return this.#voting.accepts(
      (statement) => contains(statement.votes, value),
      (statement) => contains(statement.accepted, value)
    )
  }

  #accept(value: Value): boolean {
    if (this.#validity(value) !== 'valid') {
      const variation = this.#extract(value)
      return variation !== undefined && this.#vote(variation)
    }
    // Accepts only what fits: other nodes would refuse a longer nomination.
    const hasRoom = this.#accepted.size < MAX_NOMINATION_VALUES
    if (!hasRoom || (!this.#votes.has(value) && this.#votes.size >= MAX_NOMINATION_VALUES)) return false
    this.#accepted.add(value)
    this.#votes.add(value)
    return true
  }

  #confirmCandidates(): boolean {
    let found = false
    for (const value of this.#accepted.toArray()) {
      if (this.#candidates.has(value)) continue
      if (this.#voting.ratifies((statement) => contains(statement.accepted, value))) {
        this.#candidates.add(value)
        found = true
      }
    }
    if (found) this.#context.driver.stopTimer(this.#context.slotIndex, 'nomination')
    return found
  }

  #combine(): void {
    const { driver, slotIndex } = this.#context
    this.#composite = driver.combineCandidates(slotIndex, this.#candidates.toArray())
    driver.compositeUpdated?.(slotIndex, this.#composite)
    this.#onComposite(this.#composite)
  }

  /** Votes for at most one new value of a leader: first from those that it accepted, then from its votes. */
  #echo(nomination: NominateStatement, election: LeaderElection): boolean {
    for (const offered of [nomination.accepted, nomination.votes]) {
      const votable = offered.map((value) => this.#votable(value)).filter((value) => value !== undefined)
      if (votable.length === 0) continue
      const ranked = votable
        .filter((value) => !this.#votes.has(value))
        .map((value) => ({ value, priority: election.valuePriority(value) }))
      if (ranked.length === 0) return false
      return this.#vote(
        ranked.reduce((best, other) => (other.priority >= best.priority ? other : best)).value
      )
    }
    return false
  }

  #votable(value: Value): Value | undefined {
    return this.#validity(value) === 'valid' ? value : this.#extract(value)
  }

  #validity(value: Value) {
    return this.#context.driver.validate(this.#context.slotIndex, value, true)
  }

  #extract(value: Value): Value | undefined {
    return this.#context.driver.extractValid?.(this.#context.slotIndex, value)
  }

  #vote(value: Value): boolean {
    if (this.#votes.size >= MAX_NOMINATION_VALUES || !this.#votes.add(value)) return false
    this.#context.driver.nominating?.(this.#context.slotIndex, value)
    return true
  }

  /** Records our own new statement, which may trigger further ones, and sends the final one. */
  #publish(): void {
    const { localNode, slotIndex, quorumSetHash } = this.#context
    const statement: NominateStatement = {
      type: 'nominate',
      nodeId: localNode,
      slotIndex,
      quorumSetHash,
      votes: this.#votes.toArray(),
      accepted: this.#accepted.toArray()
    }
    this.#voting.record({ statement, signature: UNSIGNED })
    this.#advance(statement)
    // A node that is a quorum by itself has already decided and dropped its nomination.
    const own = this.#voting.get(localNode)?.statement
    if (own !== undefined && areStatementsEqual(own, statement)) this.#emit(statement)
  }

  #emit(statement: NominateStatement): void {
    const last = this.#lastEmitted?.statement
    if (last !== undefined && !isNewerStatement(last, statement)) return
    if (!this.#context.mayEmit(statement)) return
    const envelope = this.#context.emit(statement) as Envelope<NominateStatement>
    this.#lastEmitted = envelope
    this.#voting.record(envelope)
  }
}

function contains(values: readonly Value[], value: Value): boolean {
  return values.some((other) => equalBytes(other, value))
}
