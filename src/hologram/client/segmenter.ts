import { segmentBlockBytes } from '../layout.ts'

/** The bytes of a segment: k data rows one after another. */
export interface SegmentBytes {
  readonly k: number
  readonly blockBytes: number
  /** Bytes of the object in this segment; zeros follow. */
  readonly length: number
  /** k * blockBytes bytes, the only view of its buffer (which a worker may therefore take). */
  readonly data: Uint8Array<ArrayBuffer>
}

/**
 * Cuts a stream of bytes into segments of k blocks; the last one has shorter blocks (docs/PROTOCOLS.md, "Layout").
 * An empty stream gives one segment of length 0.
 */
export function segmenter(
  k: number,
  blockBytes: number
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<SegmentBytes> {
  return async function* (source) {
    const segmentBytes = k * blockBytes
    let data = new Uint8Array(segmentBytes)
    let length = 0
    let cut = 0
    for await (const chunk of source) {
      for (let offset = 0; offset < chunk.byteLength;) {
        if (length === segmentBytes) {
          yield { k, blockBytes, length, data }
          cut++
          data = new Uint8Array(segmentBytes)
          length = 0
        }
        const end = Math.min(chunk.byteLength, offset + segmentBytes - length)
        data.set(chunk.subarray(offset, end), length)
        length += end - offset
        offset = end
      }
    }
    if (length > 0 || cut === 0) yield lastSegment(k, length, data)
  }
}

function lastSegment(k: number, length: number, data: Uint8Array<ArrayBuffer>): SegmentBytes {
  const blockBytes = segmentBlockBytes(length, k)
  const rows = k * blockBytes === data.byteLength ? data : data.slice(0, k * blockBytes)
  return { k, blockBytes, length, data: rows }
}
