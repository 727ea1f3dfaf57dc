import { leafHash, RowCodec } from '../../../encoder/index.ts'
import type { EncodedSegment, SegmentCodec, SyncBackend } from '../../../encoder/index.ts'

/** The coder without threads: a simulated second has no use for a second core, and a history must repeat itself. */
export class InlineCodec implements SegmentCodec {
  readonly #codec: RowCodec

  constructor(backend: SyncBackend) {
    this.#codec = new RowCodec(backend)
  }

  async encode(...[shape, data, options]: Parameters<SegmentCodec['encode']>): Promise<EncodedSegment> {
    options?.signal?.throwIfAborted()
    const parity = this.#codec.encode(shape, data, options?.rows)
    const rows = [...blocksOf(data, shape.blockBytes), ...blocksOf(parity, shape.blockBytes)]
    return { data, parity, leaves: new Uint8Array(Buffer.concat(rows.map((row) => leafHash(row)))) }
  }

  async reconstruct(
    ...[shape, have, blocks, want, options]: Parameters<SegmentCodec['reconstruct']>
  ): Promise<Uint8Array> {
    options?.signal?.throwIfAborted()
    return this.#codec.reconstruct(shape, have, blocks, want)
  }

  async close(): Promise<void> {}
}

function blocksOf(rows: Uint8Array, blockBytes: number): Uint8Array[] {
  return Array.from({ length: rows.byteLength / blockBytes }, (_, row) =>
    rows.subarray(row * blockBytes, (row + 1) * blockBytes)
  )
}
