import { createHash } from 'node:crypto'
import { S3Error } from '../errors.ts'
import { CHECKSUM_ALGORITHMS, CHECKSUM_BYTES, summerOf, type ChecksumAlgorithm } from './checksum.ts'
import { decodeChunks, type ChunkSigning } from './chunks.ts'

/** The body of a request, checked against all that the client said about it. */
export interface VerifiedBody {
  /** Bytes of the decoded body; undefined if the client did not say. */
  readonly length: number | undefined
  /**
   * The decoded bytes, once. Throws at the end if they are not what the client said: whoever stores them takes them for good
   * only when they have ended.
   */
  readonly bytes: AsyncIterable<Uint8Array>
  /** What they amounted to; known when `bytes` has ended. */
  readonly digests: () => BodyDigests
}

export interface BodyDigests {
  /** hex. */
  readonly md5: string
  /** The one that the client gave, base64. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string }
}

export interface BodyInit {
  readonly headers: ReadonlyMap<string, string>
  readonly source: AsyncIterable<Uint8Array>
  /** How the client says what is in the body: SHA-256 in hex, or one of S3's words for it. */
  readonly payload: string
  /** For chunks that are signed. */
  readonly signing: ChunkSigning | undefined
  /** Whether checksums in the head are of the body; that of a completed upload is of the object. */
  readonly hasOwnChecksum: boolean
}

const CHECKSUM_FIELD = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/

/** How a body is encoded, by the words that stand in place of its hash. */
const STREAMING = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { isSigned: true, hasTrailers: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { isSigned: true, hasTrailers: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { isSigned: false, hasTrailers: true }
} as const

const streamingOf = (payload: string): (typeof STREAMING)[keyof typeof STREAMING] | undefined =>
  Object.hasOwn(STREAMING, payload) ? STREAMING[payload as keyof typeof STREAMING] : undefined

/** @throws S3Error 'InvalidArgument' for something that says nothing about a body */
export const checkPayload = (payload: string): void => {
  if (/^[0-9a-f]{64}$/.test(payload) || payload === 'UNSIGNED-PAYLOAD' || streamingOf(payload) !== undefined)
    return
  throw new S3Error(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, ' +
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    { ArgumentName: 'x-amz-content-sha256', ArgumentValue: payload.slice(0, 100) }
  )
}

/** @throws S3Error for what the head says that cannot be so: 'InvalidDigest' | 'InvalidRequest' | 'MissingContentLength' */
export const verifiedBody = (init: BodyInit): VerifiedBody => {
  const { headers, source, payload, signing } = init
  const streaming = streamingOf(payload)
  const length = lengthOf(headers, streaming !== undefined)
  const md5Given = md5In(headers)
  const given = init.hasOwnChecksum ? checksumIn(headers) : undefined
  let trailers: ReadonlyMap<string, string> = new Map()
  let digests: BodyDigests | undefined
  const decoded =
    streaming === undefined
      ? source
      : decodeChunks(source, {
          signing: streaming.isSigned ? signing : undefined,
          hasTrailers: streaming.hasTrailers,
          onTrailers: (found) => {
            trailers = found
          }
        })
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    const md5 = createHash('md5')
    const sha256 = /^[0-9a-f]{64}$/.test(payload) ? createHash('sha256') : undefined
    const summer = given === undefined ? undefined : summerOf(given.algorithm)
    let taken = 0
    for await (const part of decoded) {
      taken += part.byteLength
      if (length !== undefined && taken > length) throw incomplete()
      md5.update(part)
      sha256?.update(part)
      summer?.update(part)
      yield part
    }
    if (length !== undefined && taken < length) throw incomplete()
    if (sha256 !== undefined && sha256.digest('hex') !== payload) {
      throw new S3Error(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed."
      )
    }
    const hash = md5.digest()
    if (md5Given !== undefined && !hash.equals(md5Given)) {
      throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.')
    }
    digests = {
      md5: hash.toString('hex'),
      ...(given && { checksum: await proven(given, summer!.digest(), trailers) })
    }
  }
  return {
    length,
    bytes: bytes(),
    digests: () => {
      if (digests === undefined) throw new Error('The body has not been read to its end.')
      return digests
    }
  }
}

/** @throws S3Error 'BadDigest' | 'MalformedTrailerError' */
const proven = async (
  { algorithm, value, isTrailer }: GivenChecksum,
  computed: Promise<string>,
  trailers: ReadonlyMap<string, string>
): Promise<NonNullable<BodyDigests['checksum']>> => {
  const expected = isTrailer ? trailers.get(fieldOf(algorithm)) : value
  if (expected === undefined) {
    throw new S3Error(
      'MalformedTrailerError',
      `The trailer ${fieldOf(algorithm)} was announced and did not come.`
    )
  }
  const sum = await computed
  if (sum === expected) return { algorithm, value: sum }
  throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
}

const lengthOf = (headers: ReadonlyMap<string, string>, isStreaming: boolean): number | undefined => {
  const name = isStreaming ? 'x-amz-decoded-content-length' : 'content-length'
  const given = headers.get(name)
  if (given === undefined && !isStreaming) return undefined
  if (given !== undefined && /^\d{1,15}$/.test(given.trim())) return Number(given)
  throw new S3Error(
    'MissingContentLength',
    `You must provide the ${isStreaming ? 'x-amz-decoded-content-length' : 'Content-Length'} HTTP header.`
  )
}

/** @throws S3Error 'InvalidDigest' */
const md5In = (headers: ReadonlyMap<string, string>): Buffer | undefined => {
  const given = headers.get('content-md5')
  if (given === undefined) return undefined
  const bytes = Buffer.from(given.trim(), 'base64')
  if (bytes.byteLength === 16 && bytes.toString('base64') === given.trim()) return bytes
  throw new S3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.')
}

interface GivenChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly value: string
  readonly isTrailer: boolean
}

const fieldOf = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`

/** @throws S3Error 'InvalidRequest' */
const checksumIn = (headers: ReadonlyMap<string, string>): GivenChecksum | undefined => {
  const found = CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
    const value = headers.get(fieldOf(algorithm))
    return value === undefined ? [] : [{ algorithm, value: value.trim(), isTrailer: false }]
  })
  const trailer = headers.get('x-amz-trailer')?.trim().toLowerCase()
  const named = trailer === undefined ? undefined : CHECKSUM_FIELD.exec(trailer)?.[1]
  if (trailer !== undefined && named === undefined) {
    throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported')
  }
  if (named !== undefined) {
    const algorithm = CHECKSUM_ALGORITHMS.find((one) => one.toLowerCase() === named)!
    found.push({ algorithm, value: '', isTrailer: true })
  }
  if (found.length > 1) {
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.'
    )
  }
  const [given] = found
  if (given !== undefined && !given.isTrailer && !isChecksum(given)) {
    throw new S3Error('InvalidRequest', `Value for ${fieldOf(given.algorithm)} header is invalid.`)
  }
  return given
}

const isChecksum = ({ algorithm, value }: GivenChecksum): boolean => {
  const bytes = Buffer.from(value, 'base64')
  return bytes.byteLength === CHECKSUM_BYTES[algorithm] && bytes.toString('base64') === value
}

const incomplete = (): S3Error =>
  new S3Error(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header'
  )
