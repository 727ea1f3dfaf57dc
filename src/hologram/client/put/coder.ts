import type { EncodedSegment, SegmentCodec } from '../../../../encoder/index.ts'
import type { CodeName } from '../../records/manifest.ts'
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

/** The code of an object. */
export interface ObjectCode {
  readonly name: CodeName
  /** Shards with which it was put: in rs8p, what rows carry depends on it. */
  readonly n: number
}

export interface CoderOptions {
  /** Rows to make, of which those from `code.n` on have been added to the object. */
  readonly parityRows: (k: number) => readonly number[]
  /** Segments that are coded at the same time; pairs count once. */
  readonly depth: number
  /** Index of the first segment. @default 0 */
  readonly first?: number
  readonly signal: AbortSignal
}

/**
 * Codes segments, several at a time, in order.
 *
 * @param rows - of the object, added ones among them
 */
export function coder(
  codec: SegmentCodec,
  code: ObjectCode,
  rows: number,
  { parityRows, depth, first = 0, signal }: CoderOptions
): (source: AsyncIterable<SegmentBytes>) => AsyncGenerator<CodedSegment> {
  const codeOne = async (segment: SegmentBytes, index: number): Promise<CodedSegment[]> => {
    const { k, blockBytes, data } = segment
    const wanted = parityRows(k)
    const coded = await codec.encode({ k, n: rows, blockBytes }, data, { rows: wanted, signal })
    return [codedSegment(index, segment, wanted, coded)]
  }
  const codePair = async (pair: readonly SegmentBytes[], index: number): Promise<CodedSegment[]> => {
    const [one, other] = pair
    const { k, blockBytes } = one
    const wanted = parityRows(k)
    const data = { first: one.data, second: other.data }
    const coded = await codec.encodePair({ k, n: code.n, blockBytes }, data, { rows: wanted, signal })
    return [
      codedSegment(index, one, wanted, coded.first),
      codedSegment(index + 1, other, wanted, coded.second)
    ]
  }
  return async function* (source) {
    const coding: Array<Promise<CodedSegment[]>> = []
    let index = first
    const units = code.name === 'rs8p' ? paired(source) : alone(source)
    for await (const unit of units) {
      const coded = unit.length === 1 ? codeOne(unit[0], index) : codePair(unit, index)
      index += unit.length
      // The consumer sees a failure when its turn comes.
      coded.catch(() => {})
      coding.push(coded)
      if (coding.length >= depth) yield* await coding.shift()!
    }
    for (const coded of coding) yield* await coded
  }
}

function codedSegment(
  index: number,
  { k, blockBytes }: SegmentBytes,
  rows: readonly number[],
  coded: EncodedSegment
): CodedSegment {
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

async function* alone(source: AsyncIterable<SegmentBytes>): AsyncGenerator<SegmentBytes[]> {
  for await (const segment of source) yield [segment]
}

/** Segments in the pairs that `Layout.pairOf` names. */
async function* paired(source: AsyncIterable<SegmentBytes>): AsyncGenerator<SegmentBytes[]> {
  let waiting: SegmentBytes | undefined
  for await (const segment of source) {
    const isSecond = segment.indexInLayer % 2 === 1
    if (waiting !== undefined && isSecond && segment.blockBytes === waiting.blockBytes) {
      yield [waiting, segment]
      waiting = undefined
      continue
    }
    if (waiting !== undefined) yield [waiting]
    waiting = isSecond ? undefined : segment
    if (isSecond) yield [segment]
  }
  if (waiting !== undefined) yield [waiting]
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i)
}

function present(rows: ReadonlyMap<number, Uint8Array>, row: number): Uint8Array {
  const found = rows.get(row)
  if (found === undefined) throw new RangeError(`row ${row} was not asked for`)
  return found
}
