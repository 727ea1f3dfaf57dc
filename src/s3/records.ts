// The values in a bucket's table, as dag-cbor. A record that does not have its form is damage, never an absent object.
import * as dagCbor from '@ipld/dag-cbor'
import { shapeFault } from '../../protocols/cbor-shape.ts'
import type { ChecksumAlgorithm } from './auth/index.ts'
import { S3Error } from './errors.ts'

/** Bytes in the mesh: an object of their own, or a slice of one that small bodies share. */
export interface Piece {
  /** The id of the mesh object, 36 bytes as a binary CID. */
  readonly cid: Uint8Array
  /** 32 bytes; it seals nothing else. */
  readonly key: Uint8Array
  /** Where the sealed bytes begin in the mesh object. */
  readonly start: number
  /** Bytes of the plaintext. */
  readonly bytes: number
  /** The node that put it and holds its lease. */
  readonly by: string
  /** Other bodies may lie in the same mesh object. */
  readonly packed: boolean
}

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  /** base64; of a composite one with '-N' after it. */
  readonly value: string
  readonly type: 'COMPOSITE' | 'FULL_OBJECT'
}

/** What a client says about an object, and gets back with it. */
export interface Description {
  /** Content-Type and the like, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** User metadata, by name without 'x-amz-meta-'. */
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
}

export interface ObjectRecord extends Description {
  readonly bytes: number
  /** MD5 in hex; of an object made of N parts with '-N' after it. */
  readonly etag: string
  readonly modifiedMs: number
  readonly pieces: readonly Piece[]
  readonly checksum?: Checksum
  /** Sizes and checksums of the parts that it was made of, in order; empty for one that was put whole. */
  readonly parts: readonly PartOfObject[]
  /** The upload that made it. */
  readonly upload?: string
}

export interface PartOfObject {
  readonly number: number
  readonly bytes: number
  readonly checksum?: string
}

export interface UploadRecord extends Description {
  readonly key: string
  readonly initiatedMs: number
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: Checksum['type'] }
}

export interface PartRecord {
  readonly bytes: number
  readonly etag: string
  readonly modifiedMs: number
  readonly pieces: readonly Piece[]
  readonly checksum?: Checksum
}

/** A mesh object that no record names any more. */
export interface GarbageRecord {
  readonly by: string
  readonly sinceMs: number
}

/** As much as 10,000 parts need, each with some pieces. */
const SHAPE = { maxItems: 1_000_000, maxDepth: 6 }

/** Records are plain data: what dag-cbor cannot carry, `undefined` in the first place, is left out. */
export const encodeRecord = (record: object): Uint8Array =>
  dagCbor.encode(Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)))

export const decodeObject = (bytes: Uint8Array): ObjectRecord => {
  const { bytes: size, etag, modifiedMs, pieces, checksum, parts, upload, ...rest } = fields(bytes)
  return {
    ...description(rest),
    bytes: whole(size),
    etag: text(etag),
    modifiedMs: whole(modifiedMs),
    pieces: list(pieces).map(piece),
    parts: list(parts).map((part) => {
      const { number, bytes: length, checksum: sum } = map(part)
      return {
        number: whole(number),
        bytes: whole(length),
        ...(sum !== undefined && { checksum: text(sum) })
      }
    }),
    ...(checksum !== undefined && { checksum: checksumOf(checksum) }),
    ...(upload !== undefined && { upload: text(upload) })
  }
}

export const decodeUpload = (bytes: Uint8Array): UploadRecord => {
  const { key, initiatedMs, checksum, ...rest } = fields(bytes)
  const sum = checksum === undefined ? undefined : map(checksum)
  return {
    ...description(rest),
    key: text(key),
    initiatedMs: whole(initiatedMs),
    ...(sum !== undefined && {
      checksum: {
        algorithm: text(sum.algorithm) as ChecksumAlgorithm,
        type: text(sum.type) as Checksum['type']
      }
    })
  }
}

export const decodePart = (bytes: Uint8Array): PartRecord => {
  const { bytes: size, etag, modifiedMs, pieces, checksum } = fields(bytes)
  return {
    bytes: whole(size),
    etag: text(etag),
    modifiedMs: whole(modifiedMs),
    pieces: list(pieces).map(piece),
    ...(checksum !== undefined && { checksum: checksumOf(checksum) })
  }
}

export const decodeGarbage = (bytes: Uint8Array): GarbageRecord => {
  const { by, sinceMs } = fields(bytes)
  return { by: text(by), sinceMs: whole(sinceMs) }
}

type Fields = Readonly<Record<string, unknown>>

/** The fields of a record. @throws S3Error 'InternalError' for bytes that are none */
export const fields = (bytes: Uint8Array): Fields => {
  if (shapeFault(bytes, SHAPE) !== undefined) throw damaged()
  try {
    return map(dagCbor.decode(bytes))
  } catch {
    throw damaged()
  }
}

const damaged = (): S3Error =>
  new S3Error(
    'InternalError',
    'A record of this bucket cannot be read: it is damaged, or of a newer version.'
  )

export const map = (value: unknown): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged()
  return value as Fields
}

export const list = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw damaged()
  return value
}

export const text = (value: unknown): string => {
  if (typeof value !== 'string') throw damaged()
  return value
}

export const whole = (value: unknown): number => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw damaged()
  return value as number
}

export const binary = (value: unknown): Uint8Array => {
  if (!(value instanceof Uint8Array)) throw damaged()
  return value
}

export const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(map(value)).map(([name, one]) => [name, text(one)]))

const description = ({ headers, metadata, tags }: Fields): Description => ({
  headers: texts(headers),
  metadata: texts(metadata),
  tags: texts(tags)
})

const piece = (value: unknown): Piece => {
  const { cid, key, start, bytes, by, packed } = map(value)
  return {
    cid: binary(cid),
    key: binary(key),
    start: whole(start),
    bytes: whole(bytes),
    by: text(by),
    packed: packed === true
  }
}

const checksumOf = (value: unknown): Checksum => {
  const { algorithm, value: sum, type } = map(value)
  return {
    algorithm: text(algorithm) as ChecksumAlgorithm,
    value: text(sum),
    type: text(type) as Checksum['type']
  }
}
