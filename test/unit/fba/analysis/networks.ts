// Networks to test on: regular ones, and arbitraries for small ones of every kind.

import fc from 'fast-check'
import type { FbaNode } from '../../../../fba/analysis/network.ts'
import type { NodeId, QuorumSet } from '../../../../fba/types.ts'

export function quorumSet(threshold: number, validators: NodeId[], innerSets: QuorumSet[] = []): QuorumSet {
  return { threshold, validators, innerSets }
}

/** Everybody requires `threshold` of everybody. */
export function flatNetwork(size: number, threshold: number): FbaNode[] {
  const ids = Array.from({ length: size }, (_, index) => `n${index}`)
  return ids.map((id) => ({ id, quorumSet: quorumSet(threshold, ids) }))
}

/** Names of nodes: organisation o has `sizes[o]` of them. */
export function organisationsOf(sizes: readonly number[]): NodeId[][] {
  return sizes.map((size, o) => Array.from({ length: size }, (_, index) => `${letter(o)}${index}`))
}

/** Everybody requires a majority in each of `threshold` organisations. */
export function organisedNetwork(sizes: readonly number[], threshold: number): FbaNode[] {
  const organisations = organisationsOf(sizes)
  const shared = quorumSet(threshold, [], organisations.map(majority))
  return organisations.flat().map((id) => ({ id, quorumSet: shared }))
}

export function majority(nodes: NodeId[]): QuorumSet {
  return quorumSet(Math.floor(nodes.length / 2) + 1, nodes)
}

function letter(index: number): string {
  return String.fromCharCode(97 + index)
}

interface Shape {
  readonly validators: number
  readonly inner: readonly Shape[]
  /** Where the threshold lies between 1 and the number of entries. */
  readonly percent: number
}

function shapes(depth: number): fc.Arbitrary<Shape> {
  return fc.record({
    validators: fc.nat({ max: 4 }),
    inner: depth === 1 ? fc.constant([]) : fc.array(shapes(depth - 1), { maxLength: 3 }),
    percent: fc.nat({ max: 99 })
  })
}

/** A sane quorum set of some of `ids`, nested up to three levels deep. */
function quorumSets(ids: readonly NodeId[]): fc.Arbitrary<QuorumSet> {
  return fc.tuple(shapes(3), fc.shuffledSubarray([...ids], { minLength: 1 })).map(([shape, chosen]) => {
    const waiting = [...chosen]
    const fill = ({ validators, inner, percent }: Shape): QuorumSet => {
      const taken = waiting.splice(0, validators)
      const innerSets = inner.map(fill).filter((set) => set.threshold > 0)
      const entries = taken.length + innerSets.length
      return quorumSet(entries === 0 ? 0 : 1 + Math.floor((percent * entries) / 100), taken, innerSets)
    }
    const set = fill(shape)
    return set.threshold > 0 ? set : quorumSet(1, chosen.slice(0, 1))
  })
}

/** Nodes that share few quorum sets, some with none: now and then exchangeable, mostly not. */
const unorganised: fc.Arbitrary<FbaNode[]> = fc.integer({ min: 1, max: 10 }).chain((size) => {
  const ids = Array.from({ length: size }, (_, index) => `n${index}`)
  return fc
    .array(quorumSets(ids), { minLength: 1, maxLength: 5 })
    .chain((pool) =>
      fc
        .array(fc.nat({ max: pool.length }), { minLength: size, maxLength: size })
        .map((picks) => ids.map((id, index) => ({ id, quorumSet: pool[picks[index]] })))
    )
})

/** Organisations that are alike, with a few nodes that have ideas of their own. */
const organised: fc.Arbitrary<FbaNode[]> = fc
  .array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 })
  .filter((sizes) => sizes.reduce((sum, size) => sum + size, 0) <= 10)
  .chain((sizes) =>
    fc.integer({ min: 1, max: sizes.length }).chain((threshold) => {
      const nodes = organisedNetwork(sizes, threshold)
      const ids = nodes.map(({ id }) => id)
      return fc
        .array(fc.tuple(fc.nat({ max: ids.length - 1 }), fc.option(quorumSets(ids), { nil: undefined })), {
          maxLength: 3
        })
        .map((changes) => {
          const own = new Map(changes)
          return nodes.map((node, index) => (own.has(index) ? { ...node, quorumSet: own.get(index) } : node))
        })
    })
  )

/** Networks of up to 10 nodes in which every node that is named is listed. */
export const smallNetworks: fc.Arbitrary<FbaNode[]> = fc.oneof(unorganised, organised)
