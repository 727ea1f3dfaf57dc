import { expect } from 'chai'
import fc from 'fast-check'
import {
  chooseMesh,
  MAX_TREE_DEGREE,
  nearestFirst,
  sourceTree
} from '../../../../src/manifold/gossip/index.ts'
import { MinHeap } from '../../../../src/manifold/gossip/heap.ts'
import { seededDice } from '../../../../src/manifold/simulation/random.ts'

const CONNECTIONS = Array.from({ length: 20 }, (_, i) => ({ peer: i, rttMs: (i * 7) % 20 }))

describe('manifold: mesh', () => {
  it('chooses the nearest, and some of the others at random', () => {
    const mesh = chooseMesh(CONNECTIONS, { random: seededDice(1).unit, links: 5, long: 3 })
    expect(mesh).to.have.length(5)
    expect(new Set(mesh).size).to.equal(5)
    expect(mesh.slice(0, 2)).to.deep.equal(
      nearestFirst(CONNECTIONS)
        .slice(0, 2)
        .map(({ peer }) => peer)
    )
    const others = new Set(
      Array.from({ length: 200 }, (_, seed) =>
        chooseMesh(CONNECTIONS, { random: seededDice(seed).unit, links: 5, long: 3 }).slice(2)
      ).flat()
    )
    expect(others.size, 'every other peer comes up').to.equal(18)
  })

  it('chooses all when there are few', () => {
    expect(chooseMesh(CONNECTIONS.slice(0, 3), { random: () => 0.99 })).to.have.members([0, 1, 2])
    expect(chooseMesh([], { random: () => 0 })).to.deep.equal([])
  })
})

describe('manifold: tree', () => {
  const line = {
    size: 4,
    connectionsOf: (node: number) => [node - 1, node + 1].filter((n) => n >= 0 && n < 4),
    oneWayMs: () => 10
  }

  it('reaches every reachable node exactly once', () => {
    const tree = sourceTree({ ...line, root: 1, sendMs: 1 })
    expect(tree.children.flat().sort()).to.deep.equal([0, 2, 3])
    expect([...tree.arrivalMs]).to.deep.equal([11, 0, 12, 23])
    const cut = sourceTree({
      ...line,
      connectionsOf: (node) => line.connectionsOf(node).filter((n) => n !== 3),
      root: 0,
      sendMs: 1
    })
    expect(cut.arrivalMs[3]).to.equal(Infinity)
  })

  it('sends to the nearest first, and lets them forward when the uplink is slow', () => {
    const oneWayMs = (from: number, to: number): number => 10 + Math.abs(from - to)
    const all = { size: 5, root: 0, connectionsOf: () => [0, 1, 2, 3, 4], oneWayMs }
    expect(sourceTree({ ...all, sendMs: 0.001 }).children[0]).to.deep.equal([1, 2, 3, 4])
    const slow = sourceTree({ ...all, sendMs: 100 })
    expect(slow.children[0][0]).to.equal(1)
    expect(slow.children[0].length).to.be.below(4)
  })

  it('is the same from the same map, keeps to its degree, and spans the connected nodes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 2, max: 40 }), (seed, size) => {
        const dice = seededDice(seed)
        const ms = Array.from({ length: size * size }, () => 1 + dice.below(200))
        const init = {
          size,
          root: dice.below(size),
          connectionsOf: () => Array.from({ length: size }, (_, i) => i),
          oneWayMs: (from: number, to: number) => ms[from * size + to],
          sendMs: 5,
          maxDegree: 3
        }
        const tree = sourceTree(init)
        expect(tree.children.flat()).to.have.members(
          Array.from({ length: size }, (_, i) => i).filter((i) => i !== init.root)
        )
        expect(Math.max(...tree.children.map((list) => list.length))).to.be.at.most(3)
        expect(sourceTree(init)).to.deep.equal(tree)
      }),
      { numRuns: 50 }
    )
    expect(MAX_TREE_DEGREE).to.be.above(3)
  })
})

describe('manifold: heap', () => {
  it('returns the least element, and of equal ones the first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (keys) => {
        const heap = new MinHeap<number>()
        keys.forEach((key, i) => heap.push(key, i))
        const sorted = keys.map((key, i) => [key, i]).sort(([a, i], [b, j]) => a - b || i - j)
        expect(keys.map(() => heap.pop()).map((top) => [top!.key, top!.item])).to.deep.equal(sorted)
        expect(heap.pop()).to.equal(undefined)
      })
    )
  })
})
