// Bits that no model would make fewer, packed as they are: the least significant first, the bytes from the end of a
// buffer to its front, so that they and a range coder share one buffer without a word on where they meet.

/** Most bits in one call. */
const MOST = 32

export class BitWriter {
  readonly #bytes: Uint8Array
  #length = 0
  #pending = 0
  #count = 0

  /** @param bytes - filled from its end; what does not fit is dropped and only counted */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes begun. */
  get length(): number {
    return this.#length + (this.#count > 0 ? 1 : 0)
  }

  /** @param count - low bits of `value` to write, 0 to 32 */
  write(value: number, count: number): void {
    if (count > 16) {
      this.#push(value & 0xffff, 16)
      this.#push((value >>> 16) & (0xffff >>> (MOST - count)), count - 16)
    } else this.#push(value & (0xffff >>> (16 - count)), count)
  }

  /** Ends the last byte. */
  finish(): void {
    if (this.#count > 0) this.#put()
    this.#count = 0
  }

  #push(value: number, count: number): void {
    this.#pending |= value << this.#count
    this.#count += count
    while (this.#count >= 8) {
      this.#put()
      this.#pending >>>= 8
      this.#count -= 8
    }
  }

  #put(): void {
    if (this.#length < this.#bytes.length) this.#bytes[this.#bytes.length - 1 - this.#length] = this.#pending
    this.#length++
  }
}

/** Reads what a `BitWriter` wrote; beyond the front of the buffer there are zeros. */
export class BitReader {
  readonly #bytes: Uint8Array
  #length = 0
  #pending = 0
  #count = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes begun. */
  get length(): number {
    return this.#length
  }

  /** @param count - 0 to 32 */
  read(count: number): number {
    if (count <= 16) return this.#pull(count)
    const low = this.#pull(16)
    return low | (this.#pull(count - 16) << 16)
  }

  #pull(count: number): number {
    while (this.#count < count) {
      const at = this.#bytes.length - ++this.#length
      if (at >= 0) this.#pending |= this.#bytes[at] << this.#count
      this.#count += 8
    }
    const value = this.#pending & (0xffff >>> (16 - count))
    this.#pending >>>= count
    this.#count -= count
    return value
  }
}
