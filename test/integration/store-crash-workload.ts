// What store-crash.test.ts and the process that it kills agree on.
import { sample } from '../unit/store/support.ts'
import type { Sample } from '../unit/store/support.ts'

export const QUOTA_BYTES = 4 * 1024 ** 3
export const LEASE_LIFE_MS = 24 * 60 * 60 * 1000

/** A shard of a few blocks, its content known by its name. */
export async function crashSample(name: string): Promise<Sample> {
  return await sample(`crash ${name}`, [65536, 4096, 65536, 64])
}
