import { DEFAULT_REPAIR_BYTES_PER_SECOND } from '../wire/bandwidth.ts'
import type { HealTiming } from './policy.ts'

export interface HealInit {
  /** A peer that is gone for longer has lost what it kept. @default 15 min */
  readonly graceMs?: number
  /** What each peer waits for every one that ranks before it. @default a fortieth of the grace time, 2 s at least */
  readonly rankDelayMs?: number
  /** Between two looks at who is there. @default a thirtieth of the grace time, 5 s at most */
  readonly tickMs?: number
  /** What repair may read a second. @default 8 MiB */
  readonly bytesPerSecond?: () => number
}

export interface HealSettings extends HealTiming {
  /** Between two looks at who is there. */
  readonly tickMs: number
}

const DEFAULT_GRACE_MS = 15 * 60_000
const MAX_TICK_MS = 5_000
/**
 * Peers notice a loss at different times, and a repair takes some round trips whatever the grace time is. With less, the
 * next in rank repairs an object before it can see that the first is doing so.
 */
const MIN_RANK_DELAY_MS = 2_000

export function healSettings({
  graceMs = DEFAULT_GRACE_MS,
  rankDelayMs = Math.max(MIN_RANK_DELAY_MS, graceMs / 40),
  tickMs = Math.min(MAX_TICK_MS, graceMs / 30),
  bytesPerSecond = () => DEFAULT_REPAIR_BYTES_PER_SECOND
}: HealInit): HealSettings {
  return { graceMs, rankDelayMs, tickMs, bytesPerSecond }
}
