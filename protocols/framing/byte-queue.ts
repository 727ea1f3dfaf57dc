import { varint } from 'multiformats'
import { Uint8ArrayList } from 'uint8arraylist'

/** Received bytes, in the pieces in which they arrived. */
export class ByteQueue {
  readonly #parts: Uint8Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(part: Uint8Array): void {
    if (part.byteLength === 0) return
    this.#parts.push(part)
    this.#length += part.byteLength
  }

  clear(): void {
    this.#parts.length = 0
    this.#length = 0
  }

  /** The byte at `index`, a small number below `length`. */
  at(index: number): number {
    for (const part of this.#parts) {
      if (index < part.byteLength) return part[index]
      index -= part.byteLength
    }
    throw new RangeError('beyond what has arrived')
  }

  /** Removes the first `length` bytes. @returns a view if they are in one piece, else a copy */
  take(length: number): Uint8Array {
    if (length === 0) return new Uint8Array(0)
    const first = this.#parts[0]
    this.#length -= length
    if (length < first.byteLength) {
      this.#parts[0] = first.subarray(length)
      return first.subarray(0, length)
    }
    if (length === first.byteLength) {
      this.#parts.shift()
      return first
    }
    return this.#gather(length)
  }

  /** Removes the first `length` bytes without copying. @returns views of the pieces in which they arrived */
  takePieces(length: number): Uint8ArrayList {
    const taken = new Uint8ArrayList()
    while (taken.byteLength < length)
      taken.append(this.take(Math.min(length - taken.byteLength, this.#parts[0].byteLength)))
    return taken
  }

  /** Removes a varint, which must have arrived completely. @returns undefined if it is not in its shortest form */
  takeVarint(): number | undefined {
    let length = 1
    while (this.at(length - 1) >= 0x80) length++
    const bytes = this.take(length)
    if (length > 1 && bytes[length - 1] === 0) return undefined
    return varint.decode(bytes)[0]
  }

  #gather(length: number): Uint8Array {
    // Allocates outside the pool of small buffers and skips the zero fill.
    const gathered = Buffer.allocUnsafeSlow(length)
    let filled = 0
    let whole = 0
    for (; filled < length && filled + this.#parts[whole].byteLength <= length; whole++) {
      gathered.set(this.#parts[whole], filled)
      filled += this.#parts[whole].byteLength
    }
    this.#parts.splice(0, whole)
    if (filled < length) {
      const rest = length - filled
      gathered.set(this.#parts[0].subarray(0, rest), filled)
      this.#parts[0] = this.#parts[0].subarray(rest)
    }
    return gathered
  }
}
