import type { Verdict } from './challenge.ts'

/** What an auditor has done since it was made, for metrics. */
export interface AuditCounts {
  /** Challenges by their verdict; 'moved': the shard's computed home has it instead. */
  readonly verdicts: Record<Verdict | 'moved', number>
  /** Bytes of blocks and manifests that were read. */
  readBytes: number
  /** Rounds that ended. */
  rounds: number
  /** Visits to peers that a round had planned and that were not made before its end: they were away, slow or busy. */
  visitsMissed: number
}

export interface AuditStats extends Readonly<AuditCounts> {
  /** Peers that are still to be visited in this round. */
  readonly visitsLeft: number
}

export function newAuditCounts(): AuditCounts {
  return {
    verdicts: { passed: 0, missing: 0, moved: 0, damaged: 0, wrong: 0, skipped: 0 },
    readBytes: 0,
    rounds: 0,
    visitsMissed: 0
  }
}
