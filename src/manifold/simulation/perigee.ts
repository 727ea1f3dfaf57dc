// Perigee (Mao et al., "Perigee: efficient peer-to-peer network design for blockchains", PODC 2020), a baseline without
// coordinates: each node keeps the neighbours that brought it messages early, and tries others in place of the rest.

import { disseminate } from './dissemination.ts'
import { mutual } from './gossip-run.ts'
import type { RttMatrix } from './matrix.ts'
import type { Dice } from './random.ts'

export interface PerigeeInit {
  readonly matrix: RttMatrix
  readonly connections: readonly (readonly number[])[]
  /** Links that each node chooses. */
  readonly links: number
  readonly dice: Dice
}

const GENERATIONS = 12
const MESSAGES_PER_GENERATION = 15
/** A neighbour is scored by this quantile of how late its copies are (the paper: 90). */
const SCORE_QUANTILE = 0.9

export function perigeeMesh({
  matrix,
  connections,
  links,
  dice
}: PerigeeInit): readonly (readonly number[])[] {
  const { size } = matrix
  let chosen = connections.map((peers) => dice.sample(peers, links))
  for (let generation = 0; generation < GENERATIONS; generation++) {
    const mesh = mutual(chosen)
    const lateness = chosen.map((peers) => new Map(peers.map((peer) => [peer, [] as number[]])))
    for (let i = 0; i < MESSAGES_PER_GENERATION; i++) {
      const { arrivalMs } = disseminate({
        matrix,
        source: dice.below(size),
        strategy: { push: (node) => mesh[node], announce: () => [], patienceMs: 0 },
        connections,
        sizeBytes: 256,
        uplinkMbits: 50,
        loss: 0,
        isDead: () => false,
        dice
      })
      lateness.forEach((byPeer, node) => {
        for (const [peer, times] of byPeer) {
          times.push(arrivalMs[peer] + matrix.rttMs(peer, node) / 2 - arrivalMs[node])
        }
      })
    }
    const isLast = generation === GENERATIONS - 1
    chosen = chosen.map((peers, node) => {
      const score = (peer: number): number => {
        const times = lateness[node].get(peer)!.sort((a, b) => a - b)
        return times[Math.floor(SCORE_QUANTILE * (times.length - 1))]
      }
      if (isLast) return peers
      const kept = [...peers].sort((a, b) => score(a) - score(b)).slice(0, links - 1)
      const fresh = connections[node].filter((peer) => !kept.includes(peer))
      return [...kept, ...dice.sample(fresh, links - kept.length)]
    })
  }
  return mutual(chosen)
}
