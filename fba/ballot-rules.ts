// What a ballot statement pledges: the predicates that federated voting counts, and the ballots and
// counters worth asking about (draft-mazieres-dinrg-scp section 3.5).

import { compareBallots, INFINITE_COUNTER, areCompatible, isLessAndCompatible } from './ballot-order.ts'
import { equalBytes } from './bytes.ts'
import type { Ballot, BallotStatement, PrepareStatement, Value } from './types.ts'

/** Counters low..high of one value, inclusive. */
export interface CommitInterval {
  readonly low: number
  readonly high: number
}

export function votesToPrepare(statement: BallotStatement, ballot: Ballot): boolean {
  switch (statement.type) {
    case 'prepare':
      return isLessAndCompatible(ballot, statement.ballot)
    case 'confirm':
      return areCompatible(ballot, statement.ballot)
    case 'externalize':
      return areCompatible(ballot, statement.commit)
  }
}

export function acceptsPrepared(statement: BallotStatement, ballot: Ballot): boolean {
  switch (statement.type) {
    case 'prepare':
      return [statement.prepared, statement.preparedPrime].some(
        (accepted) => accepted !== undefined && isLessAndCompatible(ballot, accepted)
      )
    case 'confirm':
      return areCompatible(ballot, statement.ballot) && ballot.counter <= statement.preparedCounter
    case 'externalize':
      return areCompatible(ballot, statement.commit)
  }
}

export function votesToCommit(
  statement: BallotStatement,
  value: Value,
  { low, high }: CommitInterval
): boolean {
  switch (statement.type) {
    case 'prepare':
      return (
        equalBytes(statement.ballot.value, value) &&
        statement.commitCounter > 0 &&
        statement.commitCounter <= low &&
        high <= statement.highCounter
      )
    case 'confirm':
      return equalBytes(statement.ballot.value, value) && statement.commitCounter <= low
    case 'externalize':
      return equalBytes(statement.commit.value, value) && statement.commit.counter <= low
  }
}

export function acceptsCommit(
  statement: BallotStatement,
  value: Value,
  { low, high }: CommitInterval
): boolean {
  switch (statement.type) {
    case 'prepare':
      return false
    case 'confirm':
      return (
        equalBytes(statement.ballot.value, value) &&
        statement.commitCounter <= low &&
        high <= statement.highCounter
      )
    case 'externalize':
      return equalBytes(statement.commit.value, value) && statement.commit.counter <= low
  }
}

/** The value that `hint` votes or accepts to commit, if any. */
export function committedValue(hint: BallotStatement): Value | undefined {
  switch (hint.type) {
    case 'prepare':
      return hint.commitCounter > 0 ? hint.ballot.value : undefined
    case 'confirm':
      return hint.ballot.value
    case 'externalize':
      return hint.commit.value
  }
}

/**
 * Ballots that `hint` may have made prepared, highest first: for each ballot that the hint names, all ballots of the
 * same value, up to it, that other statements name.
 */
export function prepareCandidates(hint: BallotStatement, statements: readonly BallotStatement[]): Ballot[] {
  const candidates: Ballot[] = []
  for (const top of ballotsNamed(hint)) {
    for (const statement of statements) addCandidatesUpTo(top, statement, candidates)
  }
  return candidates.sort((a, b) => compareBallots(b, a))
}

function ballotsNamed(hint: BallotStatement): Ballot[] {
  switch (hint.type) {
    case 'prepare':
      return preparesOf(hint)
    case 'confirm':
      return [hint.preparedCounter, INFINITE_COUNTER].map((counter) => ({
        counter,
        value: hint.ballot.value
      }))
    case 'externalize':
      return [{ counter: INFINITE_COUNTER, value: hint.commit.value }]
  }
}

/** The ballots of a PREPARE, without the counter 0 that a node without a ballot states to itself. */
function preparesOf({ ballot, prepared, preparedPrime }: PrepareStatement): Ballot[] {
  const named = ballot.counter > 0 ? [ballot] : []
  if (prepared !== undefined) named.push(prepared)
  if (preparedPrime !== undefined) named.push(preparedPrime)
  return named
}

function addCandidatesUpTo(top: Ballot, statement: BallotStatement, candidates: Ballot[]): void {
  switch (statement.type) {
    case 'prepare':
      for (const ballot of preparesOf(statement)) {
        if (isLessAndCompatible(ballot, top)) addOnce(candidates, ballot)
      }
      break
    case 'confirm':
      if (!areCompatible(top, statement.ballot)) break
      addOnce(candidates, top)
      if (statement.preparedCounter < top.counter) {
        addOnce(candidates, { counter: statement.preparedCounter, value: top.value })
      }
      break
    case 'externalize':
      if (areCompatible(top, statement.commit)) addOnce(candidates, top)
  }
}

/** A linear scan is faster than sorting: most nodes name the same few ballots. */
function addOnce(ballots: Ballot[], ballot: Ballot): void {
  if (!ballots.some((other) => compareBallots(other, ballot) === 0)) ballots.push(ballot)
}

/** Counters at which a statement's commit interval of `value` begins or ends, highest first. */
export function commitBoundaries(value: Value, statements: readonly BallotStatement[]): number[] {
  const counters = new Set<number>()
  for (const statement of statements) {
    const committed = committedValue(statement)
    if (committed === undefined || !equalBytes(committed, value)) continue
    if (statement.type === 'externalize') {
      counters.add(statement.commit.counter).add(statement.highCounter).add(INFINITE_COUNTER)
    } else {
      counters.add(statement.commitCounter).add(statement.highCounter)
    }
  }
  return [...counters].sort((a, b) => b - a)
}

/** Of the intervals between `boundaries` for which `holds`, the one with the highest end, then the lowest start. */
export function highestInterval(
  boundaries: readonly number[],
  holds: (interval: CommitInterval) => boolean
): CommitInterval | undefined {
  let found: CommitInterval | undefined
  for (const counter of boundaries) {
    const interval: CommitInterval = { low: counter, high: found?.high ?? counter }
    if (holds(interval)) found = interval
    else if (found !== undefined) break
  }
  return found
}
