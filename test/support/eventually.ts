import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 10

/**
 * Resolves once `condition` holds. Its deadline is only for a test that fails: much longer than a busy machine needs.
 *
 * @param what - what is waited for, for the message
 * @throws Error when it does not hold within `timeoutMs`
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 45_000
): Promise<void> {
  const untilMs = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > untilMs) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`)
    await sleep(POLL_MS)
  }
}
