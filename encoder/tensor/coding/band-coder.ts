// One band of a layer, symbol by symbol in memory order, coded by what lies around each.
import {
  DOWN,
  DOWN_LAST,
  SIGN_OF,
  UP,
  UP_LAST,
  activityOfSum,
  expectedSize,
  firstState,
  formerOf
} from './contexts.ts'
import type { RangeDecoder, RangeEncoder } from './range-coder.ts'
import { SIGN, SIZE_MASK } from './symbols.ts'

/** A band of a layer, as its words lie in memory. */
export interface Band {
  /** Its axes, components first when there are several. */
  readonly shape: readonly number[]
  /** Classes (STEEPNESS) of the coarser words at each place; none for the coarsest layer. */
  readonly steepness?: Uint8Array
}

/** The states of a layer, and what sizes there are. */
export interface ModelStates {
  /** Sizes that occur are below this. */
  readonly sizes: number
  /** For sizes: 32 of each context, as contexts.ts lays them out. */
  readonly states: Int32Array
  /** For signs, one of each context. */
  readonly signs: Int32Array
  /** Size for which the next sign state is taken; 0 for none. */
  readonly oneSided: number
}

/** Codes one symbol, or tells which it is. */
export interface SymbolCoder {
  /**
   * @param symbol - to encode; ignored when decoding
   * @param base - of the states
   * @param sign - index of the state of the sign
   */
  code(symbol: number, base: number, expected: number, sign: number): number
}

/** Writes symbols. */
export class SymbolWriter implements SymbolCoder {
  readonly #range: RangeEncoder
  readonly #contexts: ModelStates

  constructor(range: RangeEncoder, contexts: ModelStates) {
    this.#range = range
    this.#contexts = contexts
  }

  code(symbol: number, base: number, expected: number, sign: number): number {
    const { states, signs, sizes, oneSided } = this.#contexts
    const size = symbol & SIZE_MASK
    if (size > expected) {
      this.#range.encode(states, base, 1)
      const up = size - expected - 1
      this.#range.encodeUnary(states, base + UP, base + UP_LAST, up, size === sizes - 1)
    } else {
      this.#range.encode(states, base, 0)
      this.#range.encodeUnary(states, base + DOWN, base + DOWN_LAST, expected - size, size === 0)
    }
    if (size > 0) this.#range.encode(signs, size === oneSided ? sign + 1 : sign, symbol >= SIGN ? 1 : 0)
    return symbol
  }
}

/** Reads symbols. */
export class SymbolReader implements SymbolCoder {
  readonly #range: RangeDecoder
  readonly #contexts: ModelStates

  constructor(range: RangeDecoder, contexts: ModelStates) {
    this.#range = range
    this.#contexts = contexts
  }

  code(_: number, base: number, expected: number, sign: number): number {
    const { states, signs, sizes, oneSided } = this.#contexts
    let size: number
    if (this.#range.decode(states, base) === 1) {
      const most = sizes - 2 - expected
      size = expected + 1 + this.#range.decodeUnary(states, base + UP, base + UP_LAST, most)
    } else {
      size = expected - this.#range.decodeUnary(states, base + DOWN, base + DOWN_LAST, expected)
    }
    if (size === 0) return 0
    return this.#range.decode(signs, size === oneSided ? sign + 1 : sign) === 1 ? size | SIGN : size
  }
}

/**
 * Codes the symbols of a band.
 *
 * @param symbols - of the band; a reader fills them in
 * @param components - how many parts of equal size the band has one after the other
 */
export function codeBand(
  coder: SymbolCoder,
  { shape, steepness }: Band,
  symbols: Uint8Array,
  components: number
): void {
  const plane = symbols.length / components
  const columns = columnsOf(shape, plane)
  /** The row above; what would be to the right of its end is like its end. */
  const above = new Uint8Array(columns + 1)
  for (let start = 0; start < symbols.length; start += columns) {
    const isTop = start % plane === 0
    const isFirst = start < plane
    let north = isTop ? 0 : above[0]
    let northWest = north
    let west = north
    for (let x = 0; x < columns; x++) {
      const i = start + x
      let northEast = above[x + 1]
      // Without a row above, the two before stand for it.
      if (isTop) northEast = northWest = west
      const sum =
        2 * (north & SIZE_MASK) + 2 * (west & SIZE_MASK) + (northWest & SIZE_MASK) + (northEast & SIZE_MASK)
      const activity = activityOfSum(sum)
      const former = isFirst ? 0 : symbols[i - plane]
      const first = firstState(
        activity,
        steepness === undefined ? 0 : steepness[i],
        isFirst ? 0 : formerOf(former)
      )
      const sign = (SIGN_OF[north] * 3 + SIGN_OF[west]) * 3 + SIGN_OF[former]
      const symbol = coder.code(symbols[i], first, expectedSize(activity), sign)
      symbols[i] = symbol
      northWest = north
      north = isTop ? west : northEast
      west = symbol
      above[x] = symbol
    }
    above[columns] = above[columns - 1]
  }
}

/** Symbols in a row: along the contiguous axis, unless that has but one place. */
function columnsOf(shape: readonly number[], plane: number): number {
  const along = Math.min(shape.at(-1) ?? 1, plane)
  return along < 2 ? plane : along
}
