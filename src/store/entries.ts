import { changeBytes } from './database.ts'
import { KIND, objectKey } from './records.ts'
import type { CID } from 'multiformats/cid'
import type { Change } from './database.ts'
import type { StoreParts } from './parts.ts'

type Parts = Pick<StoreParts, 'database' | 'space'>

/** The value of an entry; undefined also for a damaged one, which has been logged and counted then. */
export async function getIntact(
  { database }: Pick<StoreParts, 'database'>,
  key: Uint8Array
): Promise<Uint8Array | undefined> {
  const [entry] = await database.getMany([key])
  return entry?.value
}

/** What there is to write for a manifest: nothing when it is here, since a CID never changes its bytes. */
export async function manifestChange(
  parts: Parts,
  cid: CID,
  manifest: Uint8Array
): Promise<Change | undefined> {
  const key = objectKey(KIND.manifest, cid)
  return (await getIntact(parts, key)) === undefined ? { key, value: manifest } : undefined
}

/** By how many bytes the store grows when `change` is written. */
export async function growth({ database }: Parts, change: Change): Promise<number> {
  return changeBytes(change) - (await database.storedBytes(change.key))
}

/**
 * Writes one entry and counts it. The caller holds the object's lock.
 *
 * @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL'
 */
export async function writeCounted(parts: Parts, change: Change, options?: CountOptions): Promise<void> {
  await writeAllCounted(parts, [change], await growth(parts, change), options)
}

export interface CountOptions {
  /** False: it is counted, but not refused. @default true */
  readonly enforce?: boolean
}

/**
 * Writes entries, all or none, by which the store grows by `bytes`. The caller holds the object's lock.
 *
 * @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL'
 */
export async function writeAllCounted(
  { database, space }: Parts,
  changes: readonly Change[],
  bytes: number,
  { enforce = true }: CountOptions = {}
): Promise<void> {
  if (enforce) await space.take(bytes)
  else space.adjust(bytes)
  try {
    await database.write(changes)
  } catch (error) {
    space.adjust(-bytes)
    throw error
  }
}
