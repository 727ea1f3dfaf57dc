// Order and compatibility of ballots (draft-mazieres-dinrg-scp section 3.5).

import { compareBytes, equalBytes } from './bytes.ts'
import type { Ballot } from './types.ts'

/** The counter above all attempts: an EXTERNALIZE is at this counter. */
export const INFINITE_COUNTER = 2 ** 32 - 1

/** Negative, zero or positive: by counter, then by value. */
export function compareBallots(a: Ballot, b: Ballot): number {
  return a.counter - b.counter || compareBytes(a.value, b.value)
}

/** Like {@link compareBallots}; undefined sorts below every ballot. */
export function compareOptionalBallots(a: Ballot | undefined, b: Ballot | undefined): number {
  if (a === undefined) return b === undefined ? 0 : -1
  return b === undefined ? 1 : compareBallots(a, b)
}

export function areCompatible(a: Ballot, b: Ballot): boolean {
  return equalBytes(a.value, b.value)
}

export function isLessAndCompatible(a: Ballot, b: Ballot): boolean {
  return a.counter <= b.counter && areCompatible(a, b)
}

export function isLessAndIncompatible(a: Ballot, b: Ballot): boolean {
  return compareBallots(a, b) <= 0 && !areCompatible(a, b)
}
