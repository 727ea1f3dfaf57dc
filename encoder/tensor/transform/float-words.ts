// Floats as words in the order of their values (words.ts), seen as numbers and back.
import { formatOf } from '../element-type.ts'
import type { ElementType } from '../element-type.ts'
import { halfToNumber, numberToHalf } from '../half.ts'
import { HIGH_HALF, halvesOf } from '../coding/symbols.ts'
import type { Words } from './words.ts'

/** What there is to know of a binary floating-point format. */
export interface FloatLayout {
  /** Significant bits, the hidden one included. */
  readonly precision: 11 | 24 | 53
  /** Word of positive infinity: those above are NaN. */
  readonly infinity: number | bigint
  /** Word of negative infinity: those below are NaN. */
  readonly negativeInfinity: number | bigint
}

const LAYOUTS: Readonly<Record<number, FloatLayout>> = {
  2: { precision: 11, infinity: 0x7c00, negativeInfinity: -0x7c01 },
  4: { precision: 24, infinity: 0x7f80_0000, negativeInfinity: -0x7f80_0001 },
  8: { precision: 53, infinity: 0x7ff0_0000_0000_0000n, negativeInfinity: -0x7ff0_0000_0000_0001n }
}

export const isFloat = (type: ElementType): boolean => formatOf(type).kind === 'float'

export function floatLayout(type: ElementType): FloatLayout {
  return LAYOUTS[formatOf(type).numberBytes]
}

const SINGLE = new Float32Array(1)
const SINGLE_BITS = new Int32Array(SINGLE.buffer)

/** The numbers of some words. @param numbers - filled, as long as `words` */
export function wordsToNumbers(words: Words, type: ElementType, numbers: Float64Array): void {
  if (words instanceof BigInt64Array) {
    const halves = halvesOf(words)
    const target = new Int32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length)
    for (let i = HIGH_HALF; i < target.length; i += 2) {
      const low = i + 1 - 2 * HIGH_HALF
      const isNegative = halves[i] < 0
      target[i] = isNegative ? halves[i] ^ 0x7fff_ffff : halves[i]
      target[low] = isNegative ? ~halves[low] : halves[low]
    }
  } else if (formatOf(type).numberBytes === 2) {
    for (let i = 0; i < words.length; i++) {
      numbers[i] = halfToNumber((words[i] ^ ((words[i] >> 31) & 0x7fff)) & 0xffff)
    }
  } else {
    for (let i = 0; i < words.length; i++) {
      SINGLE_BITS[0] = words[i] ^ ((words[i] >> 31) & 0x7fff_ffff)
      numbers[i] = SINGLE[0]
    }
  }
}

/** The words of the numbers of the type that are nearest. @param words - filled, as long as `numbers` */
export function numbersToWords(numbers: Float64Array, type: ElementType, words: Words): void {
  if (words instanceof BigInt64Array) {
    const source = new Int32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length)
    const halves = halvesOf(words)
    for (let i = HIGH_HALF; i < source.length; i += 2) {
      const low = i + 1 - 2 * HIGH_HALF
      const isNegative = source[i] < 0
      halves[i] = isNegative ? source[i] ^ 0x7fff_ffff : source[i]
      halves[low] = isNegative ? ~source[low] : source[low]
    }
  } else if (formatOf(type).numberBytes === 2) {
    for (let i = 0; i < words.length; i++) {
      const bits = (numberToHalf(numbers[i]) << 16) >> 16
      words[i] = bits ^ ((bits >> 31) & 0x7fff)
    }
  } else {
    for (let i = 0; i < words.length; i++) {
      SINGLE[0] = numbers[i]
      words[i] = SINGLE_BITS[0] ^ ((SINGLE_BITS[0] >> 31) & 0x7fff_ffff)
    }
  }
}
