// `npm run lab -- --peers 30 --matrix FILE --scenario NAME`
// Real peers, one process and one network namespace each, with the round-trip times of a matrix between them.
// This file is the outer half: it makes the namespaces, runs inside.ts in one of them, and removes everything at the end,
// however that ends. docs/guide/lab.md.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { compileSwitch } from './delay-switch.ts'
import {
  addNamespaces,
  namespaceName,
  removeLeftovers,
  removeNamespaces,
  whyNoNamespaces
} from './namespaces.ts'
import { readSettings } from './settings.ts'

const INSIDE = fileURLToPath(new URL('inside.ts', import.meta.url))
/** The inner half gets so long to stop its peers before everything in it is killed. */
const STOP_TIMEOUT_MS = 20_000

const say = (line: string): void => console.error(line)

/** Runs the inner half. It, and every process in it, dies with this one: it has a process id space of its own. */
const runInside = async (folder: string, program: string, interrupted: AbortSignal): Promise<number> => {
  const child = spawn(
    'ip',
    [
      ...['netns', 'exec', namespaceName(process.pid, 0)],
      ...['unshare', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
      ...[process.execPath, INSIDE, String(process.pid), folder, program, ...process.argv.slice(2)]
    ],
    { stdio: ['pipe', 'inherit', 'inherit'], detached: true }
  )
  const exit = once(child, 'exit') as Promise<[number | null]>
  // The end of its input asks the inner half to stop.
  child.stdin.on('error', () => {})
  interrupted.addEventListener('abort', () => child.stdin.end(), { once: true })
  const patience = new AbortController()
  const tooLong = once(interrupted, 'abort', { signal: patience.signal })
    .then(async () => await delay(STOP_TIMEOUT_MS, undefined, { signal: patience.signal }))
    .then(() => child.kill('SIGKILL'))
    .catch(() => {})
  const [status] = await exit
  patience.abort()
  await tooLong
  return interrupted.aborted ? 130 : (status ?? 1)
}

const main = async (): Promise<number> => {
  const { peers, keep } = readSettings(process.argv.slice(2))
  const reason = await whyNoNamespaces()
  if (reason !== undefined) {
    say(`There is no lab here: ${reason}.`)
    return 3
  }
  const leftovers = await removeLeftovers()
  if (leftovers > 0) say(`removed ${leftovers} namespaces of a lab that was killed`)
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort())
  const folder = await mkdtemp(join(tmpdir(), 'thhe-lab-'))
  try {
    const program = await compileSwitch(folder)
    if (program === undefined) {
      say('There is no lab here: the delay switch is a C program, and there is no compiler (cc) to build it.')
      return 3
    }
    await addNamespaces(process.pid, peers + 1)
    return await runInside(folder, program, interrupted.signal)
  } finally {
    await removeNamespaces(process.pid)
    if (keep) say(`the data and logs of the peers are in ${folder}`)
    else await rm(folder, { recursive: true, force: true })
  }
}

process.exitCode = await main()
