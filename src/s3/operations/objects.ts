import { checkKey } from '../names.ts'
import { S3Error } from '../errors.ts'
import type { ObjectRecord } from '../records.ts'
import {
  httpDate,
  invalid,
  NO_CONTENT,
  quoted,
  type Answer,
  type BucketCall,
  type Operation
} from './call.ts'
import { checkWrite, isUnchanged, noSuchKey } from './conditions.ts'
import { checksumFields, describe, describedBy, refuseUnsupported } from './describe.ts'
import { contentRange, rangeOf, type ByteRange } from './ranges.ts'
import { storeBody } from './store-body.ts'

const putObject = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, headers, nowMs, signal } = call
  checkKey(target.key)
  refuseUnsupported(call)
  const description = describe(call)
  // A refusal that is certain already saves the client the upload.
  checkWrite(headers, target.key, (await bucket.view(signal)).object(target.key))
  const body = await storeBody(bucket, call.body, signal)
  const record: ObjectRecord = { ...description, ...body, modifiedMs: nowMs, parts: [] }
  await bucket.change(
    (view, change) => {
      checkWrite(headers, target.key, view.object(target.key))
      change.setObject(target.key, record, { isFresh: true })
    },
    { put: body.pieces, signal }
  )
  return { status: 200, headers: { etag: quoted(record.etag), ...checksumFields(record.checksum) } }
}

/** Fields of the answer that the query of a get may set. */
const OVERRIDES = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding'
]

const getObject = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, headers, method, signal } = call
  checkVersion(call)
  const record = (await bucket.view(signal)).object(target.key)
  if (record === undefined) throw noSuchKey(target.key)
  const isWhole = headers.get('range') === undefined && target.query.get('partNumber') === undefined
  const isChecksumAsked = isWhole && headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
  const head = {
    etag: quoted(record.etag),
    'last-modified': httpDate(record.modifiedMs),
    'accept-ranges': 'bytes',
    ...describedBy(record, isChecksumAsked),
    ...overridden(call)
  }
  if (isUnchanged(headers, record)) return { status: 304, headers: head }
  const part = partOf(call, record)
  const range = part?.range ?? rangeOf(headers.get('range'), record.bytes)
  const { start, end } = range ?? { start: 0, end: record.bytes }
  const body = method === 'HEAD' ? undefined : bucket.bodies.read(record.pieces, { start, end }, signal)
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...head,
      'content-length': end - start,
      ...(range !== undefined && { 'content-range': contentRange(range, record.bytes) }),
      ...(part !== undefined && record.parts.length > 0 && { 'x-amz-mp-parts-count': record.parts.length })
    },
    ...(body !== undefined && { body })
  }
}

const overridden = ({ target }: BucketCall): Record<string, string> =>
  Object.fromEntries(
    OVERRIDES.flatMap((name) => {
      const value = target.query.get(`response-${name}`)
      return value === undefined || /[\0-\x1f\x7f]/.test(value) ? [] : [[name, value]]
    })
  )

/** The part that the query asks for; an object that was put whole is its own part 1. @throws S3Error 'InvalidPartNumber' */
const partOf = (
  { target }: BucketCall,
  record: ObjectRecord
): { readonly range: ByteRange | undefined } | undefined => {
  const given = target.query.get('partNumber')
  if (given === undefined) return undefined
  const number = Number(given)
  if (!/^\d{1,5}$/.test(given) || number < 1 || number > 10_000) {
    throw invalid('partNumber', given, 'Part number must be an integer between 1 and 10000, inclusive')
  }
  if (record.parts.length === 0 && number === 1) {
    return { range: record.bytes === 0 ? undefined : { start: 0, end: record.bytes } }
  }
  let start = 0
  for (const [index, { bytes }] of record.parts.entries()) {
    // Parts are asked for by their place: an object that is complete has no gaps.
    if (index + 1 === number) return { range: { start, end: start + bytes } }
    start += bytes
  }
  throw new S3Error('InvalidPartNumber', 'The requested partnumber is not satisfiable', {
    PartNumberRequested: given,
    ActualPartCount: String(Math.max(1, record.parts.length))
  })
}

/** There is one version of an object, named 'null'. @throws S3Error 'NoSuchVersion' */
export const checkVersion = ({ target }: Pick<BucketCall, 'target'>): void => {
  const version = target.query.get('versionId')
  if (version === undefined || version === 'null') return
  throw new S3Error('NoSuchVersion', 'The specified version does not exist.', { VersionId: version })
}

const deleteObject = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, headers, signal } = call
  checkVersion(call)
  await bucket.change(
    (view, change) => {
      const record = view.object(target.key)
      const ifMatch = headers.get('if-match')
      if (ifMatch !== undefined) checkWrite(new Map([['if-match', ifMatch]]), target.key, record)
      if (record !== undefined) change.removeObject(target.key)
    },
    { signal }
  )
  return NO_CONTENT
}

export const objectOperations: readonly Operation[] = [
  { name: 'PutObject', method: 'PUT', on: 'object', right: 'write', handle: putObject },
  { name: 'GetObject', method: 'GET', on: 'object', right: 'read', handle: getObject },
  { name: 'HeadObject', method: 'HEAD', on: 'object', right: 'read', handle: getObject },
  { name: 'DeleteObject', method: 'DELETE', on: 'object', right: 'write', handle: deleteObject }
]
