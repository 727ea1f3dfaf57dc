import type { FindingJson } from '../../gateway/index.ts'

/** What one check found. */
export type Finding = FindingJson

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
