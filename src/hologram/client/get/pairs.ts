import type { SegmentCodec } from '../../../../encoder/index.ts'
import { PairCode } from '../../../../encoder/index.ts'
import type { Layout, Segment } from '../../records/layout.ts'

/** Reads the data rows of one segment, whoever has it. */
export type SegmentSource = (segment: Segment) => Promise<Uint8Array[]>

export interface PairDecoderInit {
  readonly codec: SegmentCodec
  readonly layout: Layout
  /** Shards with which the object was put. */
  readonly n: number
  /** Reads the first segment of a pair when the read itself does not. */
  readonly readFirst: SegmentSource
  readonly signal: AbortSignal
}

/**
 * Decodes the second segments of pairs (the code rs8p). Their parity may carry rows of the first segment, so those are needed too:
 * they are those of the read itself, or are read apart when it begins with the second segment.
 */
export class PairDecoder {
  readonly #init: PairDecoderInit
  /** Data rows of the first segments that this read passes, until their partner has been decoded. */
  readonly #firsts = new Map<number, PromiseWithResolvers<Uint8Array[]>>()

  constructor(init: PairDecoderInit) {
    this.#init = init
  }

  /** The read is going to have this segment. Call in order. */
  expect({ index }: Segment): void {
    if (this.#init.layout.pairOf(index) !== index) return
    const rows = Promise.withResolvers<Uint8Array[]>()
    // The second segment of the pair gets the failure, if it is read at all.
    rows.promise.catch(() => {})
    this.#firsts.set(index, rows)
  }

  /** The read has decoded this segment. */
  has({ index }: Segment, rows: Uint8Array[]): void {
    this.#firsts.get(index)?.resolve(rows)
    const first = this.#init.layout.pairOf(index)
    if (first !== undefined && first !== index) this.#firsts.delete(first)
  }

  /** Whether the rows `have` of a segment can be decoded like those of rs8. */
  isPlain({ index, k }: Segment, have: readonly number[]): boolean {
    const first = this.#init.layout.pairOf(index)
    if (first === undefined || first === index) return true
    const code = new PairCode(k, this.#init.n)
    return have.every((row) => code.carriedBy(row).length === 0)
  }

  /** The data rows `want` of the second segment of a pair, from its rows `have`. */
  async decode(
    { index, k, blockBytes }: Segment,
    have: readonly number[],
    blocks: Uint8Array,
    want: readonly number[]
  ): Promise<Uint8Array> {
    const { codec, layout, n, readFirst, signal } = this.#init
    const expected = this.#firsts.get(index - 1)
    const rows = await (expected?.promise ?? readFirst(layout.segment(index - 1)))
    const first = { rows: rows.map((_, row) => row), blocks: new Uint8Array(Buffer.concat(rows)) }
    const second = { rows: have, blocks }
    return await codec.reconstructSecond({ k, n, blockBytes }, first, second, want, { signal })
  }
}
