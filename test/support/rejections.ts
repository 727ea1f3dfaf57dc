import { settled } from './virtual-clock.ts'

/**
 * The reasons of the rejections that nobody handled while `work` ran: each of them ends a process. Mocha's own listener,
 * which fails the test at hand, stands aside meanwhile.
 */
export async function unhandledDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const reasons: unknown[] = []
  const note = (reason: unknown): void => void reasons.push(reason)
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', note)
  try {
    await work()
    // Node looks for unhandled rejections between two turns of the event loop.
    for (let turn = 0; turn < 3; turn++) await settled()
  } finally {
    process.off('unhandledRejection', note)
    for (const other of others) process.on('unhandledRejection', other)
  }
  return reasons
}
