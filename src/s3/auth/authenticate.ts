import { S3Error } from '../errors.ts'
import { parseTarget } from '../target.ts'
import { checkPayload, verifiedBody, type VerifiedBody } from './body.ts'
import { proofOf, timeMs, type Proof } from './credentials.ts'
import { canonicalRequest, isSameSignature, signatureOf, signingKey, type Canonical } from './signature.ts'

export interface SignedRequest {
  readonly method: string
  /** Path and query exactly as they were sent. */
  readonly rawTarget: string
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: AsyncIterable<Uint8Array>
}

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface AuthenticateContext<K> {
  readonly keyOf: (accessKeyId: string) => Promise<K | undefined>
  readonly nowMs: number
}

/** As far as the clocks of a client and this machine may differ. */
const MAX_SKEW_MS = 15 * 60_000

/**
 * Finds out who sent a request (Signature Version 4, in the head or presigned), and what its body has to be.
 *
 * @returns no key for a request without a signature
 * @throws S3Error with the codes of S3
 */
export const authenticate = async <K extends AccessKey>(
  request: SignedRequest,
  { keyOf, nowMs }: AuthenticateContext<K>
): Promise<{ readonly key: K | undefined; readonly body: VerifiedBody }> => {
  const { method, headers, body: source } = request
  const { path, query } = split(request.rawTarget)
  // Refuses what is not properly percent-encoded as well.
  const parameters = parseTarget(request.rawTarget, undefined, undefined).query
  const hasOwnChecksum = !(method === 'POST' && parameters.has('uploadId'))
  const proof = proofOf(headers, parameters)
  if (proof === undefined) {
    const payload = headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
    checkPayload(payload)
    return {
      key: undefined,
      body: verifiedBody({ headers, source, payload, signing: undefined, hasOwnChecksum })
    }
  }
  checkTime(proof, nowMs)
  checkSignedHeaders(proof, headers)
  const payload = payloadOf(proof, headers)
  checkPayload(payload)
  const key = await keyOf(proof.accessKeyId)
  if (key === undefined) {
    throw new S3Error(
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
      {
        AWSAccessKeyId: proof.accessKeyId
      }
    )
  }
  const secret = signingKey(key.secretAccessKey, proof.scope)
  const { signedHeaders, time, scope, signature } = proof
  const canonical: Canonical = { method, path, query, headers, signedHeaders, payloadHash: payload }
  if (!isSameSignature(signature, signatureOf(secret, time, scope, canonical))) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      // To whoever has no key this says nothing that they did not send.
      {
        AWSAccessKeyId: proof.accessKeyId,
        SignatureProvided: signature,
        CanonicalRequest: canonicalRequest(canonical)
      }
    )
  }
  const signing = { key: secret, time, scope, seed: signature }
  return { key, body: verifiedBody({ headers, source, payload, signing, hasOwnChecksum }) }
}

const split = (rawTarget: string): { path: string; query: string } => {
  const at = rawTarget.indexOf('?')
  return at < 0
    ? { path: rawTarget, query: '' }
    : { path: rawTarget.slice(0, at), query: rawTarget.slice(at + 1) }
}

/** @throws S3Error 'AccessDenied' | 'RequestTimeTooSkewed' */
const checkTime = ({ time, expiresSeconds }: Proof, nowMs: number): void => {
  const signedMs = timeMs(time) ?? NaN
  if (expiresSeconds === undefined) {
    if (Math.abs(nowMs - signedMs) <= MAX_SKEW_MS) return
    throw new S3Error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      {
        RequestTime: time,
        ServerTime: new Date(nowMs).toISOString(),
        MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS)
      }
    )
  }
  if (signedMs > nowMs + MAX_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not valid yet')
  if (nowMs > signedMs + expiresSeconds * 1000) {
    throw new S3Error('AccessDenied', 'Request has expired', {
      Expires: new Date(signedMs + expiresSeconds * 1000).toISOString(),
      ServerTime: new Date(nowMs).toISOString()
    })
  }
}

/** What changes the meaning of a request must be signed. @throws S3Error 'AccessDenied' | 'AuthorizationHeaderMalformed' */
const checkSignedHeaders = ({ signedHeaders }: Proof, headers: ReadonlyMap<string, string>): void => {
  const unsigned = [...headers.keys()].filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name)
  )
  if (unsigned.length > 0 || !signedHeaders.includes('host')) {
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', ')
    })
  }
}

/** @throws S3Error 'InvalidRequest' */
const payloadOf = ({ expiresSeconds }: Proof, headers: ReadonlyMap<string, string>): string => {
  const given = headers.get('x-amz-content-sha256')
  if (given !== undefined) return given
  if (expiresSeconds !== undefined) return 'UNSIGNED-PAYLOAD'
  throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
}
