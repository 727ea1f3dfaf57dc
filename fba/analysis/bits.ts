// Sets of small integers, one bit each: the analysis represents sets of nodes by them.

/** A set of indices below 32 * length. All operands of an operation must have the same length. */
export type Bits = Uint32Array

export function emptyBits(size: number): Bits {
  return new Uint32Array(Math.max(1, (size + 31) >>> 5))
}

export function bitsOf(size: number, indices: Iterable<number>): Bits {
  const bits = emptyBits(size)
  for (const index of indices) addBit(bits, index)
  return bits
}

export function allBits(size: number): Bits {
  const bits = emptyBits(size)
  for (let index = 0; index < size; index++) addBit(bits, index)
  return bits
}

export function hasBit(bits: Bits, index: number): boolean {
  return ((bits[index >>> 5] >>> (index & 31)) & 1) === 1
}

export function addBit(bits: Bits, index: number): void {
  bits[index >>> 5] |= 1 << (index & 31)
}

export function removeBit(bits: Bits, index: number): void {
  bits[index >>> 5] &= ~(1 << (index & 31))
}

export function withBit(bits: Bits, index: number): Bits {
  const result = bits.slice()
  addBit(result, index)
  return result
}

export function withoutBit(bits: Bits, index: number): Bits {
  const result = bits.slice()
  removeBit(result, index)
  return result
}

export function union(a: Bits, b: Bits): Bits {
  const result = a.slice()
  for (let word = 0; word < result.length; word++) result[word] |= b[word]
  return result
}

export function intersection(a: Bits, b: Bits): Bits {
  const result = a.slice()
  for (let word = 0; word < result.length; word++) result[word] &= b[word]
  return result
}

export function difference(a: Bits, b: Bits): Bits {
  const result = a.slice()
  for (let word = 0; word < result.length; word++) result[word] &= ~b[word]
  return result
}

export function isEmpty(bits: Bits): boolean {
  for (let word = 0; word < bits.length; word++) if (bits[word] !== 0) return false
  return true
}

export function isSubset(part: Bits, whole: Bits): boolean {
  for (let word = 0; word < part.length; word++) if ((part[word] & ~whole[word]) !== 0) return false
  return true
}

export function meets(a: Bits, b: Bits): boolean {
  for (let word = 0; word < a.length; word++) if ((a[word] & b[word]) !== 0) return true
  return false
}

export function countBits(bits: Bits): number {
  let count = 0
  for (let word = 0; word < bits.length; word++) count += onesIn(bits[word])
  return count
}

/** Number of indices in both sets. */
export function countCommon(a: Bits, b: Bits): number {
  let count = 0
  for (let word = 0; word < a.length; word++) count += onesIn(a[word] & b[word])
  return count
}

/** Indices in ascending order. */
export function indicesOf(bits: Bits): number[] {
  const indices: number[] = []
  for (let word = 0; word < bits.length; word++) {
    for (let rest = bits[word]; rest !== 0; rest &= rest - 1) {
      indices.push(word * 32 + 31 - Math.clz32(rest & -rest))
    }
  }
  return indices
}

/** Ones in a 32-bit word, summed in parallel (Warren, Hacker's Delight, section 5-1). */
function onesIn(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
