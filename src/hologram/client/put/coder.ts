import type { SegmentCodec } from '../../../../encoder/index.ts'
import type { SegmentBytes } from './segmenter.ts'

const LEAF_BYTES = 32

/** A segment with the rows that were asked for, and the leaf hash of each. */
export class CodedSegment {
  readonly index: number
  readonly blockBytes: number
  readonly #blocks: ReadonlyMap<number, Uint8Array>
  readonly #leaves: ReadonlyMap<number, Uint8Array>

  constructor(
    index: number,
    blockBytes: number,
    blocks: ReadonlyMap<number, Uint8Array>,
    leaves: ReadonlyMap<number, Uint8Array>
  ) {
    this.index = index
    this.blockBytes = blockBytes
    this.#blocks = blocks
    this.#leaves = leaves
  }

  /** @throws RangeError when the row was not asked for */
  block(row: number): Uint8Array {
    return present(this.#blocks, row)
  }

  /** 32 bytes. @throws RangeError when the row was not asked for */
  leaf(row: number): Uint8Array {
    return present(this.#leaves, row)
  }
}

export interface CoderOptions {
  /** Parity rows to make. @default all */
  readonly parityRows?: (k: number) => readonly number[]
  /** Segments that are coded at the same time. */
  readonly depth: number
  readonly signal: AbortSignal
}

/** Codes segments, several at a time, in order. */
export function coder(
  codec: SegmentCodec,
  n: number,
  options: CoderOptions
): (source: AsyncIterable<SegmentBytes>) => AsyncGenerator<CodedSegment> {
  const code = async (segment: SegmentBytes, index: number): Promise<CodedSegment> => {
    const { k, blockBytes } = segment
    const rows = options.parityRows?.(k) ?? range(k, n)
    const coded = await codec.encode({ k, n, blockBytes }, segment.data, { rows, signal: options.signal })
    const blocks = new Map<number, Uint8Array>()
    const leaves = new Map<number, Uint8Array>()
    ;[...range(0, k), ...rows].forEach((row, position) => {
      const source = row < k ? coded.data : coded.parity
      const place = row < k ? row : position - k
      blocks.set(row, source.subarray(place * blockBytes, (place + 1) * blockBytes))
      leaves.set(row, coded.leaves.subarray(position * LEAF_BYTES, (position + 1) * LEAF_BYTES))
    })
    return new CodedSegment(index, blockBytes, blocks, leaves)
  }
  return async function* (source) {
    const coding: Array<Promise<CodedSegment>> = []
    let index = 0
    for await (const segment of source) {
      const coded = code(segment, index++)
      // The consumer sees a failure when its turn comes.
      coded.catch(() => {})
      coding.push(coded)
      if (coding.length >= options.depth) yield coding.shift()!
    }
    yield* coding
  }
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i)
}

function present(rows: ReadonlyMap<number, Uint8Array>, row: number): Uint8Array {
  const found = rows.get(row)
  if (found === undefined) throw new RangeError(`row ${row} was not asked for`)
  return found
}
