// Records of a bulk connection: a byte for the type, three for the length (big-endian), and that many bytes.

export const RECORD = {
  /** From the listener, first: the peer is admitted. No bytes. */
  ready: 0,
  /** From the dialler: a conversation begins. The bytes are the id of its protocol. */
  open: 1,
  /** Bytes of the conversation, from either end. */
  data: 2,
  /** This end sends no more bytes in the conversation. No bytes. */
  end: 3
} as const

export type RecordType = (typeof RECORD)[keyof typeof RECORD]

/** A block of 256 KiB with its frame is one record. */
export const MAX_DATA_BYTES = 2 ** 18 + 2 ** 12
export const MAX_PROTOCOL_BYTES = 128
const HEAD_BYTES = 4

/** Smallest and largest length of each type. */
const LENGTHS: Readonly<Record<number, readonly [min: number, max: number]>> = {
  [RECORD.ready]: [0, 0],
  [RECORD.open]: [1, MAX_PROTOCOL_BYTES],
  [RECORD.data]: [1, MAX_DATA_BYTES],
  [RECORD.end]: [0, 0]
}

export const recordHead = (type: RecordType, length: number): Buffer => {
  const head = Buffer.allocUnsafe(HEAD_BYTES)
  head.writeUInt32BE(length)
  head[0] = type
  return head
}

/**
 * Cuts a byte stream into records. A socket may read straight into `room()`, so that a record lies in one piece without
 * a copy; bytes that are already in memory come by `push`.
 */
export class RecordReader {
  readonly #head = Buffer.alloc(HEAD_BYTES)
  #body: Buffer | undefined
  #filled = 0
  /** Receives each whole record. */
  onRecord: (type: RecordType, body: Uint8Array) => void = () => {}

  /** Where the next bytes go. Never empty. */
  room(): Uint8Array {
    return (this.#body ?? this.#head).subarray(this.#filled)
  }

  /** Says that `count` bytes were written to the start of `room()`. @throws RangeError for a record that breaks the rules */
  wrote(count: number): void {
    this.#filled += count
    const target = this.#body ?? this.#head
    if (this.#filled < target.byteLength) return
    this.#filled = 0
    const type = this.#head[0] as RecordType
    if (this.#body !== undefined) {
      this.#body = undefined
      this.onRecord(type, target)
      return
    }
    const length = this.#head.readUInt32BE() & 0xffffff
    const [min, max] = LENGTHS[type] ?? [Infinity, -Infinity]
    if (length < min || length > max) throw new RangeError(`a record of type ${type} with ${length} bytes`)
    if (length === 0) this.onRecord(type, new Uint8Array(0))
    else this.#body = Buffer.allocUnsafeSlow(length)
  }

  /** @throws RangeError for a record that breaks the rules */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const room = this.room()
      const part = bytes.subarray(at, at + room.byteLength)
      room.set(part)
      at += part.byteLength
      this.wrote(part.byteLength)
    }
  }
}
