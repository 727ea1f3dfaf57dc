import { HologramError } from '../../errors.ts'
import { segmentBlockBytes } from '../../records/layout.ts'
import type { Layer } from '../../records/manifest.ts'

/** The bytes of a segment: k data rows one after another. */
export interface SegmentBytes {
  readonly k: number
  readonly blockBytes: number
  /** Within its layer, from 0. */
  readonly indexInLayer: number
  /** Bytes of the object in this segment; zeros follow. */
  readonly length: number
  /** k * blockBytes bytes. The only view of its buffer, so that the buffer can be transferred to a worker. */
  readonly data: Uint8Array<ArrayBuffer>
}

/**
 * Cuts a stream of bytes into segments of k blocks; the last one has shorter blocks (docs/reference/protocols.md, "Layout").
 * An empty stream gives one segment of length 0.
 */
export function segmenter(
  k: number,
  blockBytes: number
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<SegmentBytes> {
  return async function* (source) {
    const segmentBytes = k * blockBytes
    let data = unfilled(segmentBytes)
    let length = 0
    let cut = 0
    for await (const chunk of source) {
      for (let offset = 0; offset < chunk.byteLength;) {
        if (length === segmentBytes) {
          yield { k, blockBytes, indexInLayer: cut, length, data }
          cut++
          data = unfilled(segmentBytes)
          length = 0
        }
        const end = Math.min(chunk.byteLength, offset + segmentBytes - length)
        data.set(chunk.subarray(offset, end), length)
        length += end - offset
        offset = end
      }
    }
    if (length > 0 || cut === 0) yield { ...lastSegment(k, length, data), indexInLayer: cut }
  }
}

/**
 * Cuts a stream of bytes into the segments of its layers, which lie one after another.
 *
 * @throws HologramError 'BAD_CODE_PARAMETERS' when the stream has other than the bytes of the layers
 */
export function layerSegmenter(
  layers: readonly Layer[],
  blockBytes: number
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<SegmentBytes> {
  return async function* (source) {
    const pieces = new Pieces(source)
    try {
      for (const { k, length } of layers) yield* segmenter(k, blockBytes)(pieces.take(length))
      if (!(await pieces.isAtEnd())) throw otherLength('more')
    } finally {
      await pieces.close()
    }
  }
}

/** A stream that is taken in pieces of given lengths. */
class Pieces {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async *take(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (await this.isAtEnd()) throw otherLength('fewer')
      const piece = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(piece.byteLength)
      left -= piece.byteLength
      yield piece
    }
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#rest.byteLength === 0) {
      const { value, done } = await this.#source.next()
      if (done === true) return true
      this.#rest = value
    }
    return false
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }
}

function otherLength(what: 'more' | 'fewer'): HologramError<'BAD_CODE_PARAMETERS'> {
  return new HologramError('BAD_CODE_PARAMETERS', `there are ${what} bytes than the layers hold`, {
    parameter: 'layers',
    value: what
  })
}

function lastSegment(
  k: number,
  length: number,
  data: Uint8Array<ArrayBuffer>
): Omit<SegmentBytes, 'indexInLayer'> {
  const blockBytes = segmentBlockBytes(length, k)
  data.fill(0, length)
  const rows = k * blockBytes === data.byteLength ? data : data.slice(0, k * blockBytes)
  return { k, blockBytes, length, data: rows }
}

/** An uninitialised buffer: filling a megabyte with zeros costs as much as copying it. */
function unfilled(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)
}
