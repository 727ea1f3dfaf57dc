import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isAlive, startTicks } from '../../node/data/lock.ts'
import type { ProcessIdentity } from '../../node/data/lock.ts'

const POLL_MS = 25

/** bin/thhe.js, seen from the source and from dist/. */
const LAUNCHER = ['../../../bin/thhe.js', '../../../../bin/thhe.js']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path))

/**
 * Starts `thhe ARGS` as a process that outlives this one. Its output is appended to `log`.
 *
 * @param settings - variables of node settings for this process; those in `env` do not reach it
 */
export const spawnDetached = async (
  args: readonly string[],
  log: string,
  env: NodeJS.ProcessEnv,
  settings: Readonly<Record<string, string>> = {}
): Promise<ProcessIdentity> => {
  if (LAUNCHER === undefined) throw new Error('bin/thhe.js is missing from this installation')
  const output = await open(log, 'a', 0o600)
  try {
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      // two arenas: buffers that one thread makes and another frees would else fill one a thread (glibc)
      env: { MALLOC_ARENA_MAX: '2', ...withoutOurSettings(env), ...settings }
    })
    const { pid } = child
    if (pid === undefined) {
      throw await new Promise<Error>((resolve) => child.once('error', resolve))
    }
    child.unref()
    return { pid, startTicks: (await startTicks(pid)) ?? '' }
  } finally {
    await output.close()
  }
}

/** Sends `signal` to that very process; does nothing when it has ended. */
export const signalProcess = async (identity: ProcessIdentity, signal: NodeJS.Signals): Promise<void> => {
  if (!(await isAlive(identity))) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits for the end of a process that is not our child. @returns whether it has ended within `timeoutMs` */
export const waitForEnd = async (identity: ProcessIdentity, timeoutMs: number): Promise<boolean> => {
  const deadlineMs = performance.now() + timeoutMs
  while (await isAlive(identity)) {
    if (performance.now() > deadlineMs) return false
    await delay(POLL_MS)
  }
  return true
}

/** A setting meant for the user's own node must not reach the peers of a cluster. */
const withoutOurSettings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('THHE_')))
