// The ballot protocol of one slot (draft-mazieres-dinrg-scp section 3.5, in the order of stellar-core): from
// a composite value to a committed one. Every event runs the same steps, then sends at most one envelope.

import { areCompatible, compareBallots, isLessAndCompatible } from './ballot-order.ts'
import {
  acceptsCommit,
  acceptsPrepared,
  commitBoundaries,
  committedValue,
  highestInterval,
  prepareCandidates,
  votesToCommit,
  votesToPrepare
} from './ballot-rules.ts'
import { BallotState } from './ballot-state.ts'
import { equalBytes } from './bytes.ts'
import { ScpError } from './errors.ts'
import { FederatedVoting } from './federated-voting.ts'
import { MAX_TRANSITIONS_PER_EVENT } from './limits.ts'
import type { SlotContext } from './slot-context.ts'
import { startTimer } from './slot-context.ts'
import { areStatementsEqual, ballotCounter, isNewerStatement, workingBallot } from './statement.ts'
import type { Ballot, BallotStatement, Envelope, NodeId, Value } from './types.ts'

const UNSIGNED = new Uint8Array()

export interface BallotProtocolInit {
  readonly context: SlotContext
  /** The combination of confirmed candidates, while there is one. */
  readonly composite: () => Value | undefined
  readonly onExternalized: (value: Value) => void
}

export class BallotProtocol {
  readonly #init: BallotProtocolInit
  readonly #context: SlotContext
  readonly #voting: FederatedVoting<BallotStatement>
  #state = new BallotState()
  /** Depth of nested events: a statement of our own can trigger the next transition. */
  #depth = 0
  /** Counter at which a quorum was heard, for which the timer runs; 0 if there is none. */
  #heardAt = 0
  #decided: Value | undefined
  #lastEmitted: Envelope<BallotStatement> | undefined

  constructor(init: BallotProtocolInit) {
    this.#init = init
    this.#context = init.context
    this.#voting = new FederatedVoting(init.context.quorumSet, init.context.quorumSetOf)
  }

  get state(): Readonly<BallotState> {
    return this.#state
  }

  get lastEmitted(): Envelope<BallotStatement> | undefined {
    return this.#lastEmitted
  }

  latestOf(node: NodeId): Envelope<BallotStatement> | undefined {
    return this.#voting.get(node)
  }

  envelopes(): Envelope<BallotStatement>[] {
    return this.#voting.envelopes()
  }

  /** The statements for the decided value, which convinced this node; empty before the decision. */
  externalizingEnvelopes(): Envelope<BallotStatement>[] {
    const { phase, commit } = this.#state
    if (phase !== 'externalize') return []
    return this.envelopes().filter(({ statement }) => areCompatible(workingBallot(statement), commit!))
  }

  /** Whether a statement still counts: once decided, only those for the same value do. */
  admits(statement: BallotStatement): boolean {
    const { phase, commit } = this.#state
    return phase !== 'externalize' || areCompatible(workingBallot(statement), commit!)
  }

  /** Processes a statement that is sane, newer than its author's last one, admitted, and signed. */
  process(envelope: Envelope<BallotStatement>): void {
    this.#voting.record(envelope)
    if (this.#state.phase !== 'externalize') this.#advance(envelope.statement)
  }

  /** Starts with `value` unless there is a ballot already. @returns whether it started */
  start(value: Value): boolean {
    return this.#state.current === undefined && this.#bump(value, 1)
  }

  /** Abandons the current ballot for the next, as when its timer fires. @returns whether there is a new ballot */
  abandon(): boolean {
    return this.#abandonFor((this.#state.current?.counter ?? 0) + 1)
  }

  /** Evaluates all statements again after a missing value or quorum set has arrived. */
  reconsider(): void {
    for (const statement of this.#voting.statements()) {
      if (this.#state.phase !== 'externalize') this.#advance(statement)
    }
  }

  /** Sends the latest own statement if it was held back. */
  emitPending(): void {
    const own = this.#voting.get(this.#context.localNode)?.statement
    if (own === undefined || this.#state.current === undefined) return
    const last = this.#lastEmitted?.statement
    if (last !== undefined && !isNewerStatement(last, own)) return
    if (!this.#context.mayEmit(own)) return
    const envelope = this.#context.emit(own) as Envelope<BallotStatement>
    this.#lastEmitted = envelope
    this.#voting.record(envelope)
  }

  /** Continues from an earlier run. The timer starts again when a quorum is heard. */
  restore(envelope: Envelope<BallotStatement>, others: readonly Envelope<BallotStatement>[]): void {
    if (this.#state.current !== undefined) throw new ScpError('cannot-restore', 'the ballot has started')
    this.#state = BallotState.fromStatement(envelope.statement)
    this.#lastEmitted = envelope
    for (const recorded of [...others, envelope]) this.#voting.record(recorded)
  }

  #advance(hint: BallotStatement): void {
    this.#depth++
    try {
      if (this.#depth > MAX_TRANSITIONS_PER_EVENT) {
        throw new ScpError('too-many-transitions', `slot ${this.#context.slotIndex}`)
      }
      this.#attemptAcceptPrepared(hint)
      this.#attemptConfirmPrepared(hint)
      this.#attemptAcceptCommit(hint)
      this.#attemptConfirmCommit(hint)
      if (this.#depth === 1) {
        while (this.#attemptBump());
        this.#checkHeardFromQuorum()
      }
    } finally {
      this.#depth--
    }
    if (this.#depth === 0) this.#conclude()
  }

  /** Sends one envelope for all changes of an event, and only then reports that the slot is decided. */
  #conclude(): void {
    this.emitPending()
    const value = this.#decided
    this.#decided = undefined
    if (value !== undefined) this.#init.onExternalized(value)
  }

  #attemptAcceptPrepared(hint: BallotStatement): void {
    if (this.#state.phase === 'externalize') return
    const accepted = prepareCandidates(hint, this.#voting.statements()).find(
      (ballot) => this.#mayRaisePrepared(ballot) && this.#isPreparedAccepted(ballot)
    )
    if (accepted !== undefined && this.#state.acceptPrepared(accepted)) {
      this.#context.driver.preparedAccepted?.(this.#context.slotIndex, accepted)
      this.#publish()
    }
  }

  #mayRaisePrepared(ballot: Ballot): boolean {
    const { phase, prepared, preparedPrime } = this.#state
    if (phase === 'confirm' && !isLessAndCompatible(prepared!, ballot)) return false
    if (preparedPrime !== undefined && compareBallots(ballot, preparedPrime) <= 0) return false
    return prepared === undefined || !isLessAndCompatible(ballot, prepared)
  }

  #isPreparedAccepted(ballot: Ballot): boolean {
    return this.#voting.accepts(
      (statement) => votesToPrepare(statement, ballot),
      (statement) => acceptsPrepared(statement, ballot)
    )
  }

  #attemptConfirmPrepared(hint: BallotStatement): void {
    const { phase, prepared, high } = this.#state
    if (phase !== 'prepare' || prepared === undefined) return
    const candidates = prepareCandidates(hint, this.#voting.statements())
    const index = candidates.findIndex(
      (ballot) => (high === undefined || compareBallots(ballot, high) > 0) && this.#isPreparedRatified(ballot)
    )
    if (index < 0) return
    const newHigh = candidates[index]
    const newCommit = this.#lowestToCommit(candidates.slice(index))
    if (this.#state.confirmPrepared(newCommit, newHigh)) {
      this.#context.driver.preparedConfirmed?.(this.#context.slotIndex, newHigh)
      this.#publish()
    }
  }

  /** Step 3: from the new h down to b, the lowest ballot up to which all of h's value are confirmed as prepared. */
  #lowestToCommit(candidates: readonly Ballot[]): Ballot | undefined {
    const [newHigh] = candidates
    if (!this.#state.mayVoteToCommit(newHigh)) return undefined
    const { current } = this.#state
    let lowest: Ballot | undefined
    for (const ballot of candidates) {
      if (current !== undefined && compareBallots(ballot, current) < 0) break
      if (!areCompatible(ballot, newHigh)) continue
      if (!this.#isPreparedRatified(ballot)) break
      lowest = ballot
    }
    return lowest
  }

  #isPreparedRatified(ballot: Ballot): boolean {
    return this.#voting.ratifies((statement) => acceptsPrepared(statement, ballot))
  }

  #attemptAcceptCommit(hint: BallotStatement): void {
    const { phase, high } = this.#state
    const value = committedValue(hint)
    if (phase === 'externalize' || value === undefined) return
    if (phase === 'confirm' && !equalBytes(value, high!.value)) return
    const interval = highestInterval(commitBoundaries(value, this.#voting.statements()), (range) =>
      this.#voting.accepts(
        (statement) => votesToCommit(statement, value, range),
        (statement) => acceptsCommit(statement, value, range)
      )
    )
    if (interval === undefined || (phase === 'confirm' && interval.high <= high!.counter)) return
    const newHigh = { counter: interval.high, value }
    if (this.#state.acceptCommit({ counter: interval.low, value }, newHigh)) {
      this.#context.driver.commitAccepted?.(this.#context.slotIndex, newHigh)
      this.#publish()
    }
  }

  #attemptConfirmCommit(hint: BallotStatement): void {
    const { phase, commit } = this.#state
    if (phase !== 'confirm' || hint.type === 'prepare') return
    const { value } = commit!
    if (!equalBytes(workingBallot(hint).value, value)) return
    const interval = highestInterval(commitBoundaries(value, this.#voting.statements()), (range) =>
      this.#voting.ratifies((statement) => acceptsCommit(statement, value, range))
    )
    if (interval === undefined) return
    this.#state.confirmCommit({ counter: interval.low, value }, { counter: interval.high, value })
    this.#decided = value
    this.#publish()
  }

  /** Step 9: if a v-blocking set is ahead, bumps to the lowest counter at which none is ahead any more. */
  #attemptBump(): boolean {
    const { phase, current } = this.#state
    const counter = current?.counter ?? 0
    if (phase === 'externalize' || !this.#isVBlockingAheadOf(counter)) return false
    const counters = new Set(this.#voting.statements().map(ballotCounter))
    const target = [...counters]
      .filter((other) => other > counter)
      .sort((a, b) => a - b)
      .find((other) => !this.#isVBlockingAheadOf(other))
    return target !== undefined && this.#abandonFor(target)
  }

  #isVBlockingAheadOf(counter: number): boolean {
    return this.#voting.isVBlocking((statement) => ballotCounter(statement) > counter)
  }

  #abandonFor(counter: number): boolean {
    const value = this.#init.composite() ?? this.#state.current?.value
    return value !== undefined && this.#bump(value, counter)
  }

  #bump(value: Value, counter: number): boolean {
    const ballot: Ballot = { counter, value: this.#state.valueOverride ?? value }
    const isFirst = this.#state.current === undefined
    if (!this.#state.mayBumpTo(ballot)) return false
    this.#state.bumpTo(ballot)
    if (isFirst) this.#context.driver.ballotStarted?.(this.#context.slotIndex, ballot)
    this.#publish()
    this.#checkHeardFromQuorum()
    return true
  }

  /** Records our own new statement, which may trigger further transitions. `#conclude` sends the final one. */
  #publish(): void {
    const { localNode, slotIndex, quorumSetHash } = this.#context
    const statement = this.#state.toStatement(localNode, slotIndex, quorumSetHash)
    const previous = this.#voting.get(localNode)?.statement
    // h can change its value but keep its counter, and the statement contains only the counter.
    if (previous !== undefined && areStatementsEqual(previous, statement)) return
    if (previous !== undefined && !isNewerStatement(previous, statement)) {
      throw new ScpError('invariant-broken', `slot ${slotIndex}: an own statement would go back`)
    }
    this.#voting.record({ statement, signature: UNSIGNED })
    if (statement.type !== 'externalize') this.#advance(statement)
  }

  /** Runs the timer only while a quorum is at this counter or beyond (#1548). */
  #checkHeardFromQuorum(): void {
    const { current, phase } = this.#state
    const { driver, slotIndex } = this.#context
    if (current === undefined) return
    const isHeard = this.#voting.isQuorum(
      (statement) => statement.type !== 'prepare' || statement.ballot.counter >= current.counter
    )
    if (!isHeard || phase === 'externalize') {
      this.#heardAt = 0
      driver.stopTimer(slotIndex, 'ballot')
    } else if (this.#heardAt !== current.counter) {
      this.#heardAt = current.counter
      driver.heardFromQuorum?.(slotIndex, current)
      startTimer(this.#context, 'ballot', current.counter, () => this.abandon())
    }
  }
}
