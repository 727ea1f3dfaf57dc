// A look at dag-cbor before it is decoded: a decoder makes an object of every item, and a megabyte of empty lists blocks the
// event loop for a third of a second.

/** What may be decoded. */
export interface ShapeLimits {
  /** Integers, strings, lists and maps, with the keys of maps. */
  readonly maxItems: number
  /** Lists and maps within each other. */
  readonly maxDepth: number
}

/** What is wrong with the encoding; undefined when it may be decoded. Reads heads only, at most `maxItems` of them. */
export function shapeFault(bytes: Uint8Array, { maxItems, maxDepth }: ShapeLimits): string | undefined {
  /** Items still to come in each open list or map, outermost first. */
  const open: number[] = []
  let due = 1
  let position = 0
  for (let items = 1; due > 0; items++) {
    if (items > maxItems) return `has more than ${maxItems} items`
    const head = readHead(bytes, position)
    if (head === undefined) return 'is not dag-cbor'
    const { major, value } = head
    position = head.end + (major === BYTES || major === TEXT ? value : 0)
    if (position > bytes.byteLength) return 'ends too early'
    due--
    if (major === TAG) due++
    if (major === LIST || major === MAP) {
      open.push(due)
      if (open.length > maxDepth) return `is nested more than ${maxDepth} deep`
      due = major === MAP ? 2 * value : value
    }
    while (due === 0 && open.length > 0) due = open.pop()!
  }
  return position === bytes.byteLength ? undefined : 'has bytes behind its end'
}

const [BYTES, TEXT, LIST, MAP, TAG] = [2, 3, 4, 5, 6]

/** RFC 8949, section 3. Undefined for what dag-cbor does not allow: reserved and indefinite lengths, and cut heads. */
function readHead(
  bytes: Uint8Array,
  position: number
): { major: number; value: number; end: number } | undefined {
  const first = bytes[position]
  if (first === undefined) return undefined
  const [major, info] = [first >> 5, first & 31]
  if (info < 24) return { major, value: info, end: position + 1 }
  if (info > 27) return undefined
  const length = 2 ** (info - 24)
  const end = position + 1 + length
  if (end > bytes.byteLength) return undefined
  let value = 0
  for (let i = position + 1; i < end; i++) value = value * 256 + bytes[i]
  return { major, value, end }
}
