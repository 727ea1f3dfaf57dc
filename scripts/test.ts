// `npm test`, or `npm test -- FILES AND OPTIONS OF MOCHA`
// Without arguments: all tests. Most tests keep one core busy or wait, and CI has two cores: those of test/unit run in one
// process, beside two that take the other files a few at a time. The output of a process is printed when it has ended, but
// for the first, which is shown as it comes. Files that fail beside the others run once more, alone, so that the last
// lines can tell what is broken from what only a busy machine makes fail. Both are defects and end the run with 1; their
// errors are printed again at the end.

import { spawn, type ChildProcess } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const MOCHA = join(ROOT, 'node_modules/mocha/bin/mocha.js')
/** Processes at a time. A third one fills the pauses of the other two: tests on real hosts wait for half of their time. */
const PROCESSES = 3
/** Other files for one process: few, so that none has much left when the others are done; loading takes a second. */
const FILES_EACH = 2
/** Compiled sources, for the processes that follow: without it, loading a node takes over a second of processor time each. */
const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/compiled')

/** Where mocha's list of failures begins, with or without colours. */
const FAILURES = /^.*\b\d+ failing\b/m

interface Outcome {
  /** Exit status; 1 when a signal has ended it. */
  readonly status: number
  readonly output: string
}

interface Failure {
  readonly files: readonly string[]
  readonly output: string
}

const given = process.argv.slice(2)
process.exitCode = given.length > 0 ? await inForeground(given) : await all()

/** @throws Error when a group has no files: `npm test` must not pass because it found nothing */
async function all(): Promise<number> {
  const started = performance.now()
  const files = globSync('test/**/*.test.ts', { cwd: ROOT }).sort()
  const pure = files.filter((file) => file.startsWith('test/unit/'))
  const others = files.filter((file) => !pure.includes(file))
  if (pure.length === 0 || others.length === 0) throw new Error('no tests found')

  const failed: Failure[] = []
  const queue = inGroups(others)
  const shown = mocha(pure, true)
  let printed: Promise<unknown> = shown
  const work = async (): Promise<void> => {
    for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
      const { status, output } = await mocha(group, false)
      printed = printed.then(() => process.stdout.write(output))
      if (status !== 0) failed.push({ files: group, output })
    }
  }
  const first = shown.then(async ({ status, output }) => {
    if (status !== 0) failed.push({ files: pure, output })
    await work()
  })
  await Promise.all([first, ...Array.from({ length: PROCESSES - 1 }, work)])
  await printed

  const broken: Failure[] = []
  const busy: Failure[] = []
  for (const failure of failed) {
    const isBroken = (await mocha(failure.files, true)).status !== 0
    ;(isBroken ? broken : busy).push(failure)
  }
  for (const { output } of failed) process.stdout.write(output.slice(Math.max(0, output.search(FAILURES))))

  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  const verdicts = [
    ...(failed.length === 0 ? ['all passed'] : []),
    ...(broken.length === 0 ? [] : [`failures in:\n${names(broken)}`]),
    ...(busy.length === 0 ? [] : [`failures beside the others, none alone, in:\n${names(busy)}`])
  ]
  process.stdout.write(`${files.length} files in ${minutes} min: ${verdicts.join('\n')}\n`)
  return failed.length === 0 ? 0 : 1
}

function names(failures: readonly Failure[]): string {
  return failures.map(({ files }) => (files.length > FILES_EACH ? 'test/unit' : files.join('\n'))).join('\n')
}

/** In the order of their names, every so-many-th to one group, so that the dear ones of one folder do not meet in one. */
function inGroups(files: readonly string[]): string[][] {
  const groups = Array.from({ length: Math.ceil(files.length / FILES_EACH) }, (): string[] => [])
  files.forEach((file, index) => groups[index % groups.length].push(file))
  return groups
}

async function inForeground(parameters: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [MOCHA, ...parameters], {
    cwd: ROOT,
    stdio: 'inherit',
    env: environment()
  })
  return await statusOf(child)
}

/** @param isShown - the output is printed as it comes, too */
async function mocha(parameters: readonly string[], isShown: boolean): Promise<Outcome> {
  const colours = { FORCE_COLOR: process.stdout.isTTY ? '1' : '0' }
  const child = spawn(process.execPath, [MOCHA, ...parameters], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment(), ...colours }
  })
  const parts: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      parts.push(part)
      if (isShown) process.stdout.write(part)
    })
  }
  const status = await statusOf(child)
  return { status, output: Buffer.concat(parts).toString() }
}

function environment(): NodeJS.ProcessEnv {
  return { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env }
}

async function statusOf(child: ChildProcess): Promise<number> {
  return await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}
