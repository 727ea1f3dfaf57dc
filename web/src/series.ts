// What charts draw, from the samples of the node. Pure.
import type { HistorySampleJson } from '../../src/gateway/types.ts'

export interface Point {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
  readonly value: number
}

type Total = 'takenBytes' | 'givenBytes'

/** Bytes a second between one sample and the next. A count that fell began anew. */
export const rateOf = (samples: readonly HistorySampleJson[], total: Total): Point[] =>
  samples.slice(1).map((sample, index) => {
    const before = samples[index]
    const seconds = Math.max(0.001, (sample.atMs - before.atMs) / 1000)
    return { atMs: sample.atMs, value: Math.max(0, sample[total] - before[total]) / seconds }
  })

export const levelOf = (
  samples: readonly HistorySampleJson[],
  read: (sample: HistorySampleJson) => number
): Point[] => samples.map((sample) => ({ atMs: sample.atMs, value: read(sample) }))

/** The points of a line in a picture of this size, from the lower left corner up. @param top - value at the upper edge */
export const lineOf = (points: readonly Point[], width: number, height: number, top: number): string => {
  if (points.length === 0) return ''
  const [first, last] = [points[0].atMs, points[points.length - 1].atMs]
  return points
    .map(({ atMs, value }) => {
      const x = last === first ? width : ((atMs - first) / (last - first)) * width
      return `${x.toFixed(1)},${(height - (Math.min(value, top) / top) * height).toFixed(1)}`
    })
    .join(' ')
}
