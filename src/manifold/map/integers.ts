// Arithmetic that every engine does alike: whole numbers below 2^53.

/** The greatest whole number whose square is at most `value`. `Math.sqrt` alone may round up. */
export function integerSqrt(value: number): number {
  let root = Math.floor(Math.sqrt(value))
  while (root * root > value) root--
  while ((root + 1) * (root + 1) <= value) root++
  return root
}

/** Of an even number of values the lower of the two in the middle, so that nothing rounds. */
export function lowerMedian(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
}

/** By code unit, as `<` compares: the same in every locale. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The text that occurs most often; of equals the first by code unit. Undefined for none. */
export function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  const [first] = [...counts].sort(([a, m], [b, n]) => n - m || compareTexts(a, b))
  return first?.[0]
}
