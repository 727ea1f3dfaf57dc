// `npm run sim -- --peers 50 --objects 200 --scenario kill30 --seed 7 --json`
// The node's own store and hologram code, over simulated hosts, links and disks, in virtual time. The same flags give the
// same history. Exits with 1 when an object whose losses stayed within its code cannot be read, when bytes differ, or
// when something happened that nobody was waiting for.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createWasmBackend } from '../../encoder/index.ts'
import { CODES } from '../../src/hologram/index.ts'
import type { CodeName } from '../../src/hologram/index.ts'
import { matrixLatency, Prng, scatteredLatency } from './engine/index.ts'
import { InlineCodec } from './mesh/codec.ts'
import { SCENARIOS } from './mesh/scenarios.ts'
import type { ScenarioName } from './mesh/scenarios.ts'
import { CONTROLS, exitCodeOf, Simulation } from './mesh/simulation.ts'
import type { ControlName, SimulationReport } from './mesh/simulation.ts'

const { values: flags } = parseArgs({
  options: {
    peers: { type: 'string', default: '50' },
    objects: { type: 'string', default: '200' },
    scenario: { type: 'string', default: 'calm' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
    k: { type: 'string', default: '4' },
    n: { type: 'string', default: '12' },
    code: { type: 'string', default: 'rs8' },
    'max-bytes': { type: 'string', default: '524288' },
    reads: { type: 'string', default: '0.5' },
    'latency-ms': { type: 'string', default: '40' },
    'line-mbit': { type: 'string', default: '100' },
    grace: { type: 'string', default: '60' },
    control: { type: 'string', default: 'on' },
    matrix: { type: 'string' },
    map: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false }
  }
})

function numberOf(
  flag: Exclude<keyof typeof flags, 'json' | 'matrix' | 'scenario' | 'control' | 'code'>
): number {
  const number = Number(flags[flag])
  if (!(number >= 0)) throw new RangeError(`--${flag} needs a number that is not negative`)
  return number
}

function scenarioOf(name: string): ScenarioName {
  if (Object.hasOwn(SCENARIOS, name)) return name as ScenarioName
  throw new RangeError(`--scenario ${name} does not exist; there are ${Object.keys(SCENARIOS).join(', ')}`)
}

function codeOf(name: string): CodeName {
  const known = CODES.find((one) => one === name)
  if (known === undefined) throw new RangeError(`--code is one of ${CODES.join(', ')}`)
  return known
}

function controlOf(name: string): ControlName {
  const known = CONTROLS.find((one) => one === name)
  if (known === undefined) throw new RangeError(`--control is one of ${CONTROLS.join(', ')}`)
  return known
}

function printed(report: SimulationReport): string {
  const { puts, reads, repair, load } = report
  const perLostByte = (bytes: number): string => (bytes / Math.max(1, repair.lostBytes)).toFixed(2)
  const rows: Array<[string, string]> = [
    ['scenario, seed', `${report.scenario}, ${report.seed}`],
    ['virtual time', `${report.virtualSeconds} s, ${report.events} events`],
    ['puts', `${puts.ok} ok, failed ${JSON.stringify(puts.failed)}`],
    [
      'reads',
      `${reads.ok} ok, failed ${JSON.stringify(reads.failed)}, ${reads.hopeless} with too few shards alive`
    ],
    ['read latency', `p50 ${reads.p50Ms} ms, p95 ${reads.p95Ms} ms, p99 ${reads.p99Ms} ms`],
    ['lost', `${report.lost} (${report.beyondTheCode} more had lost more shards than their code covers)`],
    ['wrong bytes', String(report.wrongBytes)],
    ['spare shards: objects', JSON.stringify(report.spare)],
    ...(repair.lostBytes === 0
      ? []
      : ([
          [
            'moved per byte lost',
            `${perLostByte(repair.movedBytes)}, ${perLostByte(repair.busiestBytes)} by the busiest peer`
          ],
          ['seconds to full', repair.secondsToFull.join(', ') || 'not reached']
        ] satisfies Array<[string, string]>)),
    [
      'bytes kept',
      report.balance
        .map(
          ({ second, peers, emptiestOverMean, fullestOverMean, kl }) =>
            `at ${second} s, ${peers} peers: ${emptiestOverMean} to ${fullestOverMean} of the mean, KL ${kl}`
        )
        .join('; ')
    ],
    [
      'moved to emptier peers',
      `${report.fill.movedShards} shards, ${report.fill.movedBytes} bytes, ${report.fill.manifests} manifests`
    ],
    [
      'KL of the load',
      `mean ${load.meanKl}, worst ${load.maxKl} nats; busiest over mean ${load.meanMaxOverMean}`
    ],
    ['KL over time', load.samples.map(({ kl }) => kl.toFixed(1)).join(' ')],
    ['actions', JSON.stringify(report.actions)],
    ['bytes sent per byte stored', (report.sentBytes / Math.max(1, report.storedBytes)).toFixed(2)],
    ...Object.entries(report.warnings).map(([text, times]): [string, string] => [
      'warning',
      `${times} x ${text}`
    ]),
    ...report.surprises.map((text): [string, string] => ['SURPRISE', text]),
    ['digest', report.digest]
  ]
  return rows.map(([name, value]) => `${name.padEnd(28)}${value}`).join('\n')
}

/** Places in which the peers of the scenario `region` stand. */
const REGIONS = 5

const peers = numberOf('peers')
const report = await new Simulation({
  peers,
  objects: numberOf('objects'),
  name: flags.scenario,
  scenario: SCENARIOS[scenarioOf(flags.scenario)],
  seed: numberOf('seed'),
  seconds: numberOf('minutes') * 60,
  k: numberOf('k'),
  n: numberOf('n'),
  code: codeOf(flags.code),
  maxObjectBytes: numberOf('max-bytes'),
  readsPerSecond: numberOf('reads'),
  latency:
    flags.matrix === undefined
      ? scatteredLatency(new Prng(numberOf('seed')), 2 * peers, numberOf('latency-ms') * 1000)
      : matrixLatency(readFileSync(flags.matrix, 'utf8')),
  control: controlOf(flags.control),
  lineBytesPerSecond: (numberOf('line-mbit') * 1e6) / 8,
  graceSeconds: numberOf('grace'),
  regions: flags.scenario === 'region' ? REGIONS : undefined,
  codec: new InlineCodec(await createWasmBackend()),
  mapShare: numberOf('map')
}).run()
console.log(flags.json ? JSON.stringify(report) : printed(report))
process.exitCode = exitCodeOf(report)
