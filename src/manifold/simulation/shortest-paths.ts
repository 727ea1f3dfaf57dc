import type { RttMatrix } from './matrix.ts'

/**
 * Shortest round trips over any number of hops (Floyd and Warshall), row by row in milliseconds.
 * @param relayMs - added at each relay on the way
 */
export function shortestPaths(matrix: RttMatrix, relayMs = 0): Float64Array {
  const { size } = matrix
  const best = new Float64Array(size * size)
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) best[i * size + j] = matrix.rttMs(i, j)
  for (let via = 0; via < size; via++) {
    for (let from = 0; from < size; from++) {
      const toVia = best[from * size + via] + relayMs
      if (from === via) continue
      for (let to = 0; to < size; to++) {
        const ms = toVia + best[via * size + to]
        if (ms < best[from * size + to] && to !== via) best[from * size + to] = ms
      }
    }
  }
  for (let i = 0; i < size; i++) best[i * size + i] = 0
  return best
}
