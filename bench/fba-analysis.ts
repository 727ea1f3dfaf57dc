// How long the analysis of quorums takes, on one core, against the time it is allowed.

import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Table from 'cli-table3'
import type { FbaNode, NetworkAnalysis, SetFamily } from '../fba/analysis/index.ts'
import { analyzeNetwork, parseStellarbeatNodes } from '../fba/analysis/index.ts'
import type { QuorumSet } from '../fba/types.ts'

export interface AnalysisFigure {
  readonly network: string
  /** Of three runs, the first of them cold, the slowest. */
  readonly slowestMillis: number
  /** Time it is allowed; undefined where it is measured for the record only. */
  readonly targetMillis: number | undefined
  readonly analysis: NetworkAnalysis
}

interface Case {
  readonly network: string
  readonly targetMillis?: number
  readonly nodes: readonly FbaNode[]
}

const RUNS = 3
/** Ends the cases without a target. */
const LIMIT_MILLIS = 30_000

/** Measures every case, on the calling thread. */
export function benchAnalysis(): AnalysisFigure[] {
  return [...referenceCases(), ...generatedCases()].map(({ network, targetMillis, nodes }) => {
    const runs = Array.from({ length: targetMillis === undefined ? 1 : RUNS }, () => {
      const startMillis = performance.now()
      const analysis = analyzeNetwork(nodes, {
        clock: { nowMillis: () => performance.now() },
        limitMillis: LIMIT_MILLIS
      })
      return { millis: performance.now() - startMillis, analysis }
    })
    return {
      network,
      slowestMillis: Math.max(...runs.map(({ millis }) => millis)),
      targetMillis,
      analysis: runs[0].analysis
    }
  })
}

export function analysisTable(figures: readonly AnalysisFigure[]): string {
  const table = new Table({
    head: ['network', 'ms', 'allowed', 'intersects', 'quorums', 'blocking', 'splitting', 'top tier'],
    style: { head: [], border: [] }
  })
  const size = ({ complete, count }: SetFamily): string => `${complete ? '' : '>= '}${count}`
  for (const { network, slowestMillis, targetMillis, analysis } of figures) {
    table.push([
      network,
      slowestMillis.toFixed(0),
      targetMillis === undefined ? '-' : `${targetMillis}`,
      analysis.intersection.status,
      size(analysis.minimalQuorums),
      size(analysis.minimalBlockingSets),
      size(analysis.minimalSplittingSets),
      `${analysis.topTier.members.length}`
    ])
  }
  return table.toString()
}

/** Snapshots of the Stellar network from 2018, where the reference data is at hand. */
function referenceCases(): Case[] {
  const folder = join(process.env.THHE_SHARED ?? resolve(import.meta.dirname, '../../shared'), 'data/fba')
  return ['correct.json', 'broken.json']
    .filter((file) => existsSync(join(folder, file)))
    .map((file) => ({
      network: `Stellar 2018, ${file}`,
      targetMillis: 2000,
      nodes: parseStellarbeatNodes(readFileSync(join(folder, file), 'utf8'))
    }))
}

function generatedCases(): Case[] {
  const ring = organisationsOf(Array(16).fill(3))
  const tier = organisationsOf([3, 3, 3, 3, 3, 1, 1])
  const random = seeded(1)
  const flat = Array.from({ length: 17 }, (_, index) => `n${index}`)
  return [
    {
      network: '16 organisations of 3, alike',
      targetMillis: 10_000,
      nodes: following(ring, trusting(11, ring))
    },
    {
      network: '172 nodes, top tier of 17',
      targetMillis: 30_000,
      nodes: [...following(tier, trusting(5, tier)), ...watchers(155, tier, random)]
    },
    {
      network: '17 nodes, no two alike',
      nodes: flat.map((id) => ({
        id,
        quorumSet: {
          threshold: 10,
          validators: flat.filter((other) => other === id || random() < 0.85),
          innerSets: []
        }
      }))
    },
    {
      network: '16 organisations of 3, each without its neighbour',
      nodes: ring.flatMap((members, index) =>
        following(
          [members],
          trusting(
            11,
            ring.filter((_, other) => other !== (index + 1) % ring.length)
          )
        )
      )
    }
  ]
}

function organisationsOf(sizes: readonly number[]): string[][] {
  return sizes.map((size, o) => Array.from({ length: size }, (_, index) => `o${o}n${index}`))
}

/** A majority in each of `threshold` organisations. */
function trusting(threshold: number, organisations: readonly string[][]): QuorumSet {
  const innerSets = organisations.map((validators) => ({
    threshold: Math.floor(validators.length / 2) + 1,
    validators,
    innerSets: []
  }))
  return { threshold, validators: [], innerSets }
}

function following(organisations: readonly string[][], quorumSet: QuorumSet): FbaNode[] {
  return organisations.flat().map((id) => ({ id, quorumSet }))
}

/** Nodes that follow two thirds of some organisations of the tier, and now and then another watcher. */
function watchers(count: number, tier: readonly string[][], random: () => number): FbaNode[] {
  return Array.from({ length: count }, (_, index) => {
    const trusted = tier.filter(() => random() < 0.7)
    const { innerSets } = trusting(1, trusted)
    const validators = [`w${Math.floor(random() * count)}`]
    const threshold = Math.ceil((2 * (innerSets.length + 1)) / 3)
    return { id: `w${index}`, quorumSet: { threshold, validators, innerSets } }
  })
}

/** A linear congruential generator: the same networks in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) / 2 ** 31
}

if (import.meta.main) {
  const figures = benchAnalysis()
  console.log(analysisTable(figures))
  const late = figures.filter(({ slowestMillis, targetMillis = Infinity }) => slowestMillis > targetMillis)
  for (const { network } of late) console.error(`too slow: ${network}`)
  process.exitCode = late.length > 0 ? 1 : 0
}
