// `npm test`, or `npm test -- FILES AND OPTIONS OF MOCHA`
// Without arguments: all tests, in two processes beside each other, since most tests keep one core busy and CI has two.
// The output of the second is printed when the first has ended. Ends with 1 when anything fails.

import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const MOCHA = join(ROOT, 'node_modules/mocha/bin/mocha.js')

interface Outcome {
  /** Exit status; 1 when a signal has ended it. */
  readonly status: number
  readonly output: Buffer
}

const given = process.argv.slice(2)
const outcomes = given.length > 0 ? [await mocha(given, true)] : await all()
process.exitCode = outcomes.every(({ status }) => status === 0) ? 0 : 1

/** @throws Error when a group has no files: `npm test` must not pass because it found nothing */
async function all(): Promise<Outcome[]> {
  const files = globSync('test/**/*.test.ts', { cwd: ROOT }).sort()
  const real = files.filter((file) => file.startsWith('test/integration/'))
  const others = files.filter((file) => !real.includes(file))
  if (real.length === 0 || others.length === 0) throw new Error('no tests found')
  const [first, second] = [mocha(others, true), mocha(real, false)]
  await first
  process.stdout.write((await second).output)
  return await Promise.all([first, second])
}

async function mocha(parameters: readonly string[], isShown: boolean): Promise<Outcome> {
  const child = spawn(process.execPath, [MOCHA, ...parameters], {
    cwd: ROOT,
    stdio: isShown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: isShown ? process.env : { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' }
  })
  const parts: Buffer[] = []
  child.stdout?.on('data', (part: Buffer) => parts.push(part))
  child.stderr?.on('data', (part: Buffer) => parts.push(part))
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
  return { status, output: Buffer.concat(parts) }
}
