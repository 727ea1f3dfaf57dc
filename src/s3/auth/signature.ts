// Signature Version 4 (Amazon S3 API Reference, "Authenticating Requests"). Libraries for it make requests: they choose what is
// signed and put it in order themselves. Here what was sent is checked as it was sent, so the canonical request is written out;
// the tests hold it against the AWS SDK's own signer.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export const ALGORITHM = 'AWS4-HMAC-SHA256'
export const EMPTY_SHA256 = createHash('sha256').digest('hex')

/** Day, region and service that a signature is for. */
export interface Scope {
  /** 'YYYYMMDD'. */
  readonly day: string
  readonly region: string
}

/** What a request says of itself, as it was sent. */
export interface Canonical {
  readonly method: string
  /** Percent-encoded. */
  readonly path: string
  readonly query: string
  readonly headers: ReadonlyMap<string, string>
  readonly signedHeaders: readonly string[]
  readonly payloadHash: string
}

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

export const formatScope = ({ day, region }: Scope): string => `${day}/${region}/s3/aws4_request`

/** The key that signs what is in `scope`. */
export const signingKey = (secretAccessKey: string, { day, region }: Scope): Uint8Array =>
  [day, region, 's3', 'aws4_request'].reduce<Uint8Array>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secretAccessKey}`)
  )

/** The signature of a request, in hex. */
export const signatureOf = (key: Uint8Array, time: string, scope: Scope, canonical: Canonical): string =>
  sign(key, [ALGORITHM, time, formatScope(scope), sha256(canonicalRequest(canonical))])

export const sign = (key: Uint8Array, lines: readonly string[]): string =>
  Buffer.from(hmac(key, lines.join('\n'))).toString('hex')

/** Compares in a time that says nothing about where they differ. */
export const isSameSignature = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.byteLength === y.byteLength && timingSafeEqual(x, y)
}

const hmac = (key: Uint8Array, text: string): Uint8Array => createHmac('sha256', key).update(text).digest()

/** @throws URIError for a path or query that is not percent-encoded */
export const canonicalRequest = (canonical: Canonical): string => {
  const { method, path, query, headers, signedHeaders, payloadHash } = canonical
  return [
    method,
    encodePath(path),
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${(headers.get(name) ?? '').trim().replace(/\s+/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    payloadHash
  ].join('\n')
}

/** Encoded once, whatever the client left as it was: S3 does not normalise paths. */
const encodePath = (path: string): string => path.split('/').map(reencode).join('/')

const canonicalQuery = (query: string): string =>
  query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [name: string, value: string] => {
      const at = pair.indexOf('=')
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
      return [reencode(name.replaceAll('+', ' ')), reencode(value.replaceAll('+', ' '))]
    })
    .filter(([name]) => name !== 'X-Amz-Signature')
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

/** Percent-encodes all but the unreserved characters (RFC 3986, section 2.3). */
const reencode = (text: string): string =>
  encodeURIComponent(decodeURIComponent(text)).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`
  )
