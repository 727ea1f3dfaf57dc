// What is known before a symbol is read, as small numbers by which to choose the states that code it. In the manner of
// ECECOW (Wu, "High-order context modeling and embedded conditional entropy coding of wavelet coefficients", 1997): the
// sizes around it in the same band, the size at the same place of the component before, and how steep the coarser
// words are there.
import { SIGN, SIZE_MASK, sizesOf } from './symbols.ts'
import { newStates } from './range-coder.ts'

/** Weights of the neighbours: above and before 2, above on either side 1. */
const WEIGHTS = 6
/** Below so many sizes the mean of the neighbours counts in thirds, beyond in whole ones. */
const FINE_SIZES = 4
const STEEPNESSES = 11
const FORMERS = 6
/**
 * States of one context. The first is for whether the size is above the expected one; then come those for whether it
 * is the next one up, the next but one and so on, and those for whether it is the expected one, the next one down and
 * so on. Far ones share the last state.
 */
const NODES = 32
export const UP = 1
export const UP_LAST = 15
export const DOWN = 16
export const DOWN_LAST = 31

const clipped = (starts: readonly number[]): Uint8Array =>
  Uint8Array.from({ length: SIZE_MASK + 1 }, (_, size) => starts.findLastIndex((start) => start <= size))

/** Class, 0 to 10, of the size of a difference between coarser words. */
export const STEEPNESS = clipped([0, 1, 2, 3, 5, 7, 9, 13, 21, 31, 41])
/** Class, 1 to 5, of the size at the same place of the component before; 0 is for none. */
const FORMER = clipped([0, 1, 2, 3, 5]).map((kind) => kind + 1)
/** Of a symbol: 0 for zero, 1 for positive, 2 for negative. */
export const SIGN_OF = Uint8Array.from({ length: 256 }, (_, symbol) =>
  (symbol & SIZE_MASK) === 0 ? 0 : symbol < SIGN ? 1 : 2
)
const SIGN_CONTEXTS = 27

/** Of the weighted sum of sizes around a symbol. */
const activityOf = (sum: number): number =>
  sum < FINE_SIZES * WEIGHTS ? sum >> 1 : FINE_SIZES * 3 + Math.floor(sum / WEIGHTS) - FINE_SIZES
const ACTIVITIES = Uint8Array.from({ length: WEIGHTS * SIZE_MASK + 1 }, (_, sum) => activityOf(sum))

/** The states of one layer. */
export class Contexts {
  /** Sizes that occur are below this. */
  readonly sizes: number
  readonly states: Int32Array
  readonly signs = newStates(SIGN_CONTEXTS)
  readonly oneSided = 0

  constructor(wordBytes: number) {
    this.sizes = sizesOf(wordBytes)
    const activities = activityOf(WEIGHTS * (this.sizes - 1)) + 1
    this.states = newStates(activities * STEEPNESSES * FORMERS * NODES)
  }
}

/** @param sum - of the sizes around a symbol, those above and before it twice */
export function activityOfSum(sum: number): number {
  return ACTIVITIES[sum]
}

/** The first of the NODES states of a context. */
export function firstState(activity: number, steepness: number, former: number): number {
  return ((activity * STEEPNESSES + steepness) * FORMERS + former) * NODES
}

/** The size about which the states of an activity are centred. */
export const expectedSize = (activity: number): number =>
  activity < FINE_SIZES * 3 ? Math.floor((2 * activity + 3) / WEIGHTS) : activity - FINE_SIZES * 2

/** @param symbol - at the same place of the component before; undefined for the first component */
export const formerOf = (symbol: number): number => FORMER[symbol & SIZE_MASK]
