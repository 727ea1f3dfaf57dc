// One node's coordinate, made from its own measurements: Vivaldi's spring step (Dabek et al., SIGCOMM 2004, section 3), with
// a memory of links that is replayed, robust weights and a step that decays.

import {
  CLIPPED_SHARE,
  DIMENSIONS,
  ERROR_GAIN,
  FIRST_STEP,
  INITIAL_ERROR,
  LAST_STEP,
  MAX_ERROR,
  MAX_POSITION_MS,
  MIN_HEIGHT_MS,
  REPLAYS,
  RESIDUAL_PER_ERROR,
  RESIDUAL_SCALE,
  SHORT_LINK_SHARE,
  STEP_DECAY
} from './constants.ts'
import type { Coordinate, SampleProblem } from './coordinate.ts'
import { predictRttMs, relativeResidual, sampleProblem } from './coordinate.ts'
import type { Link } from './link-memory.ts'
import { LinkMemory } from './link-memory.ts'

/** Uniform random numbers from 0 up to, not including, 1. */
export type Random = () => number

export type ObserveOutcome = 'accepted' | SampleProblem

export interface EstimatorInit {
  readonly random: Random
}

export class CoordinateEstimator<Id> {
  readonly #random: Random
  readonly #links = new LinkMemory<Id>()
  #discredited: ReadonlySet<Id> = new Set()
  readonly #position: number[]
  readonly #direction = new Array<number>(DIMENSIONS).fill(0)
  #heightMs = 1
  #error = INITIAL_ERROR
  #samples = 0

  constructor({ random }: EstimatorInit) {
    this.#random = random
    // Nodes that all start in one point would have no direction to part in.
    this.#position = Array.from({ length: DIMENSIONS }, () => (random() - 0.5) / 10)
  }

  get coordinate(): Coordinate {
    return { position: [...this.#position], heightMs: this.#heightMs, error: this.#error }
  }

  get links(): readonly Link<Id>[] {
    return this.#links.all()
  }

  /** Measured, filtered round-trip time to `peer`, in milliseconds. @returns undefined where there is none */
  measuredRttMs(peer: Id): number | undefined {
    return this.#links.get(peer)?.rttMs
  }

  /** Samples of these peers no longer move this node: see {@link discreditedPeers}. */
  discredit(peers: ReadonlySet<Id>): void {
    this.#discredited = peers
  }

  /** Forgets a peer that left. */
  remove(peer: Id): void {
    this.#links.remove(peer)
  }

  /**
   * Takes in one measured round trip to `peer`, which claims to be at `remote`.
   * @returns 'accepted', or what is wrong with the sample: then nothing changed
   */
  observe(peer: Id, rttMs: number, remote: Coordinate): ObserveOutcome {
    const problem = sampleProblem(rttMs, remote)
    if (problem !== undefined) return problem
    const link = this.#links.record(peer, rttMs, remote)
    this.#samples++
    const medianRttMs = this.#links.medianRttMs() ?? link.rttMs
    this.#learnError(link)
    const step = Math.max(LAST_STEP, FIRST_STEP / (1 + STEP_DECAY * this.#samples))
    const links = this.#links.all()
    this.#pull(link, step, medianRttMs)
    for (let i = 0; i < REPLAYS; i++) {
      this.#pull(links[Math.floor(this.#random() * links.length)], step, medianRttMs)
    }
    return 'accepted'
  }

  #learnError({ peer, rttMs, remote }: Link<Id>): void {
    if (this.#discredited.has(peer)) return
    const residual = Math.min(1, Math.abs(rttMs - predictRttMs(this.#local(), remote)) / rttMs)
    const confidence = this.#error / (this.#error + Math.max(remote.error, 0.01))
    this.#error = Math.min(MAX_ERROR, this.#error + ERROR_GAIN * confidence * (residual - this.#error))
  }

  /** As {@link coordinate}, without a copy: not to be kept. */
  #local(): Coordinate {
    return { position: this.#position, heightMs: this.#heightMs, error: this.#error }
  }

  /** Moves towards where the predicted time to the peer would be the measured one. */
  #pull({ peer, rttMs, remote }: Link<Id>, step: number, medianRttMs: number): void {
    if (this.#discredited.has(peer)) return
    const coreMs = this.#aimFrom(remote)
    const predictedMs = coreMs + this.#heightMs + remote.heightMs
    const residualMs = rttMs - predictedMs
    // Against the larger of both: a near peer that is predicted far must not lose all weight.
    const relative = relativeResidual(predictedMs, rttMs)
    const scale = Math.max(RESIDUAL_SCALE, RESIDUAL_PER_ERROR * this.#error)
    const robust = 1 / (1 + (relative / scale) ** 2)
    const shortness = 1 / (1 + rttMs / (SHORT_LINK_SHARE * medianRttMs))
    const mostMs = CLIPPED_SHARE * medianRttMs
    const moveMs = step * robust * shortness * clamp(residualMs, -mostMs, mostMs)
    for (let i = 0; i < DIMENSIONS; i++) {
      this.#position[i] = clamp(
        this.#position[i] + moveMs * this.#direction[i],
        -MAX_POSITION_MS,
        MAX_POSITION_MS
      )
    }
    const heightMoveMs = (moveMs * (this.#heightMs + remote.heightMs)) / predictedMs
    this.#heightMs = clamp(this.#heightMs + heightMoveMs, MIN_HEIGHT_MS, MAX_POSITION_MS)
  }

  /** Sets the direction away from `remote`, a random one where both are in the same place. @returns the distance */
  #aimFrom({ position }: Coordinate): number {
    const direction = this.#direction
    let sum = 0
    for (let i = 0; i < DIMENSIONS; i++) {
      direction[i] = this.#position[i] - position[i]
      sum += direction[i] ** 2
    }
    const isSamePlace = sum < 1e-12
    if (isSamePlace) {
      sum = 0
      for (let i = 0; i < DIMENSIONS; i++) {
        direction[i] = this.#random() - 0.5
        sum += direction[i] ** 2
      }
    }
    const length = Math.sqrt(sum) || 1
    for (let i = 0; i < DIMENSIONS; i++) direction[i] /= length
    return isSamePlace ? 0 : length
  }
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))
