import { systemClock } from '../../src/clock/index.ts'
import type { Clock } from '../../src/clock/index.ts'

/**
 * A clock that runs `speed` times as fast as the machine's: real hosts meet their timeouts and intervals in a fraction of
 * the time. Round trips and the disk seem slower by the same factor, so a deadline must leave room for that.
 */
export function fastClock(speed: number): Clock {
  const [startMs, monotonicStartMs] = [systemClock.nowMs(), systemClock.monotonicMs()]
  const monotonicMs = (): number => monotonicStartMs + speed * (systemClock.monotonicMs() - monotonicStartMs)
  return {
    nowMs: () => Math.floor(startMs + monotonicMs() - monotonicStartMs),
    monotonicMs,
    after: (delayMs, run) => systemClock.after(delayMs / speed, run),
    sleep: async (delayMs, signal) => systemClock.sleep(delayMs / speed, signal),
    turn: async () => systemClock.turn()
  }
}
