import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 5

/**
 * Resolves once `condition` holds.
 *
 * @param what - what is waited for, for the message
 * @throws Error when it does not within `timeoutMs`
 */
export async function eventually(what: string, condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const untilMs = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > untilMs) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await sleep(POLL_MS)
  }
}
