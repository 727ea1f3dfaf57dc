// Coordinates as peers exchange and agree on them: whole microseconds and parts per million. Integers have no NaN, no
// infinity and one zero, and every engine computes the same with them.

import { DIMENSIONS, MAX_ERROR, MAX_POSITION_MS, MIN_HEIGHT_MS } from './constants.ts'
import type { Coordinate } from './coordinate.ts'

/** A {@link Coordinate} in integers. */
export interface FixedCoordinate {
  /** DIMENSIONS numbers, -MAX_POSITION_MICROS to MAX_POSITION_MICROS. */
  readonly positionMicros: readonly number[]
  /** MIN_HEIGHT_MICROS to MAX_POSITION_MICROS. */
  readonly heightMicros: number
  /** Relative error, 0 to MAX_ERROR_PPM. */
  readonly errorPpm: number
}

export const MAX_POSITION_MICROS = MAX_POSITION_MS * 1_000
export const MIN_HEIGHT_MICROS = MIN_HEIGHT_MS * 1_000
export const MAX_ERROR_PPM = MAX_ERROR * 1_000_000

/** @returns undefined when a number of the coordinate is NaN or infinite; others are cut to the limits */
export function toFixedCoordinate({ position, heightMs, error }: Coordinate): FixedCoordinate | undefined {
  if (position.length !== DIMENSIONS || ![...position, heightMs, error].every(Number.isFinite))
    return undefined
  return {
    positionMicros: position.map((ms) => whole(ms * 1_000, -MAX_POSITION_MICROS, MAX_POSITION_MICROS)),
    heightMicros: whole(heightMs * 1_000, MIN_HEIGHT_MICROS, MAX_POSITION_MICROS),
    errorPpm: whole(error * 1_000_000, 0, MAX_ERROR_PPM)
  }
}

export function fromFixedCoordinate({ positionMicros, heightMicros, errorPpm }: FixedCoordinate): Coordinate {
  return {
    position: positionMicros.map((micros) => micros / 1_000),
    heightMs: heightMicros / 1_000,
    error: errorPpm / 1_000_000
  }
}

/** Whether every number is a whole one within its limits. -0 is none: it has other bits than 0. */
export function isFixedCoordinate({ positionMicros, heightMicros, errorPpm }: FixedCoordinate): boolean {
  return (
    positionMicros.length === DIMENSIONS &&
    Array.from(positionMicros).every((micros) =>
      isWhole(micros, -MAX_POSITION_MICROS, MAX_POSITION_MICROS)
    ) &&
    isWhole(heightMicros, MIN_HEIGHT_MICROS, MAX_POSITION_MICROS) &&
    isWhole(errorPpm, 0, MAX_ERROR_PPM)
  )
}

/** `+ 0` turns -0, to which small negative numbers round, into 0. */
const whole = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, Math.round(value))) + 0

const isWhole = (value: number, low: number, high: number): boolean =>
  Number.isInteger(value) && !Object.is(value, -0) && value >= low && value <= high
