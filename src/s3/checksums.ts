// The checksum of an object from those of its parts (Amazon S3 User Guide, "Checking object integrity").
import { createHash } from 'node:crypto'
import type { ChecksumAlgorithm } from './auth/index.ts'
import type { Checksum, PartOfObject } from './records.ts'

/**
 * Polynomials of the CRCs without their highest term, bit-reversed: CRC-32 (IEEE 802.3), CRC-32C (Castagnoli), CRC-64/NVME (NVM
 * Express NVM Command Set 1.0, section 5.2.1.3.4). All of them begin with ones and end inverted.
 */
const CRCS: Readonly<
  Partial<Record<ChecksumAlgorithm, { readonly bits: number; readonly polynomial: bigint }>>
> = {
  CRC32: { bits: 32, polynomial: 0xedb88320n },
  CRC32C: { bits: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n }
}

/**
 * The checksum of an object made of parts: of the parts' checksums, or, for CRCs, of all bytes.
 *
 * @returns undefined where a part has none
 */
export const combineChecksums = (
  { algorithm, type }: Pick<Checksum, 'algorithm' | 'type'>,
  parts: readonly PartOfObject[]
): Checksum | undefined => {
  const sums = parts.map(({ checksum }) => checksum)
  if (sums.some((sum) => sum === undefined)) return undefined
  const value =
    type === 'COMPOSITE'
      ? composite(algorithm, sums as string[])
      : whole(algorithm, parts as ReadonlyArray<PartOfObject & { checksum: string }>)
  return { algorithm, type, value }
}

const composite = (algorithm: ChecksumAlgorithm, sums: readonly string[]): string => {
  const bytes = Buffer.concat(sums.map((sum) => Buffer.from(sum, 'base64')))
  return `${sumOf(algorithm, bytes).toString('base64')}-${sums.length}`
}

/** Of a few bytes, at once. There is no composite checksum by CRC-64. */
const sumOf = (algorithm: ChecksumAlgorithm, bytes: Uint8Array): Buffer => {
  const { polynomial } = CRCS[algorithm] ?? {}
  if (polynomial === undefined) return createHash(algorithm).update(bytes).digest()
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ Number(polynomial) : crc >>> 1
  }
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(~crc >>> 0)
  return sum
}

const whole = (
  algorithm: ChecksumAlgorithm,
  parts: ReadonlyArray<{ readonly bytes: number; readonly checksum: string }>
): string => {
  const { bits, polynomial } = CRCS[algorithm]!
  const crc = parts
    .map(({ bytes, checksum }) => ({
      bytes,
      crc: BigInt(`0x${Buffer.from(checksum, 'base64').toString('hex')}`)
    }))
    .reduce((a, b) => ({
      bytes: a.bytes + b.bytes,
      crc: joinCrcs(a.crc, b.crc, b.bytes, bits, polynomial)
    })).crc
  return Buffer.from(crc.toString(16).padStart(bits / 4, '0'), 'hex').toString('base64')
}

/**
 * The CRC of two runs of bytes from their CRCs: the first one's is multiplied by x^(8 * length of the second), modulo the
 * polynomial, by squaring (as zlib's crc32_combine does with matrices).
 */
const joinCrcs = (
  first: bigint,
  second: bigint,
  secondBytes: number,
  bits: number,
  polynomial: bigint
): bigint => {
  const one = 1n << BigInt(bits - 1)
  // Bit-reversed: the coefficient of x^0 is the highest bit.
  const multiply = (a: bigint, b: bigint): bigint => {
    let product = 0n
    for (let mask = one; mask > 0n; mask >>= 1n) {
      if ((a & mask) !== 0n) product ^= b
      b = (b & 1n) === 0n ? b >> 1n : (b >> 1n) ^ polynomial
    }
    return product
  }
  let shift = one
  let power = one >> 1n
  for (let exponent = BigInt(secondBytes) * 8n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) shift = multiply(shift, power)
    power = multiply(power, power)
  }
  return multiply(first, shift) ^ second
}
