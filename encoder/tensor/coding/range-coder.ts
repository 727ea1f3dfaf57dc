// Adaptive binary arithmetic coding: the range coder of Martin (1979) as LZMA has it, with carries put through into the
// bytes already written. Integers of 32 bits only, so that every engine writes and reads the same bytes.
import { TensorError } from '../errors.ts'

/** The range starts here and stays below, so that it never looks negative. */
const WHOLE = 0x7fffffff
/** Below this a byte is moved out. */
const MIN_RANGE = 1 << 23
const CODE_BYTES = 4

/**
 * A state holds the probability that a bit is 1 in 16 bits, and below them how often it was seen. The first bits move
 * it most: it is the mean of what was seen, as if a quarter of a bit of each kind had been seen before (in the manner of
 * Krichevsky and Trofimov, 1981), until it becomes a moving one.
 */
const COUNT_BITS = 8
const COUNT_MASK = (1 << COUNT_BITS) - 1
const HALF = 1 << 15
const MAX_PROBABILITY = 0xffff
const MAX_COUNT = 60
/** 2^15 / (count + 1.5): how far a bit moves the probability. */
const STEP = Int32Array.from({ length: MAX_COUNT + 1 }, (_, count) => Math.floor(2 ** 16 / (2 * count + 3)))

/** States in which both bits are as likely. */
export function newStates(count: number): Int32Array {
  return new Int32Array(count).fill(HALF << COUNT_BITS)
}

/** The part of the range that is for a 1, in 4096ths: never none of it, and never all. */
const shareOf = (state: number): number => (state >> (COUNT_BITS + 4)) | 1

/** The state after a 1. */
function risen(state: number): number {
  const probability = state >> COUNT_BITS
  return (
    ((probability + (((MAX_PROBABILITY - probability) * STEP[state & COUNT_MASK]) >> 15)) << COUNT_BITS) |
    counted(state)
  )
}

/** The state after a 0. */
function fallen(state: number): number {
  const probability = state >> COUNT_BITS
  return ((probability + ((-probability * STEP[state & COUNT_MASK]) >> 15)) << COUNT_BITS) | counted(state)
}

function counted(state: number): number {
  const count = state & COUNT_MASK
  return count < MAX_COUNT ? count + 1 : count
}

/** Writes bits into a buffer; what does not fit is dropped and only counted. */
export class RangeEncoder {
  readonly #bytes: Uint8Array
  #length = 0
  #low = 0
  #range = WHOLE

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes written, or more than the buffer has when it was too small. */
  get length(): number {
    return this.#length
  }

  /** @param index - of the state to code by, which learns the bit */
  encode(states: Int32Array, index: number, bit: number): void {
    const state = states[index]
    const bound = (this.#range >>> 12) * shareOf(state)
    if (bit === 1) {
      this.#range = bound
      states[index] = risen(state)
    } else {
      this.#range -= bound
      this.#raise(bound)
      states[index] = fallen(state)
    }
    while (this.#range < MIN_RANGE) {
      this.#range <<= 8
      this.#moveOut()
    }
  }

  /**
   * Some zeros and, unless there cannot be more, a one: each bit by the state after that of the bit before, up to the
   * `last`. The same as as many calls of `encode`, but with the range at hand.
   */
  encodeUnary(states: Int32Array, first: number, last: number, zeros: number, isMost: boolean): void {
    let range = this.#range
    const count = isMost ? zeros : zeros + 1
    for (let at = 0, index = first; at < count; at++) {
      const state = states[index]
      const bound = (range >>> 12) * shareOf(state)
      if (at === zeros) {
        range = bound
        states[index] = risen(state)
      } else {
        range -= bound
        this.#raise(bound)
        states[index] = fallen(state)
      }
      while (range < MIN_RANGE) {
        range <<= 8
        this.#moveOut()
      }
      if (index < last) index++
    }
    this.#range = range
  }

  /** Writes what is still inside. */
  finish(): void {
    for (let i = 0; i < CODE_BYTES; i++) this.#moveOut()
  }

  #raise(by: number): void {
    const before = this.#low
    this.#low = (before + by) | 0
    // Compared as numbers without a sign: the sum went round.
    if ((this.#low ^ 0x80000000) < (before ^ 0x80000000)) this.#carry()
  }

  #carry(): void {
    if (this.#length > this.#bytes.length) return
    for (let i = this.#length - 1; i >= 0; i--) {
      this.#bytes[i]++
      if (this.#bytes[i] !== 0) return
    }
  }

  #moveOut(): void {
    if (this.#length < this.#bytes.length) this.#bytes[this.#length] = this.#low >>> 24
    this.#length++
    this.#low <<= 8
  }
}

/** Reads what a `RangeEncoder` wrote. */
export class RangeDecoder {
  readonly #bytes: Uint8Array
  #position = 0
  #code = 0
  #range = WHOLE

  /** @throws TensorError 'CORRUPT' */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    for (let i = 0; i < CODE_BYTES; i++) this.#code = (this.#code << 8) | this.#next()
    if (this.#code < 0 || this.#code >= WHOLE) throw corrupt()
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position
  }

  /** @throws TensorError 'CORRUPT' at the end of the bytes */
  decode(states: Int32Array, index: number): number {
    const state = states[index]
    const bound = (this.#range >>> 12) * shareOf(state)
    const bit = this.#code < bound ? 1 : 0
    if (bit === 1) {
      this.#range = bound
      states[index] = risen(state)
    } else {
      this.#range -= bound
      this.#code -= bound
      states[index] = fallen(state)
    }
    while (this.#range < MIN_RANGE) {
      this.#range <<= 8
      this.#code = (this.#code << 8) | this.#next()
    }
    return bit
  }

  /**
   * How many zeros `encodeUnary` wrote.
   *
   * @param most - that there can be
   * @throws TensorError 'CORRUPT' at the end of the bytes
   */
  decodeUnary(states: Int32Array, first: number, last: number, most: number): number {
    let range = this.#range
    let code = this.#code
    let zeros = 0
    for (let index = first, isEnd = false; zeros < most && !isEnd;) {
      const state = states[index]
      const bound = (range >>> 12) * shareOf(state)
      if (code < bound) {
        range = bound
        states[index] = risen(state)
        isEnd = true
      } else {
        range -= bound
        code -= bound
        states[index] = fallen(state)
        zeros++
      }
      while (range < MIN_RANGE) {
        range <<= 8
        code = (code << 8) | this.#next()
      }
      if (index < last) index++
    }
    this.#range = range
    this.#code = code
    return zeros
  }

  /** What an encoder wrote last is its lower end. @throws TensorError 'CORRUPT' for anything else */
  finish(): void {
    if (this.#code !== 0) throw corrupt()
  }

  #next(): number {
    if (this.#position === this.#bytes.length) throw corrupt()
    return this.#bytes[this.#position++]
  }
}

function corrupt(): TensorError {
  return new TensorError('CORRUPT', 'A layer ends early or was changed.')
}
