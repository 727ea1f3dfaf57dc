// Strongly connected components of the trust graph.

import type { Bits } from './bits.ts'
import { addBit, difference, emptyBits, hasBit, indicesOf, removeBit } from './bits.ts'
import type { TrustNetwork } from './network.ts'

/**
 * Components of the graph that has an edge from each node of `within` to those it names (Tarjan 1972).
 * Every minimal quorum lies inside one of them (Lachowski 2019): the nodes of a quorum that are in a component without
 * outgoing edges need no others.
 */
export function trustComponents(network: TrustNetwork, within: Bits): Bits[] {
  const { size } = network
  const components: Bits[] = []
  const order = new Int32Array(size).fill(-1)
  const lowest = new Int32Array(size)
  const onStack = emptyBits(size)
  const stack: number[] = []
  let visited = 0

  // An explicit stack: a chain of a few thousand nodes would exhaust the engine's own.
  const enter = (node: number): { node: number; edges: number[]; next: number } => {
    order[node] = lowest[node] = visited++
    stack.push(node)
    addBit(onStack, node)
    return { node, edges: indicesOf(network.trustedBy(node)).filter((to) => hasBit(within, to)), next: 0 }
  }
  const leave = (node: number): void => {
    if (lowest[node] !== order[node]) return
    const component = emptyBits(size)
    for (;;) {
      const member = stack.pop()!
      removeBit(onStack, member)
      addBit(component, member)
      if (member === node) break
    }
    components.push(component)
  }

  for (const root of indicesOf(within)) {
    if (order[root] !== -1) continue
    const path = [enter(root)]
    while (path.length > 0) {
      const frame = path[path.length - 1]
      if (frame.next < frame.edges.length) {
        const to = frame.edges[frame.next++]
        if (order[to] === -1) path.push(enter(to))
        else if (hasBit(onStack, to)) lowest[frame.node] = Math.min(lowest[frame.node], order[to])
      } else {
        path.pop()
        leave(frame.node)
        const parent = path[path.length - 1]?.node
        if (parent !== undefined) lowest[parent] = Math.min(lowest[parent], lowest[frame.node])
      }
    }
  }
  return components
}

/** `nodes` and all nodes that they name, directly or through others. */
export function reliedUpon(network: TrustNetwork, nodes: Bits): Bits {
  const reached = nodes.slice()
  const waiting = indicesOf(nodes)
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const named of indicesOf(difference(network.trustedBy(node), reached))) {
      addBit(reached, named)
      waiting.push(named)
    }
  }
  return reached
}
