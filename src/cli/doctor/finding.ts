/** What one check found. */
export interface Finding {
  readonly check: string
  /** 'bad' keeps a node from working, 'weak' makes it slower or harder to reach, 'note' is only said. */
  readonly state: 'good' | 'note' | 'weak' | 'bad'
  readonly detail: string
  /** What to do about it; absent when there is nothing to do. */
  readonly advice?: string
}

/** A check that fails in a way it did not foresee is a finding too. */
export const guarded = async (
  check: string,
  run: () => Promise<readonly Finding[]>
): Promise<readonly Finding[]> => {
  try {
    return await run()
  } catch (error) {
    return [{ check, state: 'weak', detail: `could not be checked: ${(error as Error).message}` }]
  }
}
