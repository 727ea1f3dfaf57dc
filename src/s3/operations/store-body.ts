import type { VerifiedBody } from '../auth/index.ts'
import { MAX_PACKED_BYTES } from '../bodies.ts'
import { S3Error } from '../errors.ts'
import type { OpenBucket } from '../open-bucket.ts'
import type { Checksum, Piece } from '../records.ts'

/** Largest body of one request. */
export const MAX_BODY_BYTES = 5 * 2 ** 30

export interface StoredBody {
  readonly bytes: number
  readonly etag: string
  readonly pieces: readonly Piece[]
  readonly checksum?: Checksum
}

/**
 * Stores a body in the mesh once it has proved to be what the client says.
 *
 * @throws S3Error; HologramError as a put does
 */
export const storeBody = async (
  bucket: OpenBucket,
  body: VerifiedBody,
  signal: AbortSignal
): Promise<StoredBody> => {
  const { length } = body
  if (length === undefined) {
    throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.')
  }
  if (length > MAX_BODY_BYTES) {
    throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.', {
      ProposedSize: String(length),
      MaxSizeAllowed: String(MAX_BODY_BYTES)
    })
  }
  const pieces = await storePieces(bucket, body.bytes, length, signal)
  const { md5, checksum } = body.digests()
  return {
    bytes: length,
    etag: md5,
    pieces,
    ...(checksum !== undefined && { checksum: { ...checksum, type: 'FULL_OBJECT' as const } })
  }
}

/** Stores `length` bytes. What the source throws is thrown as it is. */
const storePieces = async (
  bucket: OpenBucket,
  source: AsyncIterable<Uint8Array>,
  length: number,
  signal: AbortSignal
): Promise<readonly Piece[]> => {
  if (length <= MAX_PACKED_BYTES) {
    const parts: Uint8Array[] = []
    for await (const part of source) parts.push(Uint8Array.from(part))
    return length === 0 ? [] : [await bucket.bodies.putSmall(Buffer.concat(parts))]
  }
  let fault: unknown
  const watched = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* source
    } catch (error) {
      fault = error
      throw error
    }
  }
  try {
    return [await bucket.bodies.put(watched(), length, signal)]
  } catch (error) {
    throw fault ?? error
  }
}
