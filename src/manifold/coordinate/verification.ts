// Whether peers are where they claim to be, by the word of those who measured them: Veracity (Sherr, Blaze and Loo, "Veracity:
// practical secure network coordinates via vote-based agreements", USENIX ATC 2009). A liar fits nobody's measurements; an
// honest peer with odd routes misfits a few. A peer can add to a round trip but not shorten it, and can claim any position. Verifiers must be drawn by chance, so that liars cannot choose whom to judge.

/**
 * What one verifier found: how far off its measurement a peer's claimed coordinate is, by {@link relativeResidual}. In integers,
 * since peers agree on the verdict.
 */
export interface Opinion<Id> {
  readonly subject: Id
  /** 0 to 1,000,000. */
  readonly residualPpm: number
}

/** Verifiers that it takes to discredit a peer; fewer could be all liars by chance. Veracity asks 7. */
export const MIN_VERIFIERS = 5

/** A peer is discredited where the median of its residuals exceeds this many times that of the median peer. */
export const DISCREDIT_RATIO = { times: 3, by: 2 } as const

/** A median residual up to this discredits nobody: one access link in trouble makes as much. */
export const CREDIBLE_RESIDUAL_PPM = 250_000

/** Share of the peers that can be discredited, worst first: more liars than this break the agreement itself. */
export const MAX_DISCREDITED_SHARE = { of: 3 } as const

/** The peers that most of their verifiers find elsewhere than they claim. */
export function discreditedPeers<Id>(opinions: Iterable<Opinion<Id>>): Set<Id> {
  const bySubject = new Map<Id, number[]>()
  for (const { subject, residualPpm } of opinions) {
    const residuals = bySubject.get(subject)
    if (residuals === undefined) bySubject.set(subject, [residualPpm])
    else residuals.push(residualPpm)
  }
  const judged = [...bySubject]
    .filter(([, residuals]) => residuals.length >= MIN_VERIFIERS)
    .map(([subject, residuals]) => ({ subject, residualPpm: medianOf(residuals) }))
    .sort((a, b) => b.residualPpm - a.residualPpm)
  if (judged.length === 0) return new Set()
  const { times, by } = DISCREDIT_RATIO
  const usualPpm = judged[judged.length >> 1].residualPpm
  const limitPpm = Math.max(CREDIBLE_RESIDUAL_PPM, Math.floor((usualPpm * times) / by))
  const most = Math.floor(judged.length / MAX_DISCREDITED_SHARE.of)
  return new Set(
    judged
      .slice(0, most)
      .filter(({ residualPpm }) => residualPpm > limitPpm)
      .map(({ subject }) => subject)
  )
}

const medianOf = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]
