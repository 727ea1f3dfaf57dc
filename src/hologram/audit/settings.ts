export interface AuditInit {
  /** Within this time every holder of every object is challenged. @default 14 days */
  readonly periodMs?: number
  /** Bytes a day read from other peers at most. @default 1 GiB */
  readonly bytesPerDay?: () => number
}

export interface AuditSettings {
  /** Two of them make a period: what goes wrong right after its turn comes up again in the next round. */
  readonly roundMs: number
  /** Between two looks at whose turn it is. */
  readonly tickMs: number
  readonly bytesPerDay: () => number
}

export const DEFAULT_AUDIT_PERIOD_MS = 14 * 86_400_000
const DEFAULT_BYTES_PER_DAY = 2 ** 30
const ROUNDS_PER_PERIOD = 2
const MAX_TICK_MS = 60_000

export function auditSettings({
  periodMs = DEFAULT_AUDIT_PERIOD_MS,
  bytesPerDay = () => DEFAULT_BYTES_PER_DAY
}: AuditInit = {}): AuditSettings {
  const roundMs = periodMs / ROUNDS_PER_PERIOD
  return { roundMs, tickMs: Math.min(MAX_TICK_MS, roundMs / 50), bytesPerDay }
}
