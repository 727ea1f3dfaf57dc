// Whether peers are where they claim to be, by the word of those who measured them: Veracity (Sherr, Blaze and Loo, "Veracity:
// practical secure network coordinates via vote-based agreements", USENIX ATC 2009). A liar fits nobody's measurements; an
// honest peer with odd routes misfits a few. A peer can add to a round trip but not shorten it, and can claim any position. Verifiers must be drawn by chance, so that liars cannot choose whom to judge.

/** What one verifier found: how far off its measurement a peer's claimed coordinate is, by {@link relativeResidual}. */
export interface Opinion<Id> {
  readonly subject: Id
  readonly residual: number
}

/** Verifiers that it takes to discredit a peer; fewer could be all liars by chance. Veracity asks 7. */
export const MIN_VERIFIERS = 5

/** A peer is discredited where the median of its residuals exceeds this many times that of the median peer. */
export const DISCREDIT_RATIO = 1.5

/** A median residual up to this discredits nobody: one access link in trouble makes as much. */
export const CREDIBLE_RESIDUAL = 0.25

/** Share of the peers that can be discredited, worst first: more liars than this break the agreement itself. */
export const MAX_DISCREDITED_SHARE = 1 / 3

/** The peers that most of their verifiers find elsewhere than they claim. */
export function discreditedPeers<Id>(opinions: Iterable<Opinion<Id>>): Set<Id> {
  const bySubject = new Map<Id, number[]>()
  for (const { subject, residual } of opinions) {
    const residuals = bySubject.get(subject)
    if (residuals === undefined) bySubject.set(subject, [residual])
    else residuals.push(residual)
  }
  const judged = [...bySubject]
    .filter(([, residuals]) => residuals.length >= MIN_VERIFIERS)
    .map(([subject, residuals]) => ({ subject, residual: medianOf(residuals) }))
    .sort((a, b) => b.residual - a.residual)
  if (judged.length === 0) return new Set()
  const limit = Math.max(CREDIBLE_RESIDUAL, DISCREDIT_RATIO * judged[judged.length >> 1].residual)
  const most = Math.floor(judged.length * MAX_DISCREDITED_SHARE)
  return new Set(
    judged
      .slice(0, most)
      .filter(({ residual }) => residual > limit)
      .map(({ subject }) => subject)
  )
}

const medianOf = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]
