// Checks of statements: well-formed, newer than another, in contradiction with another.

import {
  areCompatible,
  compareBallots,
  compareOptionalBallots,
  INFINITE_COUNTER,
  isLessAndIncompatible
} from './ballot-order.ts'
import { compareBytes, equalBytes } from './bytes.ts'
import { encodeStatement } from './encoding.ts'
import { MAX_NOMINATION_VALUES, MAX_VALUE_BYTES } from './limits.ts'
import { isNodeId } from './quorum-set.ts'
import type {
  Ballot,
  BallotStatement,
  ConfirmStatement,
  Hash,
  NominateStatement,
  PrepareStatement,
  Statement,
  Value
} from './types.ts'

/** Hash of the quorum set that the author used, up to and including its decision. */
export function companionQuorumSetHash(statement: Statement): Hash {
  return statement.type === 'externalize' ? statement.commitQuorumSetHash : statement.quorumSetHash
}

/** The ballot of a statement; after this node has externalized, it compares the value of this ballot. */
export function workingBallot(statement: BallotStatement): Ballot {
  switch (statement.type) {
    case 'prepare':
      return statement.ballot
    case 'confirm':
      return { counter: statement.commitCounter, value: statement.ballot.value }
    case 'externalize':
      return statement.commit
  }
}

/** The author's counter; an EXTERNALIZE is at infinity. */
export function ballotCounter(statement: BallotStatement): number {
  return statement.type === 'externalize' ? INFINITE_COUNTER : statement.ballot.counter
}

/** Every value that a statement names: these are validated, and their payloads are fetched. */
export function statementValues(statement: Statement): Value[] {
  switch (statement.type) {
    case 'nominate':
      return [...statement.votes, ...statement.accepted]
    case 'prepare':
      return ballotsOf(statement).map((ballot) => ballot.value)
    case 'confirm':
      return [statement.ballot.value]
    case 'externalize':
      return [statement.commit.value]
  }
}

function ballotsOf(statement: PrepareStatement): Ballot[] {
  return [statement.ballot, statement.prepared, statement.preparedPrime].filter((b) => b !== undefined)
}

/** The highest finite counter in the statement, or 0; the age of the slot bounds it. */
export function highestFiniteCounter(statement: Statement): number {
  return Math.max(0, ...countersOf(statement).filter((counter) => counter !== INFINITE_COUNTER))
}

function countersOf(statement: Statement): number[] {
  switch (statement.type) {
    case 'nominate':
      return []
    case 'prepare':
      return ballotsOf(statement).map((ballot) => ballot.counter)
    case 'confirm':
      return [statement.ballot.counter, statement.preparedCounter, statement.highCounter]
    case 'externalize':
      return [statement.commit.counter, statement.highCounter]
  }
}

/** True if a statement obeys all rules that can be checked on the statement alone. */
export function isStatementSane(statement: Statement): boolean {
  return (
    isNodeId(statement.nodeId) &&
    Number.isSafeInteger(statement.slotIndex) &&
    statement.slotIndex >= 0 &&
    /^[0-9a-f]{64}$/.test(companionQuorumSetHash(statement)) &&
    countersOf(statement).every(isCounter) &&
    statementValues(statement).every((value) => value.length > 0 && value.length <= MAX_VALUE_BYTES) &&
    isPledgeSane(statement)
  )
}

function isCounter(counter: number): boolean {
  return Number.isInteger(counter) && counter >= 0 && counter <= INFINITE_COUNTER
}

function isPledgeSane(statement: Statement): boolean {
  switch (statement.type) {
    case 'nominate':
      return isNominationSane(statement)
    case 'prepare':
      return isPrepareSane(statement)
    case 'confirm':
      return (
        statement.ballot.counter > 0 &&
        statement.commitCounter > 0 &&
        statement.commitCounter <= statement.highCounter &&
        statement.highCounter <= statement.ballot.counter
      )
    case 'externalize':
      return statement.commit.counter > 0 && statement.highCounter >= statement.commit.counter
  }
}

function isNominationSane({ votes, accepted }: NominateStatement): boolean {
  return (
    votes.length + accepted.length > 0 &&
    [votes, accepted].every((list) => list.length <= MAX_NOMINATION_VALUES && isStrictlyAscending(list))
  )
}

function isStrictlyAscending(values: readonly Value[]): boolean {
  return values.every((value, i) => i === 0 || compareBytes(values[i - 1], value) < 0)
}

function isPrepareSane(statement: PrepareStatement): boolean {
  const { ballot, prepared, preparedPrime, commitCounter, highCounter } = statement
  if (ballot.counter === 0 || !isCounter(commitCounter) || !isCounter(highCounter)) return false
  if (prepared?.counter === 0 || preparedPrime?.counter === 0) return false
  if (preparedPrime !== undefined) {
    if (prepared === undefined || !isLessAndIncompatible(preparedPrime, prepared)) return false
  }
  if (highCounter > (prepared?.counter ?? 0)) return false
  return commitCounter === 0 || (commitCounter <= highCounter && highCounter <= ballot.counter)
}

/**
 * True if `next` supersedes `previous`, both of one author, slot and protocol. Nominations grow as sets.
 * Ballot statements are totally ordered: PREPARE < CONFIRM < EXTERNALIZE, then by (b, p, p', h).
 */
export function isNewerStatement(previous: Statement, next: Statement): boolean {
  if (previous.type === 'nominate' || next.type === 'nominate') {
    return previous.type === 'nominate' && next.type === 'nominate' && hasGrown(previous, next)
  }
  return compareRank(previous, next) < 0
}

function hasGrown(previous: NominateStatement, next: NominateStatement): boolean {
  const grew = next.votes.length > previous.votes.length || next.accepted.length > previous.accepted.length
  return grew && isSubset(previous.votes, next.votes) && isSubset(previous.accepted, next.accepted)
}

function isSubset(part: readonly Value[], whole: readonly Value[]): boolean {
  return part.every((value) => whole.some((other) => equalBytes(value, other)))
}

const TYPE_RANK = { prepare: 0, confirm: 1, externalize: 2 }

function compareRank(a: BallotStatement, b: BallotStatement): number {
  if (a.type === 'prepare' && b.type === 'prepare') return comparePrepares(a, b)
  if (a.type === 'confirm' && b.type === 'confirm') return compareConfirms(a, b)
  return TYPE_RANK[a.type] - TYPE_RANK[b.type]
}

function comparePrepares(a: PrepareStatement, b: PrepareStatement): number {
  return (
    compareBallots(a.ballot, b.ballot) ||
    compareOptionalBallots(a.prepared, b.prepared) ||
    compareOptionalBallots(a.preparedPrime, b.preparedPrime) ||
    a.highCounter - b.highCounter
  )
}

function compareConfirms(a: ConfirmStatement, b: ConfirmStatement): number {
  return (
    compareBallots(a.ballot, b.ballot) ||
    a.preparedCounter - b.preparedCounter ||
    a.highCounter - b.highCounter
  )
}

export function areStatementsEqual(a: Statement, b: Statement): boolean {
  return a === b || (a.type === b.type && equalBytes(encodeStatement(a), encodeStatement(b)))
}

/**
 * True if no honest author can have signed both: nominations of which neither contains the other; different statements of
 * the same rank; two values after accepting a commit; an accepted prepared ballot that decreases while the ballot
 * increases.
 */
export function areContradictory(a: Statement, b: Statement): boolean {
  if (a.type === 'nominate' || b.type === 'nominate') {
    if (a.type !== b.type) return false
    return !areStatementsEqual(a, b) && !isNewerStatement(a, b) && !isNewerStatement(b, a)
  }
  if (a.type !== 'prepare' && b.type !== 'prepare' && !areCompatible(workingBallot(a), workingBallot(b))) {
    return true
  }
  const rank = compareRank(a, b)
  if (rank === 0) return !areStatementsEqual(a, b)
  if (a.type !== 'prepare' || b.type !== 'prepare') return false
  return compareOptionalBallots(a.prepared, b.prepared) * rank < 0
}
