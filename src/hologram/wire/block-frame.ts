import { varint } from 'multiformats'
import type { Uint8ArrayList } from 'uint8arraylist'

/** A block on its way to a reader. */
export interface ProvenBlock {
  readonly index: number
  readonly data: Uint8Array
  /** Audit path, 32-byte hashes from the leaf up. */
  readonly path: Uint8Array
}

// PutFrame.block = 2, GetReply.block = 4: a field of bytes (wire type 2)
const PUT_FRAME_BLOCK_TAG = (2 << 3) | 2
const GET_REPLY_BLOCK_TAG = (4 << 3) | 2
// Block.index = 1 (varint), Block.data = 2, Block.path = 3 (bytes)
const INDEX_TAG = 1 << 3
const DATA_TAG = (2 << 3) | 2
const PATH_TAG = (3 << 3) | 2

/**
 * `PutFrame { block: { index, data } }`, byte for byte as protobuf encodes it, in parts: `data` is not
 * copied. For `FramedStream.write`.
 */
export function encodePutBlock(index: number, data: Uint8Array): Uint8Array[] {
  return encodeBlockField(PUT_FRAME_BLOCK_TAG, index, data, undefined)
}

/** A block of put/1, its bytes in the pieces in which they came. */
export interface ArrivingBlock {
  readonly index: number
  readonly data: Uint8ArrayList
}

/**
 * The block of a frame that is encoded as `encodePutBlock` does it. Undefined for any other frame: a protobuf decoder must
 * read that one.
 */
export function decodePutBlock(frame: Uint8ArrayList): ArrivingBlock | undefined {
  const head = new Fields(frame.subarray(0, Math.min(MAX_HEAD_BYTES, frame.byteLength)))
  if (head.take() !== PUT_FRAME_BLOCK_TAG) return undefined
  const blockBytes = head.takeVarint()
  if (head.at + blockBytes !== frame.byteLength) return undefined
  let tag = head.take()
  let index = 0
  if (tag === INDEX_TAG) {
    index = head.takeVarint()
    tag = head.take()
  }
  if (tag !== DATA_TAG) return undefined
  const dataBytes = head.takeVarint()
  if (dataBytes === 0 || head.at + dataBytes !== frame.byteLength) return undefined
  return { index, data: frame.sublist(head.at) }
}

/** `GetReply { status: OK, block: { index, data, path } }`, likewise. */
export function encodeGetBlock({ index, data, path }: ProvenBlock): Uint8Array[] {
  return encodeBlockField(GET_REPLY_BLOCK_TAG, index, data, path)
}

/** Three tags and three varints of at most eight bytes. */
const MAX_HEAD_BYTES = 27

/** Reads single bytes and varints; NaN beyond the end, and for a varint that is not in its shortest form. */
class Fields {
  at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(): number {
    return this.#bytes[this.at++] ?? NaN
  }

  takeVarint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.take()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return byte === 0 && scale > 1 ? NaN : value
    }
    return NaN
  }
}

function encodeBlockField(
  tag: number,
  index: number,
  data: Uint8Array,
  path: Uint8Array | undefined
): Uint8Array[] {
  const indexBytes = index === 0 ? 0 : 1 + varint.encodingLength(index)
  const dataHead = data.byteLength === 0 ? 0 : 1 + varint.encodingLength(data.byteLength)
  const tail = path === undefined || path.byteLength === 0 ? undefined : encodePath(path)
  const blockBytes = indexBytes + dataHead + data.byteLength + (tail?.byteLength ?? 0)

  const head = new Uint8Array(1 + varint.encodingLength(blockBytes) + indexBytes + dataHead)
  let at = 0
  at = putTagged(head, at, tag, blockBytes)
  if (indexBytes > 0) at = putTagged(head, at, INDEX_TAG, index)
  if (dataHead > 0) putTagged(head, at, DATA_TAG, data.byteLength)
  return tail === undefined ? [head, data] : [head, data, tail]
}

function putTagged(target: Uint8Array, at: number, tag: number, value: number): number {
  target[at] = tag
  varint.encodeTo(value, target, at + 1)
  return at + 1 + varint.encodingLength(value)
}

function encodePath(path: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + varint.encodingLength(path.byteLength) + path.byteLength)
  bytes.set(path, putTagged(bytes, 0, PATH_TAG, path.byteLength))
  return bytes
}
