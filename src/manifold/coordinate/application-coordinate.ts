// The coordinate that the rest of the node sees. It moves only on a significant change, so that tables built on it need not
// be rebuilt for every tremor (Ledlie, Gardner and Seltzer, "Network Coordinates in the Wild", NSDI 2007, section 5).

import { CHANGE_WINDOW, MIN_CHANGE_MS, SIGNIFICANT_CHANGE } from './constants.ts'
import type { Coordinate } from './coordinate.ts'
import { displacementMs } from './coordinate.ts'

export class ApplicationCoordinate {
  #current: Coordinate
  readonly #window: Coordinate[] = []
  #next = 0

  constructor(initial: Coordinate) {
    this.#current = initial
  }

  get current(): Coordinate {
    return this.#current
  }

  /**
   * @param system - the estimator's coordinate now
   * @param nearestRttMs - round-trip time to the nearest known peer, in milliseconds
   * @returns whether the application's coordinate changed
   */
  update(system: Coordinate, nearestRttMs: number): boolean {
    this.#window[this.#next++ % CHANGE_WINDOW] = system
    const centre = centreOf(this.#window)
    const thresholdMs = Math.max(MIN_CHANGE_MS, SIGNIFICANT_CHANGE * nearestRttMs)
    if (displacementMs(this.#current, centre) <= thresholdMs) return false
    this.#current = centre
    return true
  }
}

function centreOf(coordinates: readonly Coordinate[]): Coordinate {
  const mean = (of: (coordinate: Coordinate) => number): number =>
    coordinates.reduce((sum, coordinate) => sum + of(coordinate), 0) / coordinates.length
  return {
    position: coordinates[0].position.map((_, i) => mean(({ position }) => position[i])),
    heightMs: mean(({ heightMs }) => heightMs),
    error: coordinates[coordinates.length - 1].error
  }
}
