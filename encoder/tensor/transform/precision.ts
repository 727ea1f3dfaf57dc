// Words in fewer bits first, and the bits that refine them later: what shows noise early, in which neighbours tell
// nothing.
import { newWords } from './words.ts'
import type { Words } from './words.ts'

/** Each word less its lowest `shift` bits, rounded: floor(word / 2^shift + 1/2). */
export function coarsened(words: Words, shift: number): Words {
  if (shift === 0) return words
  const coarse = newWords(words.BYTES_PER_ELEMENT as 2 | 4 | 8, words.length)
  if (words instanceof BigInt64Array) {
    const by = BigInt(shift)
    const half = BigInt(shift - 1)
    const target = coarse as BigInt64Array
    for (let i = 0; i < words.length; i++) {
      target[i] = BigInt.asIntN(64, (words[i] >> by) + BigInt.asIntN(64, (words[i] >> half) & 1n))
    }
  } else {
    for (let i = 0; i < words.length; i++) coarse[i] = (words[i] >> shift) + ((words[i] >> (shift - 1)) & 1)
  }
  return coarse
}

/** What is missing when `coarse` words are moved up by `shift` bits, modulo the word. */
export function refinement(words: Words, coarse: Words, shift: number): Words {
  const rest = newWords(words.BYTES_PER_ELEMENT as 2 | 4 | 8, words.length)
  if (words instanceof BigInt64Array) {
    const [source, target] = [coarse as BigInt64Array, rest as BigInt64Array]
    const by = BigInt(shift)
    for (let i = 0; i < words.length; i++) {
      target[i] = BigInt.asIntN(64, words[i] - BigInt.asIntN(64, source[i] << by))
    }
  } else {
    for (let i = 0; i < words.length; i++) rest[i] = words[i] - ((coarse[i] as number) << shift)
  }
  return rest
}

/** The reverse of `refinement`. */
export function refined(coarse: Words, rest: Words, shift: number): Words {
  const words = newWords(coarse.BYTES_PER_ELEMENT as 2 | 4 | 8, coarse.length)
  if (coarse instanceof BigInt64Array) {
    const [source, target] = [rest as BigInt64Array, words as BigInt64Array]
    const by = BigInt(shift)
    for (let i = 0; i < coarse.length; i++) {
      target[i] = BigInt.asIntN(64, BigInt.asIntN(64, coarse[i] << by) + source[i])
    }
  } else {
    for (let i = 0; i < coarse.length; i++) words[i] = (coarse[i] << shift) + (rest[i] as number)
  }
  return words
}

/** Coarse words moved up by `shift` bits, without what refines them; at the ends of the range they stay there. */
export function widened(coarse: Words, shift: number): Words {
  if (shift === 0) return coarse
  const words = newWords(coarse.BYTES_PER_ELEMENT as 2 | 4 | 8, coarse.length)
  if (coarse instanceof BigInt64Array) {
    const by = BigInt(shift)
    const most = 2n ** (63n - by)
    const target = words as BigInt64Array
    for (let i = 0; i < coarse.length; i++) {
      if (coarse[i] >= most) target[i] = 2n ** 63n - 1n
      else target[i] = coarse[i] < -most ? -(2n ** 63n) : BigInt.asIntN(64, coarse[i] << by)
    }
  } else {
    const bits = 8 * coarse.BYTES_PER_ELEMENT - 1
    const most = 2 ** (bits - shift)
    for (let i = 0; i < coarse.length; i++) {
      if (coarse[i] >= most) words[i] = 2 ** bits - 1
      else words[i] = coarse[i] < -most ? -(2 ** bits) : coarse[i] << shift
    }
  }
  return words
}
