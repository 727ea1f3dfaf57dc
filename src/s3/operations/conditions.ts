// Conditions on an object (RFC 9110, section 13, as S3 applies them).
import { S3Error } from '../errors.ts'
import type { ObjectRecord } from '../records.ts'
import type { Call } from './call.ts'

type Headers = Call['headers']
type State = Pick<ObjectRecord, 'etag' | 'modifiedMs'>

/**
 * Evaluates the conditions of a read.
 *
 * @param prefix - of the fields: '' or 'x-amz-copy-source-'
 * @returns whether the client has the object already, so that 304 is the answer
 * @throws S3Error 'PreconditionFailed'
 */
export const isUnchanged = (headers: Headers, record: State, prefix = ''): boolean => {
  const ifMatch = headers.get(`${prefix}if-match`)
  const ifNoneMatch = headers.get(`${prefix}if-none-match`)
  const modifiedSince = dateOf(headers.get(`${prefix}if-modified-since`))
  const unmodifiedSince = dateOf(headers.get(`${prefix}if-unmodified-since`))
  // Dates in the head have whole seconds.
  const modifiedMs = Math.floor(record.modifiedMs / 1000) * 1000
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, record.etag)) throw failed('If-Match')
  } else if (unmodifiedSince !== undefined && modifiedMs > unmodifiedSince) {
    throw failed('If-Unmodified-Since')
  }
  if (ifNoneMatch !== undefined) return lists(ifNoneMatch, record.etag)
  return modifiedSince !== undefined && modifiedMs <= modifiedSince
}

/**
 * Checks the conditions of a write against what is there now.
 *
 * @throws S3Error 'PreconditionFailed' | 'NoSuchKey' | 'NotImplemented'
 */
export const checkWrite = (headers: Headers, key: string, current: State | undefined): void => {
  const ifNoneMatch = headers.get('if-none-match')
  const ifMatch = headers.get('if-match')
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw new S3Error('NotImplemented', 'Of If-None-Match, writes support the value * only.')
  }
  if (ifNoneMatch !== undefined && current !== undefined) throw failed('If-None-Match')
  if (ifMatch === undefined) return
  if (current === undefined) throw noSuchKey(key)
  if (!lists(ifMatch, current.etag)) throw failed('If-Match')
}

/** Whether a list of tags has this one. Tags without quotes are taken as well, as S3 does. */
const lists = (field: string, etag: string): boolean =>
  field
    .split(',')
    .map((one) => one.trim().replace(/^W\//, '').replaceAll('"', ''))
    .some((one) => one === '*' || one === etag)

const dateOf = (text: string | undefined): number | undefined => {
  const ms = text === undefined ? NaN : Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

const failed = (condition: string): S3Error =>
  new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition
  })

export const noSuchKey = (key: string): S3Error =>
  new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: key })
