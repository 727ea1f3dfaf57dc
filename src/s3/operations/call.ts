import type { Access, Right } from '../account.ts'
import type { VerifiedBody } from '../auth/index.ts'
import { S3Error } from '../errors.ts'
import type { OpenBucket } from '../open-bucket.ts'
import type { S3Service } from '../service.ts'
import type { S3Target } from '../target.ts'
import { fromXml, MAX_XML_BYTES, malformed, toXml, type XmlElement, type XmlReader } from '../xml.ts'

/** One authenticated request. */
export interface Call {
  readonly service: S3Service
  readonly access: Access
  readonly method: string
  readonly target: S3Target
  /** By lower-case name; fields of one name are joined with commas. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: VerifiedBody
  readonly nowMs: number
  /** Fires when the client goes away or the gateway stops. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  /** Text is a whole document; bytes are streamed, and `headers` say how many there are. */
  readonly body?: string | AsyncIterable<Uint8Array>
}

/** A call about one bucket. */
export interface BucketCall extends Call {
  readonly bucket: OpenBucket
}

export interface Operation {
  /** As AWS calls it. */
  readonly name: string
  readonly method: string
  /** 'new bucket': one that need not exist; its rights are checked by the handler, as are those of 'service'. */
  readonly on: 'service' | 'new bucket' | 'bucket' | 'object'
  /** The parameter of the query that asks for it; without one, the plain request. */
  readonly query?: string
  /** A field of the head that asks for it. */
  readonly header?: string
  readonly right?: Right
  /** `call.bucket` is there unless `on` says otherwise. */
  readonly handle: (call: BucketCall) => Promise<Answer> | Answer
}

export const xml = (root: string, content: XmlElement, headers: Answer['headers'] = {}): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...headers },
  body: toXml(root, content)
})

/** The one owner of all there is: access keys are its own. */
export const OWNER = { ID: 'thhe', DisplayName: 'thhe' }

export const NO_CONTENT: Answer = { status: 204 }

/** Dates in documents. */
export const isoDate = (ms: number): string => new Date(ms).toISOString()

/** Dates in the head (RFC 9110, section 5.6.7). */
export const httpDate = (ms: number): string => new Date(ms).toUTCString()

export const quoted = (etag: string): string => `"${etag}"`

/** All of a small body. @throws S3Error 'MalformedXML' for one that is longer than any document */
export const readText = async ({ bytes }: VerifiedBody, maxBytes = MAX_XML_BYTES): Promise<string> => {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of bytes) {
    length += part.byteLength
    if (length > maxBytes) throw malformed()
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** The document in a body. @throws S3Error 'MalformedXML' */
export const readXml = async (call: Pick<Call, 'body'>, root: string): Promise<XmlReader> =>
  fromXml(await readText(call.body), root)

/** A number in the query. @throws S3Error 'InvalidArgument' */
export const numberIn = (
  { target }: Pick<Call, 'target'>,
  name: string,
  { least = 0, most, otherwise }: { least?: number; most: number; otherwise: number }
): number => {
  const given = target.query.get(name)
  if (given === undefined || given === '') return otherwise
  const value = Number(given)
  if (/^\d{1,10}$/.test(given) && value >= least && value <= 2 ** 31 - 1) return Math.min(value, most)
  throw invalid(name, given, `${name} must be a whole number from ${least} to 2147483647.`)
}

export const invalid = (name: string, value: string, message: string): S3Error =>
  new S3Error('InvalidArgument', message, { ArgumentName: name, ArgumentValue: value })

/** Whether text is to be percent-encoded in the answer. @throws S3Error 'InvalidArgument' */
export const encoding = ({
  target
}: Pick<Call, 'target'>): { type?: 'url'; of: (text: string) => string } => {
  const type = target.query.get('encoding-type')
  if (type === undefined || type === '') return { of: (text) => text }
  if (type !== 'url') throw invalid('encoding-type', type, 'Invalid Encoding Method specified in Request')
  return {
    type,
    of: (text) =>
      encodeURIComponent(text)
        .replaceAll('%2F', '/')
        .replace(/[!'()]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
  }
}
