// Bodies in chunks (Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in
// Multiple Chunks", with and without trailing headers).
import { S3Error } from '../errors.ts'
import { ByteReader } from './reader.ts'
import { EMPTY_SHA256, formatScope, isSameSignature, sha256, sign, type Scope } from './signature.ts'

/** Proves chunk after chunk, each by the signature of the one before it. */
export interface ChunkSigning {
  readonly key: Uint8Array
  readonly time: string
  readonly scope: Scope
  /** Of the request. */
  readonly seed: string
}

export interface ChunkedInit {
  /** Undefined for chunks that are not signed. */
  readonly signing: ChunkSigning | undefined
  /** Told of the trailing headers, by lower-case name, before the stream ends. */
  readonly onTrailers: (trailers: ReadonlyMap<string, string>) => void
  readonly hasTrailers: boolean
}

/** A signed chunk is held until its signature is checked, so it may not be larger. */
export const MAX_SIGNED_CHUNK_BYTES = 16 * 2 ** 20
const MAX_LINE_BYTES = 1024
const MAX_TRAILERS = 16
const TRAILER_SIGNATURE = 'x-amz-trailer-signature'

/** The bytes in a body in chunks. @throws S3Error 'IncompleteBody' | 'InvalidChunkSizeError' | 'SignatureDoesNotMatch' | 'MalformedTrailerError' */
export async function* decodeChunks(
  source: AsyncIterable<Uint8Array>,
  { signing, onTrailers, hasTrailers }: ChunkedInit
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(source)
  let before = signing?.seed ?? ''
  const prove = (
    kind: 'PAYLOAD' | 'TRAILER',
    signature: string | undefined,
    hashes: readonly string[]
  ): void => {
    if (signing === undefined) return
    const { key, time, scope } = signing
    const expected = sign(key, [`AWS4-HMAC-SHA256-${kind}`, time, formatScope(scope), before, ...hashes])
    if (signature === undefined || !isSameSignature(signature, expected)) throw wrongSignature()
    before = expected
  }
  try {
    for (;;) {
      const { bytes, signature } = chunkHead(await reader.line(MAX_LINE_BYTES, badChunk))
      if (signing === undefined) {
        yield* reader.take(bytes)
      } else {
        if (bytes > MAX_SIGNED_CHUNK_BYTES) throw badChunk()
        const chunk = await all(reader.take(bytes))
        prove('PAYLOAD', signature, [EMPTY_SHA256, sha256(chunk)])
        if (bytes > 0) yield chunk
      }
      if (bytes === 0) break
      if ((await reader.line(MAX_LINE_BYTES, badChunk)) !== '') throw badChunk()
    }
    const trailers = await readTrailers(reader)
    if (hasTrailers) {
      const signature = trailers.get(TRAILER_SIGNATURE)
      trailers.delete(TRAILER_SIGNATURE)
      const canonical = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('')
      prove('TRAILER', signature, [sha256(canonical)])
      onTrailers(trailers)
    }
    await reader.drain()
  } finally {
    await reader.return()
  }
}

/** '400;chunk-signature=…', or '400' alone. */
const chunkHead = (line: string): { bytes: number; signature: string | undefined } => {
  const [size, ...extensions] = line.split(';')
  if (!/^[0-9a-fA-F]{1,12}$/.test(size.trim())) throw badChunk()
  const signature = extensions
    .map((one) => /^\s*chunk-signature=([0-9a-f]{64})\s*$/.exec(one)?.[1])
    .find((one) => one !== undefined)
  return { bytes: Number.parseInt(size, 16), signature }
}

const readTrailers = async (reader: ByteReader): Promise<Map<string, string>> => {
  const trailers = new Map<string, string>()
  for (;;) {
    const line = await reader.line(MAX_LINE_BYTES, badTrailer)
    if (line === '') return trailers
    const at = line.indexOf(':')
    if (at < 1 || trailers.size >= MAX_TRAILERS) throw badTrailer()
    trailers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim())
    // The empty line may be missing after the signature, with which a signed body ends.
    if (trailers.has(TRAILER_SIGNATURE)) return trailers
  }
}

const all = async (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return parts.length === 1 ? parts[0] : Buffer.concat(parts)
}

const wrongSignature = (): S3Error =>
  new S3Error(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.'
  )

const badChunk = (): S3Error =>
  new S3Error(
    'InvalidChunkSizeError',
    'A chunk of the body is not encoded as aws-chunked says, or it is too large.'
  )

const badTrailer = (): S3Error =>
  new S3Error(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.'
  )
