// `npm run bench:homeostat`: what the homeostat is worth, side by side in one run of the simulator: homeostat on; off; holders
// at random; the holder that reports the least load; three whole copies, which take the same room as 4 of 12. Prints
// tables in Markdown and writes plots to docs/images.

import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createWasmBackend } from '../encoder/index.ts'
import { Prng, scatteredLatency } from '../test/sim/engine/index.ts'
import { InlineCodec } from '../test/sim/mesh/codec.ts'
import { SCENARIOS } from '../test/sim/mesh/scenarios.ts'
import type { ScenarioName } from '../test/sim/mesh/scenarios.ts'
import { Simulation } from '../test/sim/mesh/simulation.ts'
import type { SimulationInit, SimulationReport } from '../test/sim/mesh/simulation.ts'
import { barPlot, linePlot } from './homeostat/plots.ts'

const { values: flags } = parseArgs({
  options: { seed: { type: 'string', default: '11' }, out: { type: 'string', default: 'docs/images' } }
})
const seed = Number(flags.seed)
const codec = new InlineCodec(await createWasmBackend())

const POLICIES: Readonly<Record<string, Partial<SimulationInit>>> = {
  'homeostat on': { control: 'on' },
  off: { control: 'off' },
  'random holder': { control: 'random' },
  'least loaded': { control: 'least' },
  'three copies': { control: 'off', k: 1, n: 3 }
}
/** 24 peers with lines of 0.5 Mbit/s; 24 objects of 40 KB; 15 reads a second more, four fifths of what twelve lines carry. */
const CROWD: Partial<SimulationInit> = {
  ...{ peers: 24, objects: 24, seconds: 90, readsPerSecond: 0.36 },
  ...{ maxObjectBytes: 40_000, sameSize: true, lineBytesPerSecond: 62_500 }
}
const QUIET: Partial<SimulationInit> = {
  ...{ peers: 36, objects: 36, seconds: 600, readsPerSecond: 1 },
  ...{ maxObjectBytes: 65_536 }
}

async function run(name: ScenarioName, changes: Partial<SimulationInit>): Promise<SimulationReport> {
  const report = await new Simulation({
    ...{ name, scenario: SCENARIOS[name], seed, peers: 36, objects: 24, seconds: 600, k: 4, n: 12 },
    ...{
      maxObjectBytes: 65_536,
      readsPerSecond: 1,
      latency: scatteredLatency(new Prng(seed), 72, 40_000),
      codec
    },
    ...changes
  }).run()
  process.stderr.write(`${name} ${changes.control ?? 'on'}: p99 ${report.reads.p99Ms} ms\n`)
  if (report.lost > 0 || report.wrongBytes > 0) process.exitCode = 1
  return report
}

const table = (head: readonly string[], rows: ReadonlyArray<readonly unknown[]>): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
const failures = ({ reads }: SimulationReport): number =>
  Object.values(reads.failed).reduce((a, b) => a + b, 0)

mkdirSync(flags.out, { recursive: true })
for (const scenario of ['flash', 'zipf'] as const) {
  const reports = new Map<string, SimulationReport>()
  for (const [policy, changes] of Object.entries(POLICIES)) {
    reports.set(policy, await run(scenario, { ...CROWD, ...changes }))
  }
  const head = [
    '',
    'reads',
    'failed',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'busiest / mean',
    'mean KL, nats',
    'sent / stored'
  ]
  const rows = [...reports].map(([policy, report]) => {
    const { reads, load, sentBytes, storedBytes } = report
    const latency = [reads.p50Ms, reads.p95Ms, reads.p99Ms].map(Math.round)
    const traffic = Math.round(sentBytes / storedBytes)
    return [
      policy,
      reads.ok,
      failures(report),
      ...latency,
      load.meanMaxOverMean.toFixed(1),
      load.meanKl.toFixed(2),
      traffic
    ]
  })
  console.log(`\n${scenario}\n\n${table(head, rows)}`)
  const bars = [...reports].map(([label, { reads }]) => ({ label, values: [reads.p50Ms, reads.p99Ms] }))
  writeFileSync(
    `${flags.out}/homeostat-${scenario}-latency.svg`,
    barPlot(`${scenario}: read latency, ms`, ['p50', 'p99'], bars)
  )
  const lines = [...reports].map(([label, { load }]) => ({
    label,
    points: load.samples.map(({ second, kl }) => [second, kl] as const)
  }))
  writeFileSync(
    `${flags.out}/homeostat-${scenario}-kl.svg`,
    linePlot(`${scenario}: KL of the load from even, nats`, 'second', lines)
  )
}

const calm = await run('calm', QUIET)
const rows: unknown[][] = []
for (const scenario of ['slow', 'liars', 'kill30', 'attrition'] as const) {
  const report = await run(scenario, {
    ...QUIET,
    ...(scenario === 'kill30' ? { k: 8, n: 20, objects: 20 } : {})
  })
  const { reads, repair } = report
  const base = scenario === 'kill30' ? await run('calm', { ...QUIET, k: 8, n: 20, objects: 20 }) : calm
  const ratio = (now: number, before: number): string => (now / before).toFixed(2)
  const perLost = (bytes: number): string =>
    repair.lostBytes === 0 ? '' : (bytes / repair.lostBytes).toFixed(2)
  rows.push([
    ...[scenario, report.lost, failures(report)],
    ...[
      ratio(reads.p50Ms, base.reads.p50Ms),
      ratio(reads.p95Ms, base.reads.p95Ms),
      ratio(reads.p99Ms, base.reads.p99Ms)
    ],
    ...[repair.secondsToFull.join(', '), perLost(repair.movedBytes), perLost(repair.busiestBytes)]
  ])
}
const heads = [
  '',
  'lost',
  'failed',
  'p50 / calm',
  'p95 / calm',
  'p99 / calm',
  'seconds to full',
  'moved / lost',
  'busiest peer / lost'
]
console.log(`\nhomeostat on\n\n${table(heads, rows)}`)
