// Column programs: the steps of a kernel that makes rows from rows, one tile of columns at a time. A program is written
// once for each plan; the kernel (backends/wasm/rs8.c) only runs its steps.

import { multiply } from '../gf256.ts'

/**
 * A program over numbered slots. Slots below rowSlots are rows: first the given ones, then the wanted ones. The slot
 * `rowSlots` is a tile of zeros that is never written; the scratchSlots after it hold one tile each.
 */
export interface ColumnProgram {
  /** The steps in order: each an opcode, then its operands. */
  readonly words: Uint16Array
  readonly rowSlots: number
  readonly scratchSlots: number
  /**
   * Approximate instructions per vector of columns: to compare programs, not to predict time.
   */
  readonly cost: number
}

/** The numbers match `enum opcode` in backends/wasm/rs8.c, which describes the operands. */
const DOT = { 1: 1, 2: 2, 3: 3, 4: 4 } as const
const ADD = 5
const COMBINE = { 2: 6, 4: 7 } as const
const INVERSE = { 2: 8, 4: 9 } as const
const FORWARD = { 2: 10, 4: 11 } as const
const FORWARD_FIRST = { 2: 12, 4: 13 } as const
const INVERSE_FIRST = { 2: 14, 4: 15 } as const
const EXTEND = { 2: 16, 4: 17 } as const
const EXTEND_HALF_4 = 18
const RETURN = { 2: 19, 4: 20 } as const

export type Radix = 2 | 4

/** Up to four target rows share one read of their sources: more would not fit in registers. */
export const MAX_DOT_ROWS = 4

/** Instructions of a multiplication by a constant: halves, look-ups, sum. */
const PRODUCT_COST = 8
/** Instructions of a whole chunk, then of a half one, by the number of targets. */
const COMBINE_COST = { 2: 26, 4: 72 } as const
const COMBINE_HALF_COST = { 2: 16, 4: 42 } as const

/** A chunk of data rows: as many as there are targets, or half as many where the others are zero. */
export interface ScaledChunk {
  readonly sources: readonly number[]
  /** Constants of the inverse transform of each half, without the highest layer. */
  readonly constants: readonly number[]
  /** Constant of the highest layer. */
  readonly highest: number
  /** Factor of the transform. */
  readonly scale: number
}

/** Writes a program step by step and counts its cost. */
export class ProgramWriter {
  readonly zeroSlot: number
  readonly #words: number[] = []
  readonly #rowSlots: number
  #scratchSlots = 0
  #cost = 0
  #discardSlot: number | undefined
  readonly #free: number[] = []

  constructor(given: number, wanted: number) {
    this.#rowSlots = given + wanted
    this.zeroSlot = this.#rowSlots
  }

  /** A slot of one tile, for values that are needed until its release. */
  scratchSlot(): number {
    return this.#free.pop() ?? this.zeroSlot + ++this.#scratchSlots
  }

  /** Releases scratch slots; ignores row slots among them. */
  release(slots: Iterable<number>): void {
    for (const slot of new Set(slots)) {
      if (this.isScratch(slot) && slot !== this.#discardSlot) this.#free.push(slot)
    }
  }

  isScratch(slot: number): boolean {
    return slot > this.zeroSlot
  }

  /** A slot for unneeded values. */
  get discardSlot(): number {
    this.#discardSlot ??= this.scratchSlot()
    return this.#discardSlot
  }

  /** targets[r] = sum over j of coefficients[r][j] * sources[j], for one to four targets. */
  dot(
    sources: readonly number[],
    targets: readonly number[],
    coefficients: readonly ArrayLike<number>[]
  ): void {
    this.#words.push(DOT[targets.length as 1 | 2 | 3 | 4], sources.length, ...targets)
    sources.forEach((source, j) => this.#words.push(source, ...coefficients.map((row) => row[j])))
    this.#cost += sources.length * (4 + 5 * targets.length)
  }

  /** target += the sum of the sources. */
  add(target: number, sources: readonly number[]): void {
    this.#words.push(ADD, sources.length, target, ...sources)
    this.#cost += 2 * sources.length + 2
  }

  /** A radix step from values to coefficients; `first` if it is at point zero. */
  inverse(
    sources: readonly number[],
    targets: readonly number[],
    constants: readonly number[],
    first: boolean
  ): void {
    this.#transform(first ? INVERSE_FIRST : INVERSE, sources, targets, constants)
  }

  /** A radix step from coefficients to values; `first` if it is at point zero. */
  forward(
    sources: readonly number[],
    targets: readonly number[],
    constants: readonly number[],
    first: boolean
  ): void {
    this.#transform(first ? FORWARD_FIRST : FORWARD, sources, targets, constants)
  }

  /**
   * An inverse and a forward step in one: from point zero to others or, unless fromZero, from others to point
   * zero.
   */
  extend(
    sources: readonly number[],
    targets: readonly number[],
    inverse: readonly number[],
    forward: readonly number[],
    fromZero: boolean
  ): void {
    this.#transform(fromZero ? EXTEND : RETURN, sources, targets, [...inverse, ...forward])
  }

  /** Like extend from zero, for the first two of four values. */
  extendHalf(
    sources: readonly number[],
    targets: readonly number[],
    inverse: readonly number[],
    forward: readonly number[]
  ): void {
    this.#words.push(EXTEND_HALF_4, ...sources, ...targets, ...inverse, forward[0], forward[2])
    this.#cost += 4 * PRODUCT_COST + 14
  }

  /**
   * The sum of the scaled inverse transforms of all chunks, transformed forward at point zero. Only the last
   * chunk may be a half one.
   */
  combine(chunks: readonly ScaledChunk[], targets: readonly number[], forward: readonly number[]): void {
    const radix = targets.length as 2 | 4
    const halves = chunks.filter(({ sources }) => sources.length < radix).length
    this.#words.push(COMBINE[radix], chunks.length - halves, halves, ...targets)
    for (const { sources, constants, highest, scale } of chunks) {
      const isHalf = sources.length < radix
      const product = multiply(scale, highest)
      this.#words.push(...sources, ...constants, isHalf ? scale ^ product : product, scale)
      this.#cost += (isHalf ? COMBINE_HALF_COST : COMBINE_COST)[radix]
    }
    this.#words.push(...forward)
    this.#cost += 2 * radix
  }

  finish(): ColumnProgram {
    return {
      words: Uint16Array.from(this.#words),
      rowSlots: this.#rowSlots,
      scratchSlots: this.#scratchSlots,
      cost: this.#cost
    }
  }

  #transform(
    opcodes: Readonly<Record<Radix, number>>,
    sources: readonly number[],
    targets: readonly number[],
    constants: readonly number[]
  ): void {
    const radix = sources.length as Radix
    this.#words.push(opcodes[radix], ...sources, ...targets, ...constants)
    const products = (constants.filter((constant) => constant !== 0).length / (radix - 1)) * Math.log2(radix)
    this.#cost += products * (radix / 2) * (PRODUCT_COST + 2) + 2 * radix
  }
}
