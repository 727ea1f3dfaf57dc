import { HologramError } from '../errors.ts'
import type { Layer } from './manifest.ts'

/** Block sizes are multiples of this many bytes: a cache line, and a whole number of SIMD registers. */
export const BLOCK_ALIGNMENT_BYTES = 64
/**
 * The n blocks of a coded segment have at most this many bytes in all: putter and reader hold several segments at once,
 * whatever the code, and their memory must not grow with n.
 */
export const MAX_CODED_SEGMENT_BYTES = 16 * 2 ** 20
/** An object of more segments than this has blocks of at least `MIN_BLOCK_BYTES`, so that its trees stay small. */
export const MAX_SMALL_SEGMENTS = 1024
export const MIN_BLOCK_BYTES = 4096
/** Largest object that is kept inline, whatever the blocks: above it copies cost more than shards are worth. */
const MAX_INLINE_BYTES = 65536

/** Stored bytes up to which an object is kept whole in its manifest instead of in shards. */
export function inlineLimit(blockBytes: number): number {
  return Math.min(blockBytes, MAX_INLINE_BYTES)
}

/** One segment: k data blocks that are coded together. Its number is the index of its block in every shard. */
export interface Segment {
  /** Over all layers, from 0. */
  readonly index: number
  readonly layer: number
  /** Within its layer, from 0. */
  readonly indexInLayer: number
  readonly k: number
  /** Where its bytes begin in the object. */
  readonly offset: number
  /** Stored bytes in it, without padding: 1 to k * blockBytes. */
  readonly length: number
  /** Bytes of each of its n blocks. */
  readonly blockBytes: number
}

/**
 * Size of the blocks of a segment with `length` stored bytes: `ceil(length / k)` rounded up to 64 bytes.
 * A full segment (`length = k * blockBytes`) gives `blockBytes` itself.
 */
export function segmentBlockBytes(length: number, k: number): number {
  return Math.ceil(Math.ceil(length / k) / BLOCK_ALIGNMENT_BYTES) * BLOCK_ALIGNMENT_BYTES
}

interface LayerLayout {
  readonly k: number
  readonly offset: number
  readonly length: number
  readonly firstSegment: number
  readonly segments: number
  /** Bytes of the layer's blocks in one shard. */
  readonly shardBytes: number
}

/**
 * Where the bytes of a sharded object lie (docs/reference/protocols.md, "Layout"). Pure arithmetic over a manifest's
 * `blockBytes` and `layers`; an inline object has a layout too, but nobody stores its shards.
 */
export class Layout {
  readonly blockBytes: number
  /** Stored bytes of the object. */
  readonly size: number
  /** Segments of all layers, which is also the number of blocks of each shard. */
  readonly segments: number
  /** Bytes of each shard: all shards of an object are of one size. */
  readonly shardBytes: number
  readonly #layers: readonly LayerLayout[]

  constructor(geometry: { readonly blockBytes: number; readonly layers: readonly Layer[] }) {
    this.blockBytes = geometry.blockBytes
    const layers: LayerLayout[] = []
    let offset = 0
    let firstSegment = 0
    let shardBytes = 0
    for (const { k, length } of geometry.layers) {
      const layer = layoutLayer(k, length, this.blockBytes, offset, firstSegment)
      layers.push(layer)
      offset += length
      firstSegment += layer.segments
      shardBytes += layer.shardBytes
    }
    this.#layers = layers
    this.size = offset
    this.segments = firstSegment
    this.shardBytes = shardBytes
  }

  /** @throws RangeError unless 0 <= index < segments */
  segment(index: number): Segment {
    if (!Number.isInteger(index) || index < 0 || index >= this.segments) {
      throw new RangeError(`segment ${index} of ${this.segments}`)
    }
    const number = this.#layers.findLastIndex((layer) => layer.segments > 0 && layer.firstSegment <= index)
    const layer = this.#layers[number]
    const indexInLayer = index - layer.firstSegment
    const segmentBytes = layer.k * this.blockBytes
    const length = Math.min(segmentBytes, layer.length - indexInLayer * segmentBytes)
    return {
      index,
      layer: number,
      indexInLayer,
      k: layer.k,
      offset: layer.offset + indexInLayer * segmentBytes,
      length,
      blockBytes: segmentBlockBytes(length, layer.k)
    }
  }

  /** Bytes of block `index` of every shard. @throws RangeError */
  blockBytesAt(index: number): number {
    return this.segment(index).blockBytes
  }

  /** Index, over all layers, of segment `indexInLayer` of `layer`. @throws RangeError */
  indexOf(layer: number, indexInLayer: number): number {
    const found = this.#layers[layer]
    if (found === undefined || indexInLayer < 0 || indexInLayer >= found.segments) {
      throw new RangeError(`segment ${indexInLayer} of layer ${layer}`)
    }
    return found.firstSegment + indexInLayer
  }

  /**
   * Index of the first segment of the pair that segment `index` belongs to in the code rs8p: segments 2i and 2i+1 of a layer, if
   * their blocks are of one size. Undefined for one that stands alone. @throws RangeError
   */
  pairOf(index: number): number | undefined {
    const { layer, indexInLayer, blockBytes } = this.segment(index)
    const isSecond = indexInLayer % 2 === 1
    const other = isSecond ? index - 1 : index + 1
    if (other >= this.segments) return undefined
    const partner = this.segment(other)
    if (partner.layer !== layer || partner.blockBytes !== blockBytes) return undefined
    return isSecond ? other : index
  }

  /** The segment that holds the stored byte at `offset`. @throws RangeError unless 0 <= offset < size */
  segmentAt(offset: number): Segment {
    if (!Number.isInteger(offset) || offset < 0 || offset >= this.size) {
      throw new RangeError(`offset ${offset} of ${this.size} bytes`)
    }
    const layer = this.#layers.findLast((layer) => layer.length > 0 && layer.offset <= offset)!
    return this.segment(
      layer.firstSegment + Math.floor((offset - layer.offset) / (layer.k * this.blockBytes))
    )
  }

  /**
   * The segments that hold the stored bytes [start, end), as a half-open range of indices; empty for an empty range.
   *
   * @throws HologramError 'BAD_RANGE' unless 0 <= start <= end <= size
   */
  segmentsOf(start: number, end: number): { first: number; end: number } {
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > this.size) {
      throw new HologramError('BAD_RANGE', `bytes ${start} to ${end} are not within ${this.size}`, {
        start,
        end,
        size: this.size
      })
    }
    if (start === end) return { first: 0, end: 0 }
    return { first: this.segmentAt(start).index, end: this.segmentAt(end - 1).index + 1 }
  }
}

function layoutLayer(
  k: number,
  length: number,
  blockBytes: number,
  offset: number,
  firstSegment: number
): LayerLayout {
  const segmentBytes = k * blockBytes
  const full = Math.floor(length / segmentBytes)
  const rest = length - full * segmentBytes
  return {
    k,
    offset,
    length,
    firstSegment,
    segments: full + (rest > 0 ? 1 : 0),
    shardBytes: full * blockBytes + segmentBlockBytes(rest, k)
  }
}
