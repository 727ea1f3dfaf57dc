import { randomBytes } from 'node:crypto'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type { Cancel, Clock, RandomSource } from './clock.ts'

/** Longest timer delay. Node fires a timer with a longer delay at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The machine's clock. Its timers do not keep the process alive; a node's sockets do. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs: number, run: () => void): Cancel {
    const timer = setTimeout(run, within(delayMs)).unref()
    return () => clearTimeout(timer)
  },
  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    // The timer rejects with an AbortError; `Clock` promises the signal's reason.
    await sleep(within(delayMs), undefined, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted()
      throw error
    })
  },
  turn: async () => turn()
}

/** Random bits of the operating system. */
export const systemRandom: RandomSource = {
  bytes: (length) => Uint8Array.from(randomBytes(length)),
  unit: () => Math.random()
}

function within(delayMs: number): number {
  return Math.min(Math.max(0, delayMs), MAX_TIMER_MS)
}
