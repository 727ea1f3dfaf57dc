import { changeBytes } from './database.ts'
import { KIND, objectKey } from './records.ts'
import type { CID } from 'multiformats/cid'
import type { Change } from './database.ts'
import type { StoreParts } from './parts.ts'

type Parts = Pick<StoreParts, 'database' | 'space'>

/** The value of an entry; undefined if it is missing or damaged. The database logs and counts damaged entries. */
export async function getIntact(
  { database }: Pick<StoreParts, 'database'>,
  key: Uint8Array
): Promise<Uint8Array | undefined> {
  const [entry] = await database.getMany([key])
  return entry?.value
}

/** The change that stores a manifest; undefined if it is stored already, since the bytes of a CID never change. */
export async function manifestChange(
  parts: Parts,
  cid: CID,
  manifest: Uint8Array
): Promise<Change | undefined> {
  const key = objectKey(KIND.manifest, cid)
  return (await getIntact(parts, key)) === undefined ? { key, value: manifest } : undefined
}

/** Bytes by which `change` enlarges the store. */
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
  /** False: count the bytes but never refuse them. @default true */
  readonly enforce?: boolean
}

/**
 * Writes all entries or none, and counts `bytes`, by which they enlarge the store. The caller holds the object's lock.
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
