// Quantiles of samples, by the nearest rank.

/** @param share 0 to 1. @returns NaN when there is no sample */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return NaN
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]
}
