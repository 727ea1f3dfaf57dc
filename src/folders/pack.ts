import { storedBytes } from './item.ts'

/** Files up to this size share objects with others: a file of its own costs a manifest, leases and n requests. */
const MAX_PACKED_BYTES = 1 << 20
/** Large enough that the cost of an object does not count, small enough that a broken put has little to send again. */
const MAX_PACK_BYTES = 64 << 20

/** Things that share one object, in the order of their bytes. */
export interface Pack<T> {
  readonly items: ReadonlyArray<{ readonly item: T; readonly start: number }>
  /** Stored bytes of all of them. */
  readonly bytes: number
}

/** Whether a file of this size is packed together with others. */
export const isPacked = (plainBytes: number): boolean => plainBytes <= MAX_PACKED_BYTES

/** Cuts a list of things into packs, in order, before any of their bytes is read. */
export function planPacks<T extends { readonly bytes: number }>(
  items: readonly T[],
  isSealed: boolean,
  maxPackBytes = MAX_PACK_BYTES
): Array<Pack<T>> {
  const packs: Array<Pack<T>> = []
  let taken: Array<{ item: T; start: number }> = []
  let bytes = 0
  const close = (): void => {
    if (taken.length > 0) packs.push({ items: taken, bytes })
    taken = []
    bytes = 0
  }
  for (const item of items) {
    const length = storedBytes(item.bytes, isSealed)
    if (bytes + length > maxPackBytes) close()
    taken.push({ item, start: bytes })
    bytes += length
  }
  close()
  return packs
}
