// `npm run test:soak -- --runs 50 --busy 2`
// Runs the tests that live with faults, processes and sockets again and again beside busy loops, as a newcomer's loaded
// machine would. Ends with 1 when any run fails, and prints what failed how often.

import { spawn } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const SPECS = [
  'test/integration/hologram/*.test.ts',
  'test/integration/node/lifecycle.test.ts',
  'test/unit/gateway/*.test.ts',
  'test/unit/hologram/holder/*.test.ts',
  'test/unit/hologram/client/**/*.test.ts',
  'test/sim/mesh*.test.ts'
]

interface MochaReport {
  readonly stats: { readonly passes: number; readonly failures: number; readonly duration: number }
  readonly failures: ReadonlyArray<{
    readonly fullTitle: string
    readonly err: { readonly message?: string }
  }>
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '50' },
    busy: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '60000' }
  }
})

const runs = count('runs', 1)
const busy = count('busy', 0)
const files = globSync(positionals.length > 0 ? positionals : SPECS).sort()
const failures = new Map<string, number>()
let failedRuns = 0

const loops = Array.from({ length: busy }, () =>
  spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
)
const stopLoops = (): void => loops.forEach((loop) => loop.kill('SIGKILL'))
process.on('exit', stopLoops)
process.on('SIGINT', () => process.exit(130))

for (let run = 1; run <= runs; run++) {
  const report = await runOnce(run)
  if (report.failures.length > 0 || report.stats.passes === 0) failedRuns++
  for (const { fullTitle, err } of report.failures) {
    failures.set(fullTitle, (failures.get(fullTitle) ?? 0) + 1)
    console.log(`  run ${run}: ${fullTitle}\n    ${err.message ?? ''}`)
  }
  const seconds = Math.round(report.stats.duration / 1000)
  console.log(
    `run ${run} of ${runs}: ${report.stats.passes} passed, ${report.stats.failures} failed, ${seconds} s`
  )
}
stopLoops()
console.log(`${runs - failedRuns} runs passed, ${failedRuns} failed`)
for (const [title, times] of failures) console.log(`  ${times} x ${title}`)
process.exitCode = failedRuns === 0 ? 0 : 1

/** One run of all files in a process of its own. */
async function runOnce(run: number): Promise<MochaReport> {
  const output = join(tmpdir(), `thhe-soak-${process.pid}-${run}.json`)
  const child = spawn(
    process.execPath,
    [
      'node_modules/mocha/bin/mocha.js',
      '--no-config',
      `--timeout=${flags.timeout}`,
      '--reporter=json',
      `--reporter-option=output=${output}`,
      ...files
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] }
  )
  await new Promise((resolve) => child.once('exit', resolve))
  try {
    return JSON.parse(readFileSync(output, 'utf8')) as MochaReport
  } finally {
    rmSync(output, { force: true })
  }
}

function count(flag: 'runs' | 'busy', min: number): number {
  const value = Number(flags[flag])
  if (Number.isInteger(value) && value >= min) return value
  throw new RangeError(`--${flag} needs a whole number of at least ${min}`)
}
