// The local node's own ballots in one slot and the transitions between them
// (draft-mazieres-dinrg-scp section 3.5; stellar-core #925, #1767, #1768). It does not know other nodes' statements.

import {
  areCompatible,
  compareBallots,
  INFINITE_COUNTER,
  isLessAndCompatible,
  isLessAndIncompatible
} from './ballot-order.ts'
import { ScpError } from './errors.ts'
import type { Ballot, BallotStatement, Hash, NodeId, SlotIndex, Value } from './types.ts'

export type BallotPhase = 'prepare' | 'confirm' | 'externalize'

/** The ballot of an own statement before there is one: this node counts it but never sends it. */
const NO_BALLOT: Ballot = { counter: 0, value: new Uint8Array() }

export class BallotState {
  #phase: BallotPhase = 'prepare'
  #current: Ballot | undefined
  #prepared: Ballot | undefined
  #preparedPrime: Ballot | undefined
  #high: Ballot | undefined
  #commit: Ballot | undefined
  #valueOverride: Value | undefined

  get phase(): BallotPhase {
    return this.#phase
  }

  /** b: the ballot that the node tries to prepare and commit. */
  get current(): Ballot | undefined {
    return this.#current
  }

  /** p: the highest ballot accepted as prepared. */
  get prepared(): Ballot | undefined {
    return this.#prepared
  }

  /** p': the highest ballot accepted as prepared that is incompatible with p. */
  get preparedPrime(): Ballot | undefined {
    return this.#preparedPrime
  }

  /** h: in PREPARE the highest ballot confirmed as prepared, later the highest accepted or confirmed commit. */
  get high(): Ballot | undefined {
    return this.#high
  }

  /** c: the lowest ballot voted, accepted or confirmed to be committed. */
  get commit(): Ballot | undefined {
    return this.#commit
  }

  /** The value of a ballot confirmed as prepared; from then on it overrides nomination. */
  get valueOverride(): Value | undefined {
    return this.#valueOverride
  }

  /** Step 1: stores `ballot` in p or p', and clears c if p or p' aborts it. @returns whether p or p' changed */
  acceptPrepared(ballot: Ballot): boolean {
    if (!this.#keepPrepared(ballot)) return false
    if (this.#commit !== undefined && this.#isHighAborted()) {
      this.#require(this.#phase === 'prepare', 'c given up after a commit was accepted')
      this.#commit = undefined
    }
    return true
  }

  #keepPrepared(ballot: Ballot): boolean {
    const prepared = this.#prepared
    const order = prepared === undefined ? -1 : compareBallots(prepared, ballot)
    if (order < 0) {
      if (prepared !== undefined && !areCompatible(prepared, ballot)) this.#preparedPrime = prepared
      this.#prepared = ballot
      return true
    }
    if (order === 0 || areCompatible(prepared!, ballot)) return false
    if (this.#preparedPrime !== undefined && compareBallots(this.#preparedPrime, ballot) >= 0) return false
    this.#preparedPrime = ballot
    return true
  }

  #isHighAborted(): boolean {
    const high = this.#high!
    return [this.#prepared, this.#preparedPrime].some(
      (p) => p !== undefined && isLessAndIncompatible(high, p)
    )
  }

  /** True if the node may still vote to commit ballots that are confirmed as prepared up to `high`. */
  mayVoteToCommit(high: Ballot): boolean {
    return (
      this.#commit === undefined &&
      ![this.#prepared, this.#preparedPrime].some((p) => p !== undefined && isLessAndIncompatible(high, p))
    )
  }

  /** Steps 2, 3 and 8. `commit` is the new c, if any. @returns whether anything changed */
  confirmPrepared(commit: Ballot | undefined, high: Ballot): boolean {
    let moved = false
    this.#valueOverride = high.value
    if (this.#current === undefined || areCompatible(this.#current, high)) {
      if (this.#high === undefined || compareBallots(high, this.#high) > 0) {
        this.#high = high
        moved = true
      }
      if (commit !== undefined) {
        this.#commit = commit
        moved = true
      }
    }
    return this.#raiseTo(high) || moved
  }

  /** Steps 4, 6 and 8. @returns whether anything changed */
  acceptCommit(commit: Ballot, high: Ballot): boolean {
    let moved = false
    this.#valueOverride = high.value
    if (!isSame(this.#commit, commit) || !isSame(this.#high, high)) {
      this.#commit = commit
      this.#high = high
      moved = true
    }
    if (this.#phase === 'prepare') {
      this.#phase = 'confirm'
      if (this.#current !== undefined && !isLessAndCompatible(high, this.#current)) this.bumpTo(high)
      this.#keepPreparedOf(high)
      moved = true
    }
    if (moved) this.#raiseTo(high)
    return moved
  }

  /**
   * From here on p has the committed value, and there is no p'. An accepted commit implies that its ballot is prepared,
   * so only a node that Byzantine nodes can block gets here with another p.
   */
  #keepPreparedOf(high: Ballot): void {
    const candidates = [this.#prepared, this.#preparedPrime, high].filter((ballot) => ballot !== undefined)
    this.#prepared = candidates
      .filter((ballot) => areCompatible(ballot, high))
      .reduce((best, ballot) => (ballot.counter > best.counter ? ballot : best))
    this.#preparedPrime = undefined
  }

  /** Steps 7 and 8. */
  confirmCommit(commit: Ballot, high: Ballot): void {
    this.#commit = commit
    this.#high = high
    this.#raiseTo(high)
    this.#phase = 'externalize'
  }

  #raiseTo(ballot: Ballot): boolean {
    if (this.#current !== undefined && compareBallots(this.#current, ballot) >= 0) return false
    this.bumpTo(ballot)
    return true
  }

  /** True if `ballot` is ahead of b and does not abandon a vote to commit. */
  mayBumpTo(ballot: Ballot): boolean {
    if (this.#phase === 'externalize' || ballot.counter > INFINITE_COUNTER) return false
    if (this.#commit !== undefined && !areCompatible(this.#commit, ballot)) return false
    return this.#current === undefined || compareBallots(this.#current, ballot) < 0
  }

  /** Sets b; clears h and c if they have another value. */
  bumpTo(ballot: Ballot): void {
    this.#current = ballot
    if (this.#high !== undefined && !areCompatible(this.#high, ballot)) {
      this.#high = undefined
      this.#commit = undefined
    }
  }

  /** @throws {ScpError} 'invariant-broken' */
  assertInvariants(): void {
    const { current, prepared, preparedPrime, high, commit, phase } = this
    this.#require(current === undefined || current.counter > 0, 'b has counter 0')
    if (preparedPrime !== undefined) {
      this.#require(
        prepared !== undefined && isLessAndIncompatible(preparedPrime, prepared),
        "p' < p and p' !~ p"
      )
    }
    if (high !== undefined) {
      this.#require(current !== undefined && isLessAndCompatible(high, current), 'h <= b and h ~ b')
    }
    if (commit !== undefined) {
      this.#require(high !== undefined && isLessAndCompatible(commit, high), 'c <= h and c ~ h')
    }
    if (phase !== 'prepare')
      this.#require(prepared !== undefined && commit !== undefined, `${phase} without p or c`)
  }

  #require(holds: boolean, rule: string): void {
    if (!holds) throw new ScpError('invariant-broken', rule)
  }

  /** The statement of this state. Before there is a ballot (counter 0), it is only for the node itself. */
  toStatement(nodeId: NodeId, slotIndex: SlotIndex, quorumSetHash: Hash): BallotStatement {
    this.assertInvariants()
    const author = { nodeId, slotIndex, quorumSetHash }
    const commitCounter = this.#commit?.counter ?? 0
    const highCounter = this.#high?.counter ?? 0
    switch (this.#phase) {
      case 'prepare':
        return {
          type: 'prepare',
          ...author,
          ballot: this.#current ?? NO_BALLOT,
          prepared: this.#prepared,
          preparedPrime: this.#preparedPrime,
          commitCounter,
          highCounter
        }
      case 'confirm':
        return {
          type: 'confirm',
          ...author,
          ballot: this.#current!,
          preparedCounter: this.#prepared!.counter,
          commitCounter,
          highCounter
        }
      case 'externalize':
        return {
          type: 'externalize',
          nodeId,
          slotIndex,
          commit: this.#commit!,
          highCounter,
          commitQuorumSetHash: quorumSetHash
        }
    }
  }

  /** The state that produced `statement`. Restores the value override from h, or from c if committed. */
  static fromStatement(statement: BallotStatement): BallotState {
    const state = new BallotState()
    state.#phase = statement.type
    switch (statement.type) {
      case 'prepare': {
        const { ballot, commitCounter, highCounter } = statement
        state.#current = ballot
        state.#prepared = statement.prepared
        state.#preparedPrime = statement.preparedPrime
        if (highCounter > 0) state.#high = { counter: highCounter, value: ballot.value }
        if (commitCounter > 0) state.#commit = { counter: commitCounter, value: ballot.value }
        break
      }
      case 'confirm': {
        const { value } = statement.ballot
        state.#current = statement.ballot
        state.#prepared = { counter: statement.preparedCounter, value }
        state.#high = { counter: statement.highCounter, value }
        state.#commit = { counter: statement.commitCounter, value }
        break
      }
      case 'externalize': {
        const { value } = statement.commit
        state.#current = { counter: INFINITE_COUNTER, value }
        state.#prepared = state.#current
        state.#high = { counter: statement.highCounter, value }
        state.#commit = statement.commit
      }
    }
    state.#valueOverride = state.#high?.value
    return state
  }
}

function isSame(a: Ballot | undefined, b: Ballot): boolean {
  return a !== undefined && compareBallots(a, b) === 0
}
