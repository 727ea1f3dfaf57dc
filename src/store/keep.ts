import { changeBytes } from './database.ts'
import { writeAllCounted } from './entries.ts'
import {
  decodeLease,
  decodePlacement,
  encodeLease,
  encodePlacement,
  isLive,
  KIND,
  leaseKey,
  objectKey
} from './records.ts'
import type { CID } from 'multiformats/cid'
import type { KeepObjectOptions, KeepOutcome, KeptObject, StoredLease } from '../hologram/holdings.ts'
import type { Change, StoredEntry } from './database.ts'
import type { StoreParts } from './parts.ts'

/** A new entry, with the current one. */
interface Replacement {
  readonly change: Change
  readonly current: StoredEntry | undefined
}

/**
 * Stores a manifest with a lease, and a placement record, with one read and one write of the index. The caller holds the
 * object's lock.
 *
 * @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL'
 */
export async function keepObject(
  parts: StoreParts,
  cid: CID,
  { manifest, lease, placement }: KeptObject,
  { own = false, maxLeases = Infinity, nowMs }: KeepObjectOptions
): Promise<KeepOutcome> {
  const { database } = parts
  const manifestKey = objectKey(KIND.manifest, cid)
  const placementKey = objectKey(KIND.placement, cid)
  const key = leaseKey(cid, lease.lessee)
  // The others' leases only count against the limit.
  const keys = placement === undefined ? [manifestKey, key] : [manifestKey, key, placementKey]
  const [[currentManifest, currentLease, currentPlacement], leases] = await Promise.all([
    database.getMany(keys),
    maxLeases === Infinity ? [] : database.listUnder(objectKey(KIND.lease, cid))
  ])
  const earlier = currentLease?.value && decodeLease(currentLease.value)
  if (currentLease === undefined && leases.length >= maxLeases) return { outcome: 'too-many-leases' }
  const isNews = earlier === undefined || earlier.sequence < lease.sequence
  if (!isNews && !isLive(earlier, nowMs)) return { outcome: 'ended' }

  const replacements: Replacement[] = []
  if (isNews) {
    replacements.push({ change: leaseChange(key, lease, earlier?.keepUntilMs), current: currentLease })
  }
  if (currentManifest?.value === undefined) {
    replacements.push({ change: { key: manifestKey, value: manifest }, current: currentManifest })
  }
  if (placement !== undefined && !isOlder(placement.sequence, currentPlacement)) {
    const value = encodePlacement(placement.sequence, placement.record)
    replacements.push({ change: { key: placementKey, value }, current: currentPlacement })
  }
  if (replacements.length > 0) await write(parts, replacements, own)
  return { outcome: 'kept', lease: isNews ? lease : earlier }
}

/** The entry of a lease that replaces one with `keepUntilMs` = `rememberedUntilMs`. */
export function leaseChange(key: Uint8Array, lease: StoredLease, rememberedUntilMs = 0): Change {
  const keepUntilMs = Math.max(lease.expiresAtMs, rememberedUntilMs)
  return { key, value: encodeLease({ ...lease, keepUntilMs }) }
}

function isOlder(sequence: bigint, current: StoredEntry | undefined): boolean {
  return current?.value !== undefined && decodePlacement(current.value).sequence >= sequence
}

async function write(parts: StoreParts, replacements: readonly Replacement[], own: boolean): Promise<void> {
  const bytes = replacements.reduce(
    (sum, { change, current }) => sum + changeBytes(change) - (current?.storedBytes ?? 0),
    0
  )
  const changes = replacements.map(({ change }) => change)
  await writeAllCounted(parts, changes, bytes, { enforce: !own })
}
