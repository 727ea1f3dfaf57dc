// `npm run sim:fba -- --nodes 25 --byzantine 8 --loss 0.05 --slots 200 --seed 7 --json`
// Exits with 1 on any disagreement between honest nodes, 2 when slots stay undecided.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { matrixLatency, type OneWayMicros, Prng, scatteredLatency, uniformLatency } from './engine/index.ts'
import { exitCodeOf, Simulation, type SimulationReport } from './fba/simulation.ts'

const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '25' },
    byzantine: { type: 'string', default: '0' },
    slots: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    loss: { type: 'string', default: '0' },
    duplication: { type: 'string', default: '0' },
    jitter: { type: 'string', default: '0' },
    crashes: { type: 'string', default: '0' },
    partitions: { type: 'string', default: '0' },
    'sync-ms': { type: 'string', default: '0' },
    'latency-ms': { type: 'string', default: '100' },
    'seed-bits': { type: 'string' },
    scatter: { type: 'boolean', default: false },
    matrix: { type: 'string' },
    json: { type: 'boolean', default: false }
  }
})

function numberOf(flag: Exclude<keyof typeof flags, 'json' | 'matrix' | 'scatter'>): number {
  const number = Number(flags[flag])
  if (!(number >= 0)) throw new RangeError(`--${flag} needs a number that is not negative`)
  return number
}

function latency(): OneWayMicros {
  if (flags.matrix !== undefined) return matrixLatency(readFileSync(flags.matrix, 'utf8'))
  const micros = numberOf('latency-ms') * 1000
  return flags.scatter
    ? scatteredLatency(new Prng(numberOf('seed')), numberOf('nodes'), micros)
    : uniformLatency(micros)
}

function printed(report: SimulationReport): string {
  const rows = [
    ['agreement', report.agreement ? 'yes' : 'NO'],
    ['slots externalized', `${report.slotsExternalized} of ${report.slotsWanted}`],
    ['messages per node and slot', report.messagesPerNodeAndSlot.toFixed(2)],
    ['time to externalize, ms', `p50 ${report.externalizeMillis.p50} p95 ${report.externalizeMillis.p95}`],
    [
      'in one-way delays',
      `p50 ${report.externalizeDelays.p50.toFixed(2)} p95 ${report.externalizeDelays.p95.toFixed(2)}`
    ],
    ['bytes sent per node and slot', report.bytesPerNodeAndSlot.toFixed(0)],
    ['equivocators caught', String(report.equivocatorsCaught)],
    ['values from Byzantine nodes', `${(100 * report.byzantineValues).toFixed(1)} %`],
    ['virtual seconds', report.virtualSeconds.toFixed(1)],
    ['seed', String(report.seed)],
    ...report.disagreements.map((line) => ['DISAGREEMENT', line])
  ]
  return rows.map(([name, value]) => `${name.padEnd(30)}${value}`).join('\n')
}

const report = new Simulation({
  nodes: numberOf('nodes'),
  byzantine: numberOf('byzantine'),
  slots: numberOf('slots'),
  seed: numberOf('seed'),
  loss: numberOf('loss'),
  duplication: numberOf('duplication'),
  jitter: numberOf('jitter'),
  crashes: numberOf('crashes'),
  partitions: numberOf('partitions'),
  syncMicros: numberOf('sync-ms') * 1000,
  seedBits: flags['seed-bits'] === undefined ? undefined : numberOf('seed-bits'),
  latency: latency()
}).run()

console.log(flags.json ? JSON.stringify(report, null, 2) : printed(report))
process.exitCode = exitCodeOf(report)
