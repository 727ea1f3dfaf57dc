// The whole simulation that `thhe manifold simulate` prints: coordinates, then what is built on them.

import type { AttackName } from './attacks.ts'
import { CoordinateRun } from './coordinate-run.ts'
import type { GossipReport } from './gossip-run.ts'
import { runGossip } from './gossip-run.ts'
import type { RttMatrix } from './matrix.ts'
import { withoutGaps } from './matrix.ts'
import { seededDice } from './random.ts'
import type { RouteReport } from './route-run.ts'
import { runRoutes } from './route-run.ts'
import type { PairWorld, RelativeError } from './score.ts'
import { bestOfPenaltyMs, nearestRecall, relativeErrorOf } from './score.ts'

export interface SimulationInit {
  readonly matrix: RttMatrix
  readonly rounds: number
  readonly neighbours: number
  readonly noise: boolean
  readonly seed: number
  readonly byzantine: number
  readonly attack: AttackName | undefined
  readonly gossip: boolean
  readonly routes: boolean
}

export interface CoordinateFigures {
  /** |predicted - true| / true over all pairs of honest nodes. */
  readonly error: RelativeError
  readonly errorAtRound: Readonly<Record<number, RelativeError>>
  /** Mean way of a coordinate in a round, over the last fifth of the rounds, in milliseconds. */
  readonly movementMsPerRound: number
  /** Changes of the coordinate that applications see, for each node and 100 rounds of the last fifth. */
  readonly applicationChangesPer100Rounds: number
  /** Of the 10 nearest; neighbours by their measured time, others by coordinates. */
  readonly recallOfNearest10: number
  readonly recallByCoordinatesOnly: number
  readonly bestOf16PenaltyMs: number
}

export interface SimulationReport {
  readonly nodes: number
  readonly honest: number
  readonly rounds: number
  readonly neighbours: number
  readonly noise: boolean
  readonly seed: number
  readonly coordinates: CoordinateFigures
  /** The same nodes with the liars honest, and by how much lies multiply the median error. */
  readonly attack?: {
    readonly name: AttackName
    readonly byzantine: number
    readonly withoutAttack: RelativeError
    readonly growth: number
  }
  readonly gossip?: GossipReport
  readonly routes?: RouteReport
}

const CHECKPOINTS = [50, 100, 200]

export function simulateManifold(init: SimulationInit): SimulationReport {
  const { matrix, attack, byzantine, seed } = init
  const { run, figures } = runCoordinates(init, attack)
  const whole = withoutGaps(matrix)
  const predictedMs = cached(matrix.size, (from, to) => run.predictedMs(from, to))
  const measuredMs = (from: number, to: number): number | undefined =>
    run.measuredMs(from, to) ?? run.measuredMs(to, from)
  const known = (from: number, to: number): number => measuredMs(from, to) ?? predictedMs(from, to)
  const withoutAttack = attack && runCoordinates(init, undefined).figures.error
  return {
    nodes: matrix.size,
    honest: run.honest.length,
    rounds: init.rounds,
    neighbours: init.neighbours,
    noise: init.noise,
    seed,
    coordinates: figures,
    ...(attack &&
      withoutAttack && {
        attack: {
          name: attack,
          byzantine,
          withoutAttack,
          growth: figures.error.median / withoutAttack.median
        }
      }),
    ...(init.gossip && { gossip: runGossip({ matrix: whole, predictedMs: known, seed }) }),
    ...(init.routes && { routes: runRoutes({ matrix: whole, predictedMs, measuredMs, seed }) })
  }
}

function runCoordinates(init: SimulationInit, attack: AttackName | undefined) {
  const { matrix, rounds, neighbours, noise, seed, byzantine } = init
  const errorAtRound: Record<number, RelativeError> = {}
  const settled = Math.floor(rounds * 0.8)
  let [movedMs, changesBefore] = [0, 0]
  const run = new CoordinateRun({
    matrix,
    rounds,
    neighbours,
    noise,
    seed,
    byzantine,
    attack,
    onRound: (round, now) => {
      if (CHECKPOINTS.includes(round)) errorAtRound[round] = relativeErrorOf(worldOf(now))
      if (round === settled) changesBefore = now.applicationChanges
      if (round > settled) movedMs += now.movementMs
    }
  }).run()
  const world = worldOf(run)
  const informed: PairWorld = {
    ...world,
    predictedMs: (from, to) => run.measuredMs(from, to) ?? world.predictedMs(from, to)
  }
  const figures: CoordinateFigures = {
    error: relativeErrorOf(world),
    errorAtRound,
    movementMsPerRound: movedMs / (rounds - settled),
    applicationChangesPer100Rounds:
      ((run.applicationChanges - changesBefore) * 100) / (run.honest.length * (rounds - settled)),
    recallOfNearest10: nearestRecall(informed),
    recallByCoordinatesOnly: nearestRecall(world),
    bestOf16PenaltyMs: bestOfPenaltyMs(world, seededDice(seed))
  }
  return { run, figures }
}

const worldOf = (run: CoordinateRun): PairWorld => ({
  nodes: run.honest,
  rttMs: run.matrix.rttMs,
  predictedMs: cached(run.matrix.size, (from, to) => run.predictedMs(from, to))
})

function cached(
  size: number,
  of: (from: number, to: number) => number
): (from: number, to: number) => number {
  const values = new Float64Array(size * size).fill(NaN)
  return (from, to) => {
    const index = from * size + to
    if (Number.isNaN(values[index])) values[index] = of(from, to)
    return values[index]
  }
}
