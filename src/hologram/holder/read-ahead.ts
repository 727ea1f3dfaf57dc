import { storeErrorCode } from './refusal.ts'
import type { ShardReader } from '../holdings.ts'

export interface BlockRange {
  readonly first: number
  readonly count: number
  /** Blocks that are read at the same time. */
  readonly depth: number
  readonly signal: AbortSignal
}

export interface ReadBlock {
  readonly index: number
  /** Undefined for a block that is damaged on disk. */
  readonly data: Uint8Array | undefined
}

/** Blocks of a shard in order, the next ones being read from disk while one is used. */
export async function* readAhead(
  reader: Pick<ShardReader, 'read'>,
  { first, count, depth, signal }: BlockRange
): AsyncGenerator<ReadBlock> {
  const end = first + count
  const pending: Array<Promise<Uint8Array | undefined>> = []
  let next = first
  const startReads = () => {
    while (next < end && pending.length < depth) {
      const read = readUnlessDamaged(reader, next++, signal)
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

async function readUnlessDamaged(
  reader: Pick<ShardReader, 'read'>,
  index: number,
  signal: AbortSignal
): Promise<Uint8Array | undefined> {
  try {
    return await reader.read(index, { signal })
  } catch (error) {
    if (storeErrorCode(error) === 'CORRUPT') return undefined
    throw error
  }
}
