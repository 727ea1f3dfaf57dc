import { varint } from 'multiformats'

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
 * `PutFrame { block: { index, data } }`, byte for byte as protobuf encodes it, in parts: the 64 KiB of `data` are not
 * copied. For `FramedStream.write`.
 */
export function encodePutBlock(index: number, data: Uint8Array): Uint8Array[] {
  return encodeBlockField(PUT_FRAME_BLOCK_TAG, index, data, undefined)
}

/** `GetReply { status: OK, block: { index, data, path } }`, likewise. */
export function encodeGetBlock({ index, data, path }: ProvenBlock): Uint8Array[] {
  return encodeBlockField(GET_REPLY_BLOCK_TAG, index, data, path)
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
