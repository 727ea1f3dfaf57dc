import { S3Error } from '../errors.ts'
import { ALGORITHM, type Scope } from './signature.ts'

/** What a request offers as proof of who asks. */
export interface Proof {
  readonly accessKeyId: string
  readonly scope: Scope
  /** As it was signed: 'YYYYMMDDTHHMMSSZ'. */
  readonly time: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** Seconds for which a presigned request may be used; undefined for one that is signed in its head. */
  readonly expiresSeconds: number | undefined
}

type Headers = ReadonlyMap<string, string>

const MAX_EXPIRES_SECONDS = 604_800
const HEADER = /^AWS4-HMAC-SHA256\s+(.*)$/s

/**
 * The proof in a request; undefined for one without.
 *
 * @throws S3Error 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError' | 'InvalidArgument' | 'InvalidRequest' |
 * 'AccessDenied'
 */
export const proofOf = (headers: Headers, query: ReadonlyMap<string, string>): Proof | undefined => {
  const header = headers.get('authorization')
  const isPresigned =
    query.has('X-Amz-Algorithm') || query.has('X-Amz-Signature') || query.has('X-Amz-Credential')
  if (query.has('AWSAccessKeyId') || /^AWS\s/.test(header ?? '')) {
    throw new S3Error(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.'
    )
  }
  if (header !== undefined && isPresigned) {
    throw new S3Error(
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified'
    )
  }
  if (header !== undefined) return headerProof(header, headers)
  return isPresigned ? queryProof(query) : undefined
}

const headerProof = (header: string, headers: Headers): Proof => {
  const parts = HEADER.exec(header)?.[1]
  if (parts === undefined)
    throw new S3Error('InvalidArgument', 'Unsupported Authorization Type', { ArgumentName: 'Authorization' })
  const fields = new Map(
    parts.split(',').map((part) => {
      const at = part.indexOf('=')
      return [part.slice(0, Math.max(0, at)).trim(), part.slice(at + 1).trim()] as const
    })
  )
  const [credential, signed, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) =>
    fields.get(name)
  )
  if (!credential || !signed || !signature) {
    throw malformedHeader(
      'The authorization header requires three components: Credential, SignedHeaders, and Signature.'
    )
  }
  const { accessKeyId, scope } = credentialOf(credential, malformedHeader)
  const time = timeIn(headers)
  if (!time.startsWith(scope.day)) {
    throw malformedHeader('Invalid credential date. This date is not the same as X-Amz-Date.')
  }
  return { accessKeyId, scope, time, signedHeaders: signed.split(';'), signature, expiresSeconds: undefined }
}

const queryProof = (query: ReadonlyMap<string, string>): Proof => {
  const [algorithm, credential, time, expires, signed, signature] = [
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Date',
    'X-Amz-Expires',
    'X-Amz-SignedHeaders',
    'X-Amz-Signature'
  ].map((name) => query.get(name))
  if (!algorithm || !credential || !time || !expires || !signed || !signature) {
    throw malformedQuery(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.'
    )
  }
  if (algorithm !== ALGORITHM) throw malformedQuery('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  if (timeMs(time) === undefined)
    throw malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
  if (!/^-?\d+$/.test(expires)) throw malformedQuery('X-Amz-Expires should be a number')
  const expiresSeconds = Number(expires)
  if (expiresSeconds < 0) throw malformedQuery('X-Amz-Expires must be non-negative')
  if (expiresSeconds > MAX_EXPIRES_SECONDS) {
    throw malformedQuery(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds'
    )
  }
  const { accessKeyId, scope } = credentialOf(credential, malformedQuery)
  if (!time.startsWith(scope.day))
    throw malformedQuery('Invalid credential date. This date is not the same as X-Amz-Date.')
  return { accessKeyId, scope, time, signedHeaders: signed.split(';'), signature, expiresSeconds }
}

/** KEY/DAY/REGION/s3/aws4_request. Any region is taken: the service has one, whatever it is called. */
const credentialOf = (
  credential: string,
  malformed: (message: string) => S3Error
): { accessKeyId: string; scope: Scope } => {
  const parts = credential.split('/')
  const [day, region, service, end] = parts.slice(-4)
  const accessKeyId = parts.slice(0, -4).join('/')
  if (parts.length < 5 || accessKeyId === '') {
    throw malformed(
      'The Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
    )
  }
  if (!/^\d{8}$/.test(day)) throw malformed('Invalid credential date: it must be of the form yyyyMMdd.')
  if (service !== 's3') throw malformed(`Incorrect service "${service}". This endpoint belongs to "s3".`)
  if (end !== 'aws4_request')
    throw malformed(`Incorrect terminal "${end}". This endpoint uses "aws4_request".`)
  return { accessKeyId, scope: { day, region } }
}

/** @throws S3Error 'AccessDenied' */
const timeIn = (headers: Headers): string => {
  const given = headers.get('x-amz-date')
  if (given !== undefined && timeMs(given) !== undefined) return given
  const date = given === undefined ? Date.parse(headers.get('date') ?? '') : NaN
  if (!Number.isNaN(date)) return new Date(date).toISOString().replace(/[-:]|\.\d{3}/g, '')
  throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
}

/** Milliseconds since the Unix epoch of 'YYYYMMDDTHHMMSSZ'; undefined for other text. */
export const timeMs = (time: string): number | undefined => {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(ms) ? undefined : ms
}

const malformedHeader = (message: string): S3Error => new S3Error('AuthorizationHeaderMalformed', message)
const malformedQuery = (message: string): S3Error => new S3Error('AuthorizationQueryParametersError', message)
