// Runs the node's own coordinate code over a matrix: one probe per node and round. Every measure of the result is over all
// pairs, not over the probed ones only.

import type { Coordinate, Opinion } from '../coordinate/index.ts'
import {
  ApplicationCoordinate,
  CoordinateEstimator,
  discreditedPeers,
  displacementMs,
  NeighbourSet,
  predictRttMs,
  relativeResidual
} from '../coordinate/index.ts'
import type { Attack, AttackName } from './attacks.ts'
import { ATTACK_START_ROUND, makeAttack } from './attacks.ts'
import type { RttMatrix } from './matrix.ts'
import type { Dice } from './random.ts'
import { seededDice } from './random.ts'

export interface CoordinateRunInit {
  readonly matrix: RttMatrix
  readonly rounds: number
  readonly neighbours: number
  readonly seed: number
  /** Jitter and spikes as {@link noisyRttMs}. @default false */
  readonly noise?: boolean
  /** Share of the nodes that lie. @default 0 */
  readonly byzantine?: number
  /** How they lie; without it the nodes chosen as liars stay honest, which is what an attack is compared with. */
  readonly attack?: AttackName
  /** Called after each round. */
  readonly onRound?: (round: number, run: CoordinateRun) => void
}

/** A peer's neighbours that it tells of with each answer. */
const TOLD_PEERS = 4

/** Rounds between two verifications: as reports are agreed on once an epoch, of several probes. */
const VERIFY_EVERY = 10

/** 5 % half-normal jitter; 2 % of the probes take 2 to 10 times as long. */
export function noisyRttMs(rttMs: number, dice: Dice): number {
  const jittered = rttMs * (1 + 0.05 * Math.abs(dice.gaussian()))
  return dice.unit() < 0.02 ? jittered * (2 + 8 * dice.unit()) : jittered
}

export class CoordinateRun {
  readonly matrix: RttMatrix
  readonly honest: readonly number[]
  readonly #init: CoordinateRunInit
  readonly #estimators: CoordinateEstimator<number>[]
  readonly #neighbours: NeighbourSet<number>[]
  readonly #application: ApplicationCoordinate[]
  readonly #isLiar: boolean[]
  readonly #attack: Attack | undefined
  readonly #probeDice: Dice
  readonly #liarDice: Dice
  #coordinates: Coordinate[]
  /** Movement of the last round, summed over the honest nodes. */
  #movedMs = 0
  #applicationChanges = 0

  constructor(init: CoordinateRunInit) {
    this.#init = init
    this.matrix = init.matrix
    const { size } = init.matrix
    const dice = seededDice(init.seed)
    const nodes = Array.from({ length: size }, (_, i) => i)
    const liars = new Set(dice.fork().sample(nodes, Math.round((init.byzantine ?? 0) * size)))
    this.honest = nodes.filter((node) => !liars.has(node))
    this.#isLiar = nodes.map((node) => liars.has(node))
    this.#attack = init.attack && makeAttack(init.attack, size, dice.fork())
    const placeDice = dice.fork()
    this.#estimators = nodes.map(() => new CoordinateEstimator<number>({ random: placeDice.fork().unit }))
    this.#application = this.#estimators.map(({ coordinate }) => new ApplicationCoordinate(coordinate))
    this.#coordinates = this.#estimators.map(({ coordinate }) => coordinate)
    const neighbourDice = dice.fork()
    this.#neighbours = nodes.map((node) => {
      const set = new NeighbourSet<number>({ size: init.neighbours })
      const known = nodes.filter((other) => other !== node && this.#rttMs(node, other) > 0)
      for (const other of neighbourDice.sample(known, init.neighbours)) set.addRandom(other)
      return set
    })
    this.#probeDice = dice.fork()
    this.#liarDice = dice.fork()
  }

  /** Mean way that the honest nodes' coordinates went in the last round, in milliseconds. */
  get movementMs(): number {
    return this.#movedMs / this.honest.length
  }

  /** How often the coordinates that applications see have changed so far, over all honest nodes. */
  get applicationChanges(): number {
    return this.#applicationChanges
  }

  coordinate(node: number): Coordinate {
    return this.#coordinates[node]
  }

  /** Measured where the node has probed the peer lately, else undefined. */
  measuredMs(node: number, peer: number): number | undefined {
    return this.#estimators[node].measuredRttMs(peer)
  }

  neighboursOf(node: number): readonly number[] {
    return this.#neighbours[node].members
  }

  predictedMs(from: number, to: number): number {
    return predictRttMs(this.#coordinates[from], this.#coordinates[to])
  }

  run(): this {
    for (let round = 1; round <= this.#init.rounds; round++) {
      const before = this.#coordinates
      this.#coordinates = [...before]
      for (let node = 0; node < this.matrix.size; node++) this.#probe(node, round)
      this.#movedMs = this.honest.reduce(
        (sum, node) => sum + displacementMs(before[node], this.#coordinates[node]),
        0
      )
      if (round % VERIFY_EVERY === 0) this.#verify()
      this.#init.onRound?.(round, this)
    }
    return this
  }

  #rttMs(from: number, to: number): number {
    return this.#init.matrix.rttMs(from, to)
  }

  #probe(node: number, round: number): void {
    const peer = this.#neighbours[node].next()
    if (peer === undefined) return
    const truthMs = this.#rttMs(node, peer)
    const rttMs = this.#init.noise ? noisyRttMs(truthMs, this.#probeDice) : truthMs
    const lie = this.#lieOf(peer, node, round, rttMs)
    const estimator = this.#estimators[node]
    estimator.observe(peer, rttMs + (lie?.addedMs ?? 0), lie?.coordinate ?? this.#coordinates[peer])
    this.#coordinates[node] = estimator.coordinate
    const nearestMs = Math.min(...estimator.links.map((link) => link.rttMs))
    if (this.#application[node].update(this.#coordinates[node], nearestMs) && !this.#isLiar[node]) {
      this.#applicationChanges++
    }
    this.#hearOfPeers(node, peer)
  }

  #lieOf(attacker: number, victim: number, round: number, rttMs: number) {
    if (this.#attack === undefined || !this.#isLiar[attacker] || round < ATTACK_START_ROUND) return undefined
    const victimCoordinate = this.#coordinates[victim]
    return this.#attack({ attacker, victim, round, victimCoordinate, rttMs, dice: this.#liarDice })
  }

  /** The answer to a probe names some neighbours of the peer with their coordinates. */
  #hearOfPeers(node: number, peer: number): void {
    const told = this.#neighbours[peer].members
    for (let i = 0; i < Math.min(TOLD_PEERS, told.length); i++) {
      const other = told[this.#probeDice.below(told.length)]
      if (other === node || !(this.#rttMs(node, other) > 0)) continue
      this.#neighbours[node].offer(
        other,
        (candidate) => this.measuredMs(node, candidate) ?? this.predictedMs(node, candidate)
      )
    }
  }

  #verify(): void {
    const discredited = discreditedPeers(this.#opinions())
    for (const estimator of this.#estimators) estimator.discredit(discredited)
  }

  /** Liars praise each other and slander the honest. */
  *#opinions(): Generator<Opinion<number>> {
    for (let node = 0; node < this.matrix.size; node++) {
      const verified = new Set(this.#neighbours[node].random)
      for (const { peer, rttMs, remote } of this.#estimators[node].links) {
        if (!verified.has(peer)) continue
        const found = relativeResidual(predictRttMs(this.#coordinates[node], remote), rttMs)
        const isLie = this.#attack !== undefined && this.#isLiar[node]
        const residualPpm = Math.round(1_000_000 * (!isLie ? found : this.#isLiar[peer] ? 0 : 1))
        yield { subject: peer, residualPpm }
      }
    }
  }
}
