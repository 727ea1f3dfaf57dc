import { leafHash, PairCodec, RowCodec } from '../../../encoder/index.ts'
import type { EncodedPair, EncodedSegment, Pair, SegmentCodec, SyncBackend } from '../../../encoder/index.ts'

/** The coder without threads: a simulated second has no use for a second core, and a history must repeat itself. */
export class InlineCodec implements SegmentCodec {
  readonly #codec: RowCodec
  readonly #pairs: PairCodec

  constructor(backend: SyncBackend) {
    this.#codec = new RowCodec(backend)
    this.#pairs = new PairCodec(backend)
  }

  async encode(...[shape, data, options]: Parameters<SegmentCodec['encode']>): Promise<EncodedSegment> {
    options?.signal?.throwIfAborted()
    return hashed(data, this.#codec.encode(shape, data, options?.rows), shape.blockBytes)
  }

  async encodePair(...[shape, data, options]: Parameters<SegmentCodec['encodePair']>): Promise<EncodedPair> {
    options?.signal?.throwIfAborted()
    const parity = this.#pairs.encode(shape, data, options?.rows)
    return {
      first: hashed(data.first, parity.first, shape.blockBytes),
      second: hashed(data.second, parity.second, shape.blockBytes)
    }
  }

  async reconstructSecond(
    ...[shape, first, second, want, options]: Parameters<SegmentCodec['reconstructSecond']>
  ): Promise<Uint8Array> {
    options?.signal?.throwIfAborted()
    return this.#pairs.reconstructSecond(shape, first, second, want)
  }

  async repairPair(
    ...[shape, lost, available, blocks, options]: Parameters<SegmentCodec['repairPair']>
  ): Promise<Pair> {
    options?.signal?.throwIfAborted()
    return this.#pairs.repair(this.#pairs.planRepair(shape, lost, available)!, blocks, shape.blockBytes)
  }

  async reconstruct(
    ...[shape, have, blocks, want, options]: Parameters<SegmentCodec['reconstruct']>
  ): Promise<Uint8Array> {
    options?.signal?.throwIfAborted()
    return this.#codec.reconstruct(shape, have, blocks, want)
  }

  async close(): Promise<void> {}
}

function hashed(data: Uint8Array, parity: Uint8Array, blockBytes: number): EncodedSegment {
  const rows = [...blocksOf(data, blockBytes), ...blocksOf(parity, blockBytes)]
  return { data, parity, leaves: new Uint8Array(Buffer.concat(rows.map((row) => leafHash(row)))) }
}

function blocksOf(rows: Uint8Array, blockBytes: number): Uint8Array[] {
  return Array.from({ length: rows.byteLength / blockBytes }, (_, row) =>
    rows.subarray(row * blockBytes, (row + 1) * blockBytes)
  )
}
