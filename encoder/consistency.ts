import { invert, multiply } from './gf256.ts'
import type { RowPlan } from './plan.ts'

/** The result of checking more than k rows of one segment against each other. */
export interface ConsistencyReport {
  /** Whether all rows belong to the same segment. */
  readonly consistent: boolean
  /** The wrong rows; undefined if there are too few rows to identify them. */
  readonly corrupt: readonly number[] | undefined
}

/**
 * Finds the rows that explain why the computed rows differ from the given rows.
 *
 * Every column of the mismatch is a combination of the check columns of the wrong rows. The check column of a source row
 * is its column of the plan's matrix; that of a compared row is a unit vector. Any h-k check columns are independent (the
 * code is MDS). So if the mismatches span a space of dimension r < h-k that contains the check columns of exactly r rows,
 * then those rows, and no fewer, explain the mismatch.
 * (Collaborative decoding of interleaved codes: Haslach and Vinck, 1999.)
 *
 * @param plan - made the h-k rows `want` from the k rows `have`
 * @param mismatch - for each row, the computed row XOR the given row
 */
export function locateCorruption(plan: RowPlan, mismatch: readonly Uint8Array[]): ConsistencyReport {
  const space = new VectorSpace(mismatch.length)
  for (let column = 0; column < mismatch[0].length && !space.isFull; column++) {
    if (mismatch.some((row) => row[column] !== 0)) {
      space.add(Uint8Array.from(mismatch, (row) => row[column]))
    }
  }
  if (space.dimension === 0) return { consistent: true, corrupt: [] }
  if (space.isFull) return { consistent: false, corrupt: undefined }
  const suspects = [
    ...plan.have.filter((_, i) => space.contains(checkColumn(plan, i))),
    ...plan.want.filter((_, i) => space.contains(unitVector(mismatch.length, i)))
  ]
  return { consistent: false, corrupt: suspects.length === space.dimension ? suspects : undefined }
}

function checkColumn({ have, want, matrix }: RowPlan, source: number): Uint8Array {
  return Uint8Array.from(want, (_, row) => matrix[row * have.length + source])
}

function unitVector(length: number, position: number): Uint8Array {
  const vector = new Uint8Array(length)
  vector[position] = 1
  return vector
}

/** A subspace of GF(2^8)^length, kept as a basis in echelon form. */
class VectorSpace {
  readonly #length: number
  /** Basis vectors, by the position of their leading one. */
  readonly #basis = new Map<number, Uint8Array>()

  constructor(length: number) {
    this.#length = length
  }

  get dimension(): number {
    return this.#basis.size
  }

  get isFull(): boolean {
    return this.#basis.size === this.#length
  }

  contains(vector: Uint8Array): boolean {
    return this.#reduce(vector) === undefined
  }

  add(vector: Uint8Array): void {
    const rest = this.#reduce(vector)
    if (rest === undefined) return
    const leading = rest.findIndex((value) => value !== 0)
    const scale = invert(rest[leading])
    this.#basis.set(
      leading,
      rest.map((value) => multiply(scale, value))
    )
  }

  /** A vector reduced by the basis; undefined if nothing is left. */
  #reduce(vector: Uint8Array): Uint8Array | undefined {
    const rest = vector.slice()
    for (let position = 0; position < this.#length; position++) {
      const basis = this.#basis.get(position)
      if (basis === undefined || rest[position] === 0) continue
      const factor = rest[position]
      for (let i = position; i < this.#length; i++) rest[i] ^= multiply(factor, basis[i])
    }
    return rest.some((value) => value !== 0) ? rest : undefined
  }
}
