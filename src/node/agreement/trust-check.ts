// Checks once for each quorum set, off the main thread, whether the validators can agree and cannot be split.
import { adviseOn } from '../../../fba/analysis/index.ts'
import { quorumSetNodes } from '../../../fba/index.ts'
import { analyzeInWorker } from '../quorum-analysis.ts'
import type { QuorumSet } from '../../../fba/index.ts'
import type { Logger } from '../logger.ts'

/** 'checking' until the analysis is done; 'undecided' if it did not end in time. */
export type TrustState = 'checking' | 'intersects' | 'splits' | 'no-quorum' | 'undecided'

/** Two hundred validators take well under a second (docs/explain/agreement.md); hostile sets can take forever. */
const LIMIT_MS = 30_000

export interface TrustCheckInit {
  readonly quorumSet: QuorumSet
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Analyses the network of validators that all use `quorumSet`, and logs what the operator should know. */
export const checkTrust = async ({ quorumSet, logger, signal }: TrustCheckInit): Promise<TrustState> => {
  const nodes = [...quorumSetNodes(quorumSet)].map((id) => ({ id, quorumSet }))
  try {
    const analysis = await analyzeInWorker(nodes, { limitMillis: LIMIT_MS, signal })
    for (const { level, text } of adviseOn(analysis, [quorumSet])) {
      if (level === 'good') logger.info('quorum sets', { advice: text })
      else logger.warn('quorum sets', { advice: text })
    }
    return analysis.intersection.status
  } catch (error) {
    if (!signal.aborted) logger.warn('could not find out whether all quorums intersect', { error })
    return 'undecided'
  }
}
