// One-way delays between nodes, from a formula or from a matrix of measured round-trip times.

import type { Prng } from './prng.ts'

/** Base one-way delay from node `from` to node `to`, in microseconds. */
export type OneWayMicros = (from: number, to: number) => number

export function uniformLatency(oneWayMicros: number): OneWayMicros {
  return () => oneWayMicros
}

/**
 * Nodes spread over a plane with an access link each: delay = distance + both links, as in Vivaldi's model.
 * Mean close to `meanMicros`.
 */
export function scatteredLatency(prng: Prng, nodes: number, meanMicros: number): OneWayMicros {
  const places = Array.from({ length: nodes }, () => ({ x: prng.unit(), y: prng.unit(), link: prng.unit() }))
  // The mean distance of two points in the unit square is 0.521; two links of mean 0.5 weigh 0.15 each.
  const scale = meanMicros / (0.521 + 0.15)
  return (from, to) => {
    const a = places[from]
    const b = places[to]
    return scale * (Math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2) + 0.15 * (a.link + b.link))
  }
}

/**
 * Reads rows of round-trip times in milliseconds, comma-separated, with or without names in the first row
 * and column. Nodes beyond the matrix wrap around it.
 */
export function matrixLatency(csv: string): OneWayMicros {
  const rows = csv
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  const hasNames = Number.isNaN(Number(rows[0][0]))
  const rttMillis = (hasNames ? rows.slice(1).map((row) => row.slice(1)) : rows).map((row) => row.map(Number))
  const size = rttMillis.length
  if (rttMillis.some((row) => row.length !== size || row.some((rtt) => !(rtt >= 0)))) {
    throw new RangeError('not a square matrix of round-trip times')
  }
  return (from, to) => (rttMillis[from % size][to % size] * 1000) / 2
}
