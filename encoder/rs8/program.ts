// Column programs: the steps by which a kernel makes rows from rows, one tile of columns at a time. A program is written
// once for each plan; the kernel (backends/wasm/rs8.c) only runs its steps.

/**
 * A program over numbered slots. Slots below rowSlots are rows: first those given, then those wanted. The slot
 * `rowSlots` is a tile of zeros that is never written; the scratchSlots after it hold one tile each.
 */
export interface ColumnProgram {
  /** Steps one after another: an opcode, then its operands. */
  readonly words: Uint16Array
  readonly rowSlots: number
  readonly scratchSlots: number
  /** Instructions for a vector of columns, roughly: for choosing between programs, not for predicting time. */
  readonly cost: number
}

/** The numbers are those of `enum opcode` in backends/wasm/rs8.c, which says what the operands are. */
const DOT = { 1: 1, 2: 2, 3: 3, 4: 4 } as const
const ADD = 5
const COMBINE = { 2: 6, 4: 7 } as const
const INVERSE = { 2: 8, 4: 9, 8: 10 } as const
const FORWARD = { 2: 11, 4: 12, 8: 13 } as const
const FORWARD_FIRST = { 2: 14, 4: 15, 8: 16 } as const
const INVERSE_FIRST = { 2: 17, 4: 18, 8: 19 } as const
const EXTEND = { 2: 20, 4: 21, 8: 22 } as const

export type Radix = 2 | 4 | 8

/** Up to four target rows share one reading of their sources: more would not stay in registers. */
export const MOST_DOT_ROWS = 4

/** Instructions of a product with a constant: halves, look-ups, sum. */
const PRODUCT_COST = 8

/** A chunk of data rows, the constants of its inverse transform, and what it is multiplied with. */
export interface ScaledChunk {
  readonly sources: readonly number[]
  readonly constants: readonly number[]
  readonly scale: number
}

/** Writes a program step by step and counts what it costs. */
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

  /** A slot of one tile, for values that live until it is released. */
  scratchSlot(): number {
    return this.#free.pop() ?? this.zeroSlot + ++this.#scratchSlots
  }

  /** Gives scratch slots back; row slots among them are left alone. */
  release(slots: Iterable<number>): void {
    for (const slot of new Set(slots)) {
      if (this.isScratch(slot) && slot !== this.#discardSlot) this.#free.push(slot)
    }
  }

  isScratch(slot: number): boolean {
    return slot > this.zeroSlot
  }

  /** A slot for what nobody wants. */
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

  /** A radix step from values to coefficients; `first` when it stands at point zero. */
  inverse(
    sources: readonly number[],
    targets: readonly number[],
    constants: readonly number[],
    first: boolean
  ): void {
    this.#transform(first ? INVERSE_FIRST : INVERSE, sources, targets, constants)
  }

  /** A radix step from coefficients to values; `first` when it stands at point zero. */
  forward(
    sources: readonly number[],
    targets: readonly number[],
    constants: readonly number[],
    first: boolean
  ): void {
    this.#transform(first ? FORWARD_FIRST : FORWARD, sources, targets, constants)
  }

  /** An inverse step at point zero and a forward step with its own constants, in one. */
  extend(
    sources: readonly number[],
    targets: readonly number[],
    inverse: readonly number[],
    forward: readonly number[]
  ): void {
    this.#transform(EXTEND, sources, targets, [...inverse, ...forward])
  }

  /** The sum of the scaled inverse transforms of all chunks, transformed forward at point zero. */
  combine(chunks: readonly ScaledChunk[], targets: readonly number[], forward: readonly number[]): void {
    this.#words.push(COMBINE[targets.length as 2 | 4], chunks.length, ...targets)
    for (const { sources, constants, scale } of chunks) this.#words.push(...sources, ...constants, scale)
    this.#words.push(...forward)
    const products = targets.length + (targets.length * Math.log2(targets.length)) / 2
    this.#cost += chunks.length * (products * PRODUCT_COST + 2 * targets.length)
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
