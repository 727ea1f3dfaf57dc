// Peers that lie about where they are, as the literature has them. A liar chooses the coordinate that it claims and may hold
// an answer back, so that a round trip looks longer; it cannot make one shorter.

import type { Coordinate } from '../coordinate/index.ts'
import { DIMENSIONS, MAX_POSITION_MS, MIN_HEIGHT_MS } from '../coordinate/index.ts'
import type { Dice } from './random.ts'

export const ATTACKS = ['disorder', 'repulsion', 'isolation', 'frog-boiling', 'deflation'] as const
export type AttackName = (typeof ATTACKS)[number]

export interface Lie {
  readonly coordinate: Coordinate
  readonly addedMs: number
}

export interface LieContext {
  readonly attacker: number
  readonly victim: number
  readonly round: number
  /** Where the victim is, as it would tell anybody who asks. */
  readonly victimCoordinate: Coordinate
  readonly rttMs: number
  readonly dice: Dice
}

export type Attack = (context: LieContext) => Lie

/** Error that a liar claims, so as to be believed. */
const CLAIMED_ERROR = 0.01

/** Lies begin here: the honest have found their places, as in the literature. */
export const ATTACK_START_ROUND = 100

/** @param dice - for what all liars agree on beforehand */
export function makeAttack(name: AttackName, nodes: number, dice: Dice): Attack {
  switch (name) {
    case 'disorder':
      return disorder
    case 'repulsion':
      return repulsion(nodes, dice)
    case 'isolation':
      return isolation(nodes, dice)
    case 'frog-boiling':
      return frogBoiling(dice)
    case 'deflation':
      return deflation
  }
}

const claim = (position: readonly number[], heightMs = 1): Coordinate => ({
  position: position.map((value) => Math.min(MAX_POSITION_MS, Math.max(-MAX_POSITION_MS, value))),
  heightMs: Math.max(MIN_HEIGHT_MS, heightMs),
  error: CLAIMED_ERROR
})

const randomDirection = (dice: Dice): number[] => {
  const direction = Array.from({ length: DIMENSIONS }, () => dice.gaussian())
  const length = Math.hypot(...direction)
  return direction.map((value) => value / length)
}

const along = (direction: readonly number[], ms: number): number[] => direction.map((value) => value * ms)

/** Kaafar et al. (2006): a random place and a random delay for each victim, anew every time. */
const disorder: Attack = ({ dice }) => ({
  coordinate: claim(along(randomDirection(dice), dice.unit() * 1000)),
  addedMs: dice.unit() * 1000
})

/** Kaafar et al.: each liar has chosen where its victims shall go, and delays as if they were there. */
function repulsion(nodes: number, dice: Dice): Attack {
  const targets = Array.from({ length: nodes }, () => along(randomDirection(dice), 1000))
  return ({ attacker, rttMs }) => ({
    coordinate: claim(along(targets[attacker], -0.5)),
    addedMs: Math.max(0, 1000 - rttMs)
  })
}

/** Kaafar et al., "colluding isolation": all liars push half of the honest into one far region, together and consistently. */
function isolation(nodes: number, dice: Dice): Attack {
  const region = along(randomDirection(dice), 800)
  const isTarget = Array.from({ length: nodes }, () => dice.unit() < 0.5)
  return ({ victim, rttMs, victimCoordinate }) =>
    isTarget[victim]
      ? { coordinate: claim(region.map((value) => -value / 4)), addedMs: Math.max(0, 1000 - rttMs) }
      : { coordinate: claim(victimCoordinate.position.map((value, i) => value + region[i] / 20)), addedMs: 0 }
}

/** Chan-Tin et al. (2009): in steps too small to notice, all liars drift off in one direction, and take the victims along. */
function frogBoiling(dice: Dice): Attack {
  const direction = randomDirection(dice)
  const anchors = new Map<number, readonly number[]>()
  return ({ attacker, round, victimCoordinate }) => {
    const anchor = anchors.get(attacker) ?? victimCoordinate.position
    anchors.set(attacker, anchor)
    const driftMs = (round - ATTACK_START_ROUND) * 2
    return { coordinate: claim(anchor.map((value, i) => value + direction[i] * driftMs)), addedMs: 0 }
  }
}

/** Kaafar et al. and Newton: liars claim to be at the origin with no height, without delay, so that the space shrinks. */
const deflation: Attack = () => ({
  coordinate: claim(new Array<number>(DIMENSIONS).fill(0), MIN_HEIGHT_MS),
  addedMs: 0
})
