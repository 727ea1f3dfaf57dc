import type { ShardReader } from '../holdings.ts'

export interface BlockRange {
  readonly first: number
  readonly count: number
  /** Blocks that are read at the same time. */
  readonly depth: number
  readonly signal: AbortSignal
}

/** Blocks of a shard in order, the next ones being read from disk while one is used. */
export async function* readAhead(
  reader: Pick<ShardReader, 'read'>,
  { first, count, depth, signal }: BlockRange
): AsyncGenerator<{ index: number; data: Uint8Array }> {
  const end = first + count
  const pending: Array<Promise<Uint8Array>> = []
  let next = first
  const startReads = () => {
    while (next < end && pending.length < depth) {
      const read = reader.read(next++, { signal })
      read.catch(() => {}) // reported when its turn comes, which it may not when an earlier one fails
      pending.push(read)
    }
  }
  try {
    for (let index = first; index < end; index++) {
      startReads()
      const data = await pending.shift()!
      startReads()
      yield { index, data }
    }
  } finally {
    // the reader must not be closed under a read
    await Promise.allSettled(pending)
  }
}
