// A layer coded by contexts: symbols by a range coder from the front of its bytes, the bits below them from the back.
import { codeBand, SymbolReader, SymbolWriter } from './band-coder.ts'
import type { Band } from './band-coder.ts'
import { BitReader, BitWriter } from './bit-stream.ts'
import { codeConditional, conditionalStates } from './conditional-coder.ts'
import type { Conditions } from './conditional-coder.ts'
import { Contexts } from './contexts.ts'
import { TensorError } from '../errors.ts'
import { RangeDecoder, RangeEncoder } from './range-coder.ts'
import { fromSymbols, toSymbols } from './symbols.ts'
import { elementCount } from '../tensor.ts'
import type { Words } from '../transform/words.ts'

/** Codes the symbols of a layer, all of them. */
type CodeSymbols = (range: RangeEncoder, symbols: Uint8Array) => void

/**
 * Codes the words of bands by what lies around each.
 *
 * @param words - of the bands, one after the other
 * @param components - how many parts of equal size every band has
 * @param most - bytes that the layer may have
 * @returns undefined when it would be longer
 */
export function encodeByContext(
  words: Words,
  bands: readonly Band[],
  components: number,
  most: number
): Uint8Array | undefined {
  return encode(words, most, (range, symbols) => {
    const writer = new SymbolWriter(range, new Contexts(words.BYTES_PER_ELEMENT))
    let start = 0
    for (const band of bands) {
      const end = start + elementCount(band.shape)
      codeBand(writer, band, symbols.subarray(start, end), components)
      start = end
    }
  })
}

/** Codes words by what is known of each. @param most, @returns as for `encodeByContext` */
export function encodeByCondition(
  words: Words,
  conditions: Conditions,
  most: number
): Uint8Array | undefined {
  const width = words.BYTES_PER_ELEMENT
  return encode(words, most, (range, symbols) => {
    const states = conditionalStates(conditions, width)
    codeConditional(new SymbolWriter(range, states), conditions, symbols, width)
  })
}

function encode(words: Words, most: number, codeSymbols: CodeSymbols): Uint8Array | undefined {
  const bytes = new Uint8Array(most)
  const bits = new BitWriter(bytes)
  const symbols = toSymbols(words, bits)
  bits.finish()
  if (bits.length >= most) return undefined
  const range = new RangeEncoder(bytes)
  codeSymbols(range, symbols)
  range.finish()
  const length = range.length + bits.length
  if (length > most) return undefined
  bytes.copyWithin(range.length, most - bits.length)
  return bytes.slice(0, length)
}

/** Reads a layer that `encodeByContext` or `encodeByCondition` wrote; of the first some bands at a time: those that a reader has the coarser words for. */
export class ContextReader {
  readonly #wordBytes: 2 | 4 | 8
  readonly #components: number
  readonly #length: number
  readonly #range: RangeDecoder
  readonly #bits: BitReader
  #reader: SymbolReader | undefined

  /** @throws TensorError 'CORRUPT' */
  constructor(bytes: Uint8Array, wordBytes: 2 | 4 | 8, components: number) {
    this.#wordBytes = wordBytes
    this.#components = components
    this.#length = bytes.length
    this.#range = new RangeDecoder(bytes)
    this.#bits = new BitReader(bytes)
  }

  /**
   * The words of the next bands.
   * @throws TensorError 'CORRUPT' as soon as the bytes end
   */
  take(bands: readonly Band[]): Words {
    this.#reader ??= new SymbolReader(this.#range, new Contexts(this.#wordBytes))
    const reader = this.#reader
    const counts = bands.map(({ shape }) => elementCount(shape))
    const symbols = new Uint8Array(counts.reduce((sum, count) => sum + count, 0))
    let start = 0
    bands.forEach((band, index) => {
      const end = start + counts[index]
      codeBand(reader, band, symbols.subarray(start, end), this.#components)
      start = end
    })
    return fromSymbols(symbols, this.#wordBytes, this.#bits)
  }

  /** All words, by what is known of each. @throws TensorError 'CORRUPT' as soon as the bytes end */
  takeConditional(conditions: Conditions): Words {
    const symbols = new Uint8Array(conditions.classes.length)
    const states = conditionalStates(conditions, this.#wordBytes)
    codeConditional(new SymbolReader(this.#range, states), conditions, symbols, this.#wordBytes)
    return fromSymbols(symbols, this.#wordBytes, this.#bits)
  }

  /** @throws TensorError 'CORRUPT' unless the bands were all that the bytes hold */
  finish(): void {
    this.#range.finish()
    if (this.#range.position + this.#bits.length === this.#length) return
    throw new TensorError('CORRUPT', 'A layer is not as long as what it holds.', { length: this.#length })
  }
}
