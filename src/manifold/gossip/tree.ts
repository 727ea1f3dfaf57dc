// A tree from one source to everybody, computed from the map: the same input gives the same tree on every node, so that no
// control traffic builds it (unlike Plumtree; Leitao, Pereira and Rodrigues, 2007). What breaks is healed by pulling.

import { MinHeap } from './heap.ts'

/** Children that a node feeds at most: after that its uplink is behind that of peers that got the message later. */
export const MAX_TREE_DEGREE = 16

export interface TreeInit {
  readonly size: number
  readonly root: number
  /** Peers that a node may send to: its connections. */
  readonly connectionsOf: (node: number) => readonly number[]
  /** Predicted one-way time between two peers, in milliseconds. */
  readonly oneWayMs: (from: number, to: number) => number
  /** Time for which one copy occupies a node's uplink, in milliseconds. */
  readonly sendMs: number
  /** @default MAX_TREE_DEGREE */
  readonly maxDegree?: number
}

export interface Tree {
  /** Children of each node, in the order in which they are sent to. */
  readonly children: readonly (readonly number[])[]
  /** Predicted arrival at each node in milliseconds after the root has the message; Infinity where it cannot get. */
  readonly arrivalMs: Float64Array
}

/** Gives the next copy always to whoever can have it earliest, as Dijkstra's algorithm does, but one send at a time. */
export function sourceTree(init: TreeInit): Tree {
  const { size, root, connectionsOf, oneWayMs, sendMs, maxDegree = MAX_TREE_DEGREE } = init
  const children = Array.from({ length: size }, (): number[] => [])
  const arrivalMs = new Float64Array(size).fill(Infinity)
  const candidates: (readonly number[])[] = []
  const offered = new Int32Array(size)
  const offers = new MinHeap<{ readonly from: number; readonly to: number }>()
  const offerNext = (from: number): void => {
    if (children[from].length >= maxDegree) return
    const list = (candidates[from] ??= [...connectionsOf(from)].sort(
      (a, b) => oneWayMs(from, a) - oneWayMs(from, b) || a - b
    ))
    while (offered[from] < list.length && arrivalMs[list[offered[from]]] < Infinity) offered[from]++
    if (offered[from] >= list.length) return
    const to = list[offered[from]++]
    offers.push(arrivalMs[from] + (children[from].length + 1) * sendMs + oneWayMs(from, to), { from, to })
  }
  arrivalMs[root] = 0
  offerNext(root)
  for (let next = offers.pop(); next !== undefined; next = offers.pop()) {
    const { from, to } = next.item
    if (arrivalMs[to] === Infinity) {
      arrivalMs[to] = next.key
      children[from].push(to)
      offerNext(to)
    }
    offerNext(from)
  }
  return { children, arrivalMs }
}
