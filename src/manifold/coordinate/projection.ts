// Coordinates onto paper: the two directions in which they differ most (principal components). For drawings alone; nothing that
// peers agree on is computed here.

/** On the paper, in milliseconds of round-trip time. */
export type PaperPoint = readonly [x: number, y: number]

/** Steps with which the two main directions are found: each brings the error down by the ratio of two spreads. */
const STEPS = 60

/**
 * Projects positions onto the two directions in which they lie farthest apart. The centre of all is [0, 0]. The same positions
 * give the same points.
 *
 * @param positionsMicros - vectors of one length, in microseconds
 */
export const projectPositions = (positionsMicros: ReadonlyArray<readonly number[]>): PaperPoint[] => {
  if (positionsMicros.length === 0) return []
  const vectors = positionsMicros.map((position) => position.map((micros) => micros / 1000))
  const mean = average(vectors)
  const centred = vectors.map((vector) => vector.map((value, i) => value - mean[i]))
  const first = direction(centred)
  const rest = centred.map((vector) => without(vector, first))
  const second = direction(rest)
  return centred.map((vector, index) => [dot(vector, first), dot(rest[index], second)])
}

const average = (vectors: ReadonlyArray<readonly number[]>): number[] =>
  vectors[0].map((_, i) => vectors.reduce((sum, vector) => sum + vector[i], 0) / vectors.length)

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i], 0)

const without = (vector: readonly number[], axis: readonly number[]): number[] => {
  const along = dot(vector, axis)
  return vector.map((value, i) => value - along * axis[i])
}

/** The direction of the largest spread, by power iteration; from a fixed start, so that a map is drawn the same each time. */
const direction = (vectors: ReadonlyArray<readonly number[]>): number[] => {
  let axis = unit(vectors[0].map((_, i) => 1 / (i + 1)))
  for (let step = 0; step < STEPS; step++) {
    const next = axis.map(() => 0)
    for (const vector of vectors) {
      const along = dot(vector, axis)
      for (let i = 0; i < next.length; i++) next[i] += along * vector[i]
    }
    if (next.every((value) => value === 0)) return axis
    axis = unit(next)
  }
  return axis
}

const unit = (vector: readonly number[]): number[] => {
  const length = Math.hypot(...vector) || 1
  return vector.map((value) => value / length)
}
