/**
 * Does the work on each item, on so many at a time. After a failure no new work begins; what has begun is waited for, and the
 * first failure is thrown.
 *
 * @returns what came out, in order
 */
export const atOnce = async <T, R>(
  count: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>
): Promise<R[]> => {
  const results = new Array<R>(items.length)
  const failures: unknown[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (failures.length === 0 && next < items.length) {
      const index = next++
      try {
        results[index] = await work(items[index], index)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}
