// `npm run sim:scale -- --peers 100,1000,5000 --svg docs/images/scale.svg --json`
// What agreement and reports cost a peer as the network grows, with the node's own modules. Exits with 1 when peers that
// run have different maps of one slot, or none.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { renderTable } from '../../src/cli/table.ts'
import { scalePlot } from './scale/plot.ts'
import { runScale } from './scale/scale.ts'
import type { Column } from '../../src/cli/table.ts'
import type { Received, ScaleReport } from './scale/scale.ts'

const { values: flags } = parseArgs({
  options: {
    peers: { type: 'string', default: '100,1000,5000' },
    validators: { type: 'string', default: '25' },
    observers: { type: 'string', default: '15' },
    epochs: { type: 'string', default: '4' },
    'epoch-ms': { type: 'string', default: '5000' },
    'report-ms': { type: 'string', default: '30000' },
    stored: { type: 'string', default: '1e9' },
    seed: { type: 'string', default: '1' },
    svg: { type: 'string' },
    json: { type: 'boolean', default: false }
  }
})

type NumberFlag = Exclude<keyof typeof flags, 'svg' | 'json' | 'peers'>

const whole = (text: string | undefined, flag: string, least: number): number => {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new RangeError(`--${flag} must be a whole number of at least ${least}, not ${text}.`)
}
const flag = (name: NumberFlag, least: number): number => whole(flags[name], name, least)

/** What a peer that hears the reports, or one that does not, receives beside the agreement. */
const received = (
  name: string,
  of: (report: ScaleReport) => Received | undefined
): Array<Column<ScaleReport>> => [
  { head: `${name} MSG`, align: 'right', cell: (report) => of(report)?.reportMessages.toFixed(0) ?? '-' },
  { head: 'REPORTS KB', align: 'right', cell: (report) => kilobytes(of(report)?.reportBytes) },
  { head: 'QUESTIONS', align: 'right', cell: (report) => of(report)?.questions.toFixed(1) ?? '-' },
  { head: 'ASKED KB', align: 'right', cell: (report) => kilobytes(of(report)?.askedBytes) }
]

const kilobytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : (bytes / 1e3).toFixed(0)

const printed = (reports: readonly ScaleReport[]): string =>
  renderTable(reports, [
    { head: 'PEERS', align: 'right', cell: ({ peers }) => peers },
    { head: 'ON MAP', align: 'right', cell: ({ mapPeers }) => mapPeers },
    { head: 'EPOCHS', align: 'right', cell: ({ epochs }) => epochs },
    { head: 'STATEMENTS', align: 'right', cell: ({ statements }) => statements.toFixed(0) },
    { head: 'TOO LONG', align: 'right', cell: ({ tooLong }) => tooLong.toFixed(0) },
    { head: 'AGREE MSG', align: 'right', cell: ({ agreementMessages }) => agreementMessages.toFixed(0) },
    { head: 'AGREE KB', align: 'right', cell: ({ agreementBytes }) => (agreementBytes / 1e3).toFixed(0) },
    { head: 'HEARERS', align: 'right', cell: ({ hearers, cutOff }) => `${hearers}-${cutOff}` },
    ...received('HEAR', ({ hearing }) => hearing),
    ...received('QUIET', ({ quiet }) => quiet),
    { head: 'SERVED KB', align: 'right', cell: ({ servedBytes }) => (servedBytes / 1e3).toFixed(0) },
    { head: 'MEAN KB', align: 'right', cell: ({ meanBytes }) => (meanBytes / 1e3).toFixed(0) },
    { head: 'MAP KB', align: 'right', cell: ({ mapBytes }) => (mapBytes / 1e3).toFixed(0) },
    {
      head: 'VALIDATORS MS',
      align: 'right',
      cell: ({ validatorMs }) => `${validatorMs.p50}/${validatorMs.p95}`
    },
    { head: 'OTHERS MS', align: 'right', cell: ({ observerMs }) => `${observerMs.p50}/${observerMs.p95}` },
    {
      head: 'CPU MS',
      align: 'right',
      cell: ({ agreementCpuMs, reportCpuMs }) => `${agreementCpuMs.toFixed(0)}+${reportCpuMs.toFixed(0)}`
    },
    { head: 'SAME', cell: ({ isSame }) => (isSame ? 'yes' : 'NO') }
  ])

const reports: ScaleReport[] = []
for (const text of flags.peers.split(',')) {
  const peers = whole(text, 'peers', 4)
  const report = await runScale({
    peers,
    validators: Math.min(peers, flag('validators', 1)),
    observers: flag('observers', 0),
    epochs: flag('epochs', 1),
    epochMs: flag('epoch-ms', 250),
    reportIntervalMs: flag('report-ms', 250),
    storedBytes: flag('stored', 0),
    seed: flag('seed', 0)
  })
  reports.push(report)
  if (!flags.json) console.error(`${peers} peers: ${report.epochs} epochs`)
}
console.log(flags.json ? JSON.stringify(reports, null, 2) : printed(reports))
if (flags.svg !== undefined) await writeFile(flags.svg, scalePlot(reports))
process.exitCode = reports.every(({ isSame, epochs }) => isSame && epochs > 0) ? 0 : 1
