// `npm run chaos -- --scenario attrition --objects 40 --inline 200`
// Real peers, one process each, some of which are killed for good while the rest heals what was lost. Ends with 1 when an
// object is lost or differs, or when a wave has not healed in time.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { clusterDown, clusterUp } from '../../src/cli/cluster/cluster.ts'
import { readState } from '../../src/cli/cluster/state.ts'
import { settingsOf } from '../../src/cli/cluster/settings.ts'
import { isGood, runAttrition } from './attrition.ts'
import type { AttritionReport } from './attrition.ts'

const { values: flags } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'attrition' },
    peers: { type: 'string', default: '12' },
    objects: { type: 'string', default: '8' },
    inline: { type: 'string', default: '24' },
    'min-bytes': { type: 'string', default: '1000000' },
    'max-bytes': { type: 'string', default: '4000000' },
    codes: { type: 'string', default: '4/8,6/12' },
    waves: { type: 'string', default: '3' },
    kills: { type: 'string', default: '3' },
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
  | 'objects'
  | 'inline'
  | 'min-bytes'
  | 'max-bytes'
  | 'waves'
  | 'kills'
  | 'heal-timeout'
  | 'start-timeout'
  | 'seed'

const wholeNumber = (flag: NumberFlag, min: number, max = Number.MAX_SAFE_INTEGER): number => {
  const value = Number(flags[flag])
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

if (flags.scenario !== 'attrition') {
  throw new RangeError(`--scenario ${flags.scenario} does not exist; there is attrition.`)
}
const codes = codesOf(flags.codes)
const size = wholeNumber('peers', Math.max(...codes.map(({ n }) => n)), 100)
const waves = wholeNumber('waves', 1)
const kills = wholeNumber('kills', 1)
const mostNeeded = Math.max(...codes.map(({ k, n }) => Math.ceil((k * size) / n)))
if (waves * kills >= size) throw new RangeError('--waves times --kills must leave at least one peer.')
if (size - kills < mostNeeded) {
  throw new RangeError(`With --kills ${kills} the first wave already loses more shards than a code covers.`)
}
const minBytes = wholeNumber('min-bytes', 64 * 1024 + 1)
const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupted.abort(new Error(`Ended by ${name}.`)))
}
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
  say: (line: string) => console.error(line)
}
const folder = await mkdtemp(join(tmpdir(), 'thhe-chaos-'))
try {
  const { peers } = await clusterUp({
    folder,
    size,
    // The network's own code; each put names another.
    code: codes[0],
    quota: flags.quota,
    settings: settingsOf([`repair-grace=${flags['repair-grace']}`]),
    timeoutMs: wholeNumber('start-timeout', 1) * 1000,
    env: process.env,
    signal: interrupted.signal
  })
  settings.say(`${peers.length} peers are up, in ${folder}`)
  const report = await runAttrition(peers, { folder, ...settings })
  console.log(flags.json ? JSON.stringify(report, null, 2) : printed(report))
  process.exitCode = isGood(report) ? 0 : 1
} finally {
  if ((await readState(folder)) !== undefined) await clusterDown(folder)
  if (flags.keep) settings.say(`the data and logs of the peers are in ${folder}`)
  else await rm(folder, { recursive: true, force: true })
}
