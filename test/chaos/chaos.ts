// `npm run chaos -- --scenario attrition --objects 40 --inline 200`
// Real peers, one process each, some of which are killed for good while the rest heals what was lost. Ends with 1 when an
// object is lost or differs, or when a wave has not healed in time.
// `npm run chaos -- --scenario validators --rounds 20`
// Validators are killed and started again, again and again. Ends with 1 when one contradicts itself or forgot what it said.
// `npm run chaos -- --scenario slots --peers 8 --races 1000 --kill-every 100`
// All peers race for one slot and add to another, while some are killed. Ends with 1 when a race has two winners, or an
// acknowledged addition is missing or counted twice.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { clusterDown, clusterUp } from '../../src/cli/cluster/cluster.ts'
import type { RunningPeer } from '../../src/cli/cluster/cluster.ts'
import { readState } from '../../src/cli/cluster/state.ts'
import { settingsOf } from '../../src/cli/cluster/settings.ts'
import { isGood, runAttrition } from './attrition.ts'
import type { AttritionReport } from './attrition.ts'
import { isExact, runSlots } from './slots.ts'
import type { SlotsReport } from './slots.ts'
import { neverContradicts, runValidators } from './validators.ts'
import type { ValidatorsReport } from './validators.ts'

const { values: flags } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'attrition' },
    peers: { type: 'string' },
    rounds: { type: 'string', default: '20' },
    races: { type: 'string', default: '100' },
    'kill-every': { type: 'string', default: '20' },
    epoch: { type: 'string', default: '1s' },
    objects: { type: 'string', default: '8' },
    inline: { type: 'string', default: '24' },
    'min-bytes': { type: 'string', default: '1000000' },
    'max-bytes': { type: 'string', default: '4000000' },
    codes: { type: 'string', default: '4/8,6/12' },
    waves: { type: 'string', default: '3' },
    kills: { type: 'string' },
    'repair-grace': { type: 'string', default: '5s' },
    'heal-timeout': { type: 'string', default: '300' },
    'start-timeout': { type: 'string', default: '180' },
    quota: { type: 'string', default: '4GiB' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false }
  }
})

type NumberFlag =
  | 'peers'
  | 'rounds'
  | 'races'
  | 'kill-every'
  | 'objects'
  | 'inline'
  | 'min-bytes'
  | 'max-bytes'
  | 'waves'
  | 'kills'
  | 'heal-timeout'
  | 'start-timeout'
  | 'seed'

const wholeNumber = (
  flag: NumberFlag,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
  fallback?: number
): number => {
  const value = Number(flags[flag] ?? fallback)
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new RangeError(`--${flag} must be a whole number from ${min} to ${max}, not ${flags[flag]}.`)
}

const codesOf = (text: string): Array<{ k: number; n: number }> =>
  text.split(',').map((word) => {
    const [, k, n] = (/^(\d+)\/(\d+)$/.exec(word) ?? []).map(Number)
    if (k >= 1 && n >= k) return { k, n }
    throw new RangeError(`--codes must be a list of k/n, as in 4/8,6/12, not ${text}.`)
  })

const printed = ({ waves, ...report }: AttritionReport): string => {
  const rows: Array<[string, string]> = [
    ['objects', `${report.objects} sharded, ${report.inline} inline, ${megabytes(report.storedBytes)}`],
    ...waves.map(
      ({ killed, living, lostBytes, healedMs, movedPerLostByte, ...done }, index): [string, string] => [
        `wave ${index + 1}`,
        `killed ${killed.join(', ')} (${living} left), ${megabytes(lostBytes)} lost, ` +
          (healedMs === null ? 'NOT healed in time' : `healed in ${(healedMs / 1000).toFixed(1)} s`) +
          `, ${movedPerLostByte.toFixed(2)} bytes moved per byte lost, ` +
          `${done.rebuilt} shards rebuilt, ${done.repeated} of them twice, ${done.yielded} repairs left to others, ` +
          `${done.failures} made again`
      ]
    ),
    ['read back', `${report.same} the same, ${report.lost.length} lost, ${report.differing.length} differ`],
    ...report.lost.map(({ cid, reason }): [string, string] => ['LOST', `${cid} (${reason})`]),
    ...report.differing.map((cid): [string, string] => ['DIFFERS', cid])
  ]
  return rows.map(([name, value]) => `${name.padEnd(12)}${value}`).join('\n')
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

const printedValidators = (report: ValidatorsReport): string =>
  [
    `${report.rounds} rounds, ${report.killed} kills, ${report.killedSpeaking} right after the victim had spoken`,
    `${report.statements} statements, ${report.records} records read from killed validators, slot ${report.lastSlot}`,
    `${report.contradictions.length} contradictions, ${report.forgotten.length} statements forgotten, ` +
      `${report.unsigned} wrongly signed`,
    report.continues ? 'maps are agreed on after the last restart' : 'NO MAP after the last restart',
    ...report.contradictions.map((one) => `CONTRADICTS ITSELF ${JSON.stringify(one)}`),
    ...report.forgotten.map((one) => `FORGOT ${JSON.stringify(one)}`)
  ].join('\n')

const printedSlots = (report: SlotsReport): string =>
  [
    `${report.races} races in ${report.seconds} s, ${report.kills} kills: ${report.clean} with one winner whom all losers were told, ` +
      `${report.untold} whose winner was killed or told late, ${report.wrong.length} wrong`,
    `${report.tried} additions tried, ${report.acknowledged} acknowledged, counter ${report.counter}`,
    report.same ? 'every peer has the same slots' : 'PEERS DIFFER',
    ...report.wrong.map((one) => `WRONG ${one}`)
  ].join('\n')

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupted.abort(new Error(`Ended by ${name}.`)))
}
const say = (line: string): void => console.error(line)
const print = (report: object, text: string, isGood: boolean): void => {
  console.log(flags.json ? JSON.stringify(report, null, 2) : text)
  process.exitCode = isGood ? 0 : 1
}

interface ClusterInit {
  readonly size: number
  readonly code: { readonly k: number; readonly n: number }
  /** NAME=VALUE, as in `thhe cluster up --set`. */
  readonly settings: readonly string[]
}

/** Runs with a cluster of its own; `up` starts those of its peers that do not run. */
const withCluster = async (
  { size, code, settings }: ClusterInit,
  run: (folder: string, up: () => Promise<RunningPeer[]>) => Promise<void>
): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'thhe-chaos-'))
  const up = async (): Promise<RunningPeer[]> => {
    const { peers } = await clusterUp({
      folder,
      size,
      code,
      quota: flags.quota,
      settings: settingsOf(settings),
      timeoutMs: wholeNumber('start-timeout', 1) * 1000,
      env: process.env,
      signal: interrupted.signal
    })
    return peers
  }
  try {
    await run(folder, up)
  } finally {
    if ((await readState(folder)) !== undefined) await clusterDown(folder)
    if (flags.keep) say(`the data and logs of the peers are in ${folder}`)
    else await rm(folder, { recursive: true, force: true })
  }
}

const attrition = async (): Promise<void> => {
  const codes = codesOf(flags.codes)
  const size = wholeNumber('peers', Math.max(...codes.map(({ n }) => n)), 100, 12)
  const waves = wholeNumber('waves', 1)
  const kills = wholeNumber('kills', 1, size, 3)
  const mostNeeded = Math.max(...codes.map(({ k, n }) => Math.ceil((k * size) / n)))
  if (waves * kills >= size) throw new RangeError('--waves times --kills must leave at least one peer.')
  if (size - kills < mostNeeded) {
    throw new RangeError(`With --kills ${kills} the first wave already loses more shards than a code covers.`)
  }
  const minBytes = wholeNumber('min-bytes', 64 * 1024 + 1)
  const settings = {
    objects: wholeNumber('objects', 0),
    inline: wholeNumber('inline', 0),
    minBytes,
    maxBytes: wholeNumber('max-bytes', minBytes),
    codes,
    waves,
    kills,
    healTimeoutMs: wholeNumber('heal-timeout', 1) * 1000,
    seed: wholeNumber('seed', 0),
    signal: interrupted.signal,
    say
  }
  // The network's own code is the first; each put names its own.
  const cluster = { size, code: codes[0], settings: [`repair-grace=${flags['repair-grace']}`] }
  await withCluster(cluster, async (folder, up) => {
    const peers = await up()
    say(`${peers.length} peers are up, in ${folder}`)
    const report = await runAttrition(peers, { folder, ...settings })
    print(report, printed(report), isGood(report))
  })
}

const validators = async (): Promise<void> => {
  const size = wholeNumber('peers', 4, 25, 4)
  const settings = {
    rounds: wholeNumber('rounds', 1),
    kills: wholeNumber('kills', 1, size - 1, Math.min(2, size - 1)),
    epochMs: durationMs(flags.epoch),
    healTimeoutMs: wholeNumber('heal-timeout', 1) * 1000,
    seed: wholeNumber('seed', 0),
    signal: interrupted.signal,
    say
  }
  const cluster = { size, code: { k: 2, n: 3 }, settings: [`map-epoch=${flags.epoch}`] }
  await withCluster(cluster, async (folder, up) => {
    const report = await runValidators(await up(), { folder, ...settings, restart: up })
    print(report, printedValidators(report), neverContradicts(report))
  })
}

const slots = async (): Promise<void> => {
  const size = wholeNumber('peers', 4, 25, 8)
  const settings = {
    races: wholeNumber('races', 1),
    killEvery: wholeNumber('kill-every', 0),
    healTimeoutMs: wholeNumber('heal-timeout', 1) * 1000,
    seed: wholeNumber('seed', 0),
    signal: interrupted.signal,
    say
  }
  await withCluster({ size, code: { k: 2, n: 3 }, settings: [] }, async (folder, up) => {
    const report = await runSlots(await up(), { folder, ...settings, restart: up })
    print(report, printedSlots(report), isExact(report))
  })
}

const durationMs = (text: string): number => {
  const [, count, unit] = /^(\d+)(ms|s)$/.exec(text) ?? []
  if (count === undefined) throw new RangeError(`--epoch must be a time as in 500ms or 2s, not ${text}.`)
  return Number(count) * (unit === 's' ? 1000 : 1)
}

const SCENARIOS = new Map([
  ['attrition', attrition],
  ['validators', validators],
  ['slots', slots]
])
const scenario = SCENARIOS.get(flags.scenario)
if (scenario === undefined) {
  const names = [...SCENARIOS.keys()].join(', ')
  throw new RangeError(`--scenario ${flags.scenario} does not exist; there are ${names}.`)
}
await scenario()
