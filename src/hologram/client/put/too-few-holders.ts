import { HologramError, isHologramError } from '../../errors.ts'

export interface TooFewHolders {
  readonly acknowledged: number
  /** Those that acknowledged, and those that still may. */
  readonly possible: number
  readonly required: number
  /** Why the others do not. */
  readonly reasons: string[]
  /** Shards that were refused for want of room. */
  readonly noRoom: number
}

/**
 * Why a put fails for want of holders: 'QUOTA' when it would not if those that are full had room, so that to try again is
 * of no use; else 'NOT_DURABLE'.
 *
 * @param what - what they were to keep, e.g. 'a shard'
 */
export function tooFewHolders(
  what: string,
  { acknowledged, possible, required, reasons, noRoom }: TooFewHolders
): HologramError<'QUOTA'> | HologramError<'NOT_DURABLE'> {
  const details = reasons.map((reason) => `\n  ${reason}`).join('')
  if (noRoom > 0 && possible + noRoom >= required) {
    const text = `${noRoom} peers have no room for ${what}; ${possible} would keep one where ${required} must`
    return new HologramError('QUOTA', `${text}${details}`, {})
  }
  const text = `${possible} peers keep ${what} where ${required} must`
  return new HologramError('NOT_DURABLE', `${text}${details}`, { acknowledged, required, reasons })
}

/** Whether a peer, or this node's own store, refused for want of room. */
export function isNoRoom(error: unknown): boolean {
  if (isHologramError(error, 'QUOTA')) return true
  // StoreError is another room's class: its code is what the contract promises.
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'QUOTA_EXCEEDED' || code === 'DISK_FULL'
}
