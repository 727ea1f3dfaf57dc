// Byte strings: order, equality, hex, and the big-endian writer and strict reader of the canonical encodings.

/** Negative, zero or positive if `a` sorts before, with or after `b`; a prefix sorts first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  if (a === b) return 0
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i] - b[i]
  }
  return a.length - b.length
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
  let hex = ''
  for (const byte of bytes) hex += HEX_PAIRS[byte]
  return hex
}

/** @throws {RangeError} when `hex` is not an even number of hex digits */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  if (!/^(?:[0-9a-f]{2})*$/i.test(hex)) throw new RangeError('not a string of hex byte pairs')
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

const UTF8 = new TextEncoder()

/** Appends big-endian integers, and byte strings after their u32 length. */
export class ByteWriter {
  #buffer = new Uint8Array(256)
  #length = 0

  u8(value: number): this {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
    return this
  }

  u32(value: number): this {
    return this.u8(value >>> 24)
      .u8(value >>> 16)
      .u8(value >>> 8)
      .u8(value)
  }

  /** `value` must be a non-negative safe integer. */
  u64(value: number): this {
    return this.u32(Math.floor(value / 2 ** 32)).u32(value >>> 0)
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes)
  }

  text(text: string): this {
    return this.bytes(UTF8.encode(text))
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length)
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra
    if (needed <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}

export type EncodingProblem = 'truncated' | 'trailing-bytes' | 'too-long' | 'not-canonical' | 'unknown-type'

/** The bytes are not a canonical encoding. */
export class EncodingError extends Error {
  override readonly name = 'EncodingError'
  readonly code: EncodingProblem

  constructor(code: EncodingProblem, what: string) {
    super(`cannot decode ${what}: ${code}`)
    this.code = code
  }
}

/** Reads what {@link ByteWriter} wrote; refuses truncated input and fields longer than their limit. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #offset = 0

  /** `what` names the structure in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  u8(): number {
    return this.raw(1)[0]
  }

  u32(): number {
    const [a, b, c, d] = this.raw(4)
    return a * 2 ** 24 + ((b << 16) | (c << 8) | d)
  }

  /** @throws {EncodingError} 'not-canonical' above 2^53 - 1 */
  u64(): number {
    const value = this.u32() * 2 ** 32 + this.u32()
    if (!Number.isSafeInteger(value)) throw this.error('not-canonical')
    return value
  }

  /** A u32 count or length of at most `limit`. */
  count(limit: number): number {
    const count = this.u32()
    if (count > limit) throw this.error('too-long')
    return count
  }

  /** A view, not a copy, of the next `length` bytes. */
  raw(length: number): Uint8Array {
    if (this.#offset + length > this.#bytes.length) throw this.error('truncated')
    return this.#bytes.subarray(this.#offset, (this.#offset += length))
  }

  /** A copy of a byte string of at most `limit` bytes. */
  bytes(limit: number): Uint8Array {
    return this.raw(this.count(limit)).slice()
  }

  /** ASCII text of at most `limit` characters. */
  text(limit: number): string {
    const bytes = this.raw(this.count(limit))
    if (bytes.some((byte) => byte > 0x7f)) throw this.error('not-canonical')
    return String.fromCharCode(...bytes)
  }

  list<T>(limit: number, read: () => T): T[] {
    return Array.from({ length: this.count(limit) }, read)
  }

  /** @throws {EncodingError} 'trailing-bytes' if bytes are left */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw this.error('trailing-bytes')
  }

  error(code: EncodingProblem): EncodingError {
    return new EncodingError(code, this.#what)
  }
}
