// Gossip over a matrix: plain random meshes against meshes and trees that follow the coordinates, and against Perigee.

import { chooseMesh, nearestFirst, sourceTree } from '../gossip/index.ts'
import type { Strategy } from './dissemination.ts'
import { disseminate } from './dissemination.ts'
import type { RttMatrix } from './matrix.ts'
import { perigeeMesh } from './perigee.ts'
import type { Dice } from './random.ts'
import { seededDice } from './random.ts'
import { quantileOf } from './score.ts'
import { shortestPaths } from './shortest-paths.ts'

export interface GossipRunInit {
  /** Without gaps. */
  readonly matrix: RttMatrix
  /** What nodes know of the distance between two peers, in milliseconds of round trip. */
  readonly predictedMs: (from: number, to: number) => number
  readonly seed: number
  /** @default 60 */
  readonly messages?: number
}

export interface GossipFigures {
  readonly mesh: string
  readonly message: 'small' | '128 KiB'
  readonly conditions: 'clean' | 'loss 5 %, dead 10 %'
  readonly p50Ms: number
  readonly p95Ms: number
  /** Copies of the payload that each live node was sent, on average. */
  readonly copies: number
  /** Share of (message, live node) that arrived. */
  readonly reach: number
}

export interface GossipReport {
  readonly figures: readonly GossipFigures[]
  /** No message can be faster: shortest paths over any hops, no loss, no time to send. */
  readonly bound: { readonly p50Ms: number; readonly p95Ms: number }
}

const CONNECTIONS = 50
const MESH_DEGREE = 8
const UPLINK_MBITS = 50
const SMALL_BYTES = 256
const LARGE_BYTES = 128 * 1024
/** A source of a small message sends to this many connections at once: Mercury's early outburst (Zhou et al., 2023). */
const OUTBURST = 24
/** Beside its tree, a node tells its mesh of a large message; who was told waits this long for the tree. */
const TREE_PATIENCE_MS = 5
const DEAD_SHARE = 0.1
const LOSS = 0.05

type Links = readonly (readonly number[])[]

export function runGossip({ matrix, predictedMs, seed, messages = 60 }: GossipRunInit): GossipReport {
  const dice = seededDice(seed)
  const connections = randomLinks(matrix.size, CONNECTIONS, dice.fork())
  const meshDice = dice.fork()
  const random = mutual(connections.map((peers) => meshDice.sample(peers, MESH_DEGREE / 2)))
  const near = mutual(
    connections.map((peers, node) =>
      chooseMesh(
        peers.map((peer) => ({ peer, rttMs: predictedMs(node, peer) })),
        { random: meshDice.unit }
      )
    )
  )
  const sources = Array.from({ length: messages }, () => dice.below(matrix.size))
  const perigee = perigeeMesh({ matrix, connections, links: MESH_DEGREE / 2, dice: dice.fork() })
  const push = (mesh: Links): Strategy => ({ push: (node) => mesh[node], announce: () => [], patienceMs: 0 })
  const sorted = (node: number, peers: readonly number[]): number[] =>
    nearestFirst(peers.map((peer) => ({ peer, rttMs: predictedMs(node, peer) }))).map(({ peer }) => peer)
  const ordered = near.map((peers, node) => sorted(node, peers))
  const outburst: Strategy = {
    ...push(ordered),
    push: (node, from) =>
      from < 0 ? outburstOf(ordered[node], sorted(node, connections[node])) : ordered[node]
  }
  const treeOf = (source: number): Strategy => {
    const { children } = sourceTree({
      size: matrix.size,
      root: source,
      connectionsOf: (node) => connections[node],
      oneWayMs: (from, to) => predictedMs(from, to) / 2,
      sendMs: (LARGE_BYTES * 8) / (UPLINK_MBITS * 1000)
    })
    return { push: (node) => children[node], announce: (node) => near[node], patienceMs: TREE_PATIENCE_MS }
  }
  const figures: GossipFigures[] = []
  const measure = (
    mesh: string,
    message: GossipFigures['message'],
    strategyOf: (source: number) => Strategy
  ) => {
    for (const conditions of ['clean', 'loss 5 %, dead 10 %'] as const) {
      const worldDice = seededDice(seed + 1)
      const isHard = conditions !== 'clean'
      const times: number[] = []
      let [copies, reached, expected] = [0, 0, 0]
      for (const source of sources) {
        const dead = new Set(
          isHard
            ? worldDice.sample(othersThan(source, matrix.size), Math.round(DEAD_SHARE * matrix.size))
            : []
        )
        const delivery = disseminate({
          matrix,
          source,
          strategy: strategyOf(source),
          connections,
          sizeBytes: message === 'small' ? SMALL_BYTES : LARGE_BYTES,
          uplinkMbits: UPLINK_MBITS,
          loss: isHard ? LOSS : 0,
          isDead: (node) => dead.has(node),
          dice: worldDice.fork()
        })
        copies += delivery.copies
        delivery.arrivalMs.forEach((ms, node) => {
          if (node === source || Number.isNaN(ms)) return
          expected++
          if (ms < Infinity) reached++
          times.push(ms)
        })
      }
      times.sort((a, b) => a - b)
      figures.push({
        mesh,
        message,
        conditions,
        p50Ms: quantileOf(times, 0.5),
        p95Ms: quantileOf(times, 0.95),
        copies: copies / expected,
        reach: reached / expected
      })
    }
  }
  for (const message of ['small', '128 KiB'] as const) {
    measure('random', message, () => push(random))
    measure('perigee', message, () => push(perigee))
    measure('near + long', message, () => push(ordered))
  }
  measure('geodesic', 'small', () => outburst)
  measure('geodesic', '128 KiB', treeOf)
  return { figures, bound: boundOf(matrix, sources) }
}

const outburstOf = (mesh: readonly number[], connections: readonly number[]): number[] => {
  const every = Math.max(1, Math.floor(connections.length / OUTBURST))
  return [...new Set([...mesh, ...connections.filter((_, i) => i % every === 0)])].slice(0, OUTBURST)
}

function boundOf(matrix: RttMatrix, sources: readonly number[]): GossipReport['bound'] {
  const shortest = shortestPaths(matrix)
  const times = sources
    .flatMap((source) =>
      othersThan(source, matrix.size).map((node) => shortest[source * matrix.size + node] / 2)
    )
    .sort((a, b) => a - b)
  return { p50Ms: quantileOf(times, 0.5), p95Ms: quantileOf(times, 0.95) }
}

const othersThan = (node: number, size: number): number[] =>
  Array.from({ length: size }, (_, i) => i).filter((other) => other !== node)

/** About `degree` random connections a node, known to both ends. */
function randomLinks(size: number, degree: number, dice: Dice): Links {
  return mutual(
    Array.from({ length: size }, (_, node) =>
      dice.sample(othersThan(node, size), Math.min(degree / 2, size - 1))
    )
  )
}

/** A link that one end chose is used by both. */
export function mutual(chosen: Links): Links {
  const links = chosen.map((peers) => new Set(peers))
  chosen.forEach((peers, node) => {
    for (const peer of peers) links[peer].add(node)
  })
  return links.map((peers) => [...peers])
}
