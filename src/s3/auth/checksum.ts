import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc'

export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number]

/** Length of a checksum in bytes. */
export const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32
}

/** A checksum of bytes that come in pieces. */
export interface Summer {
  update: (bytes: Uint8Array) => void
  /** base64; once, at the end. CRCs are big-endian. */
  digest: () => Promise<string>
}

export const summerOf = (algorithm: ChecksumAlgorithm): Summer => {
  if (algorithm === 'CRC32') return crc32Summer()
  if (algorithm === 'SHA1' || algorithm === 'SHA256') {
    const hash = createHash(algorithm)
    return { update: (bytes) => void hash.update(bytes), digest: async () => hash.digest('base64') }
  }
  const crc = algorithm === 'CRC32C' ? new Crc32c() : new Crc64Nvme()
  return {
    update: (bytes) => void crc.update(bytes),
    digest: async () => Buffer.from(await crc.digest()).toString('base64')
  }
}

const crc32Summer = (): Summer => {
  let state = 0
  return {
    update: (bytes) => {
      state = crc32(bytes, state)
    },
    digest: async () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(state)
      return bytes.toString('base64')
    }
  }
}
