import {
  invalid,
  encoding,
  isoDate,
  numberIn,
  OWNER,
  quoted,
  xml,
  type Answer,
  type BucketCall,
  type Operation
} from './call.ts'
import type { ObjectRecord } from '../records.ts'
import { afterAllOf } from '../names.ts'
import type { BucketView } from '../table.ts'
import type { XmlElement } from '../xml.ts'

const MAX_KEYS = 1000

interface Listed {
  readonly objects: ReadonlyArray<{ readonly key: string; readonly record: () => ObjectRecord }>
  readonly prefixes: readonly string[]
  /** The last key or prefix of the page; undefined when nothing follows it. */
  readonly next: string | undefined
}

interface ListQuery {
  readonly prefix: string
  readonly delimiter: string
  /** List what comes after this key; if it is a common prefix, after all that have it. */
  readonly after: string
  readonly maxKeys: number
}

/**
 * One page of objects and common prefixes, in the order of UTF-8 bytes. Keys that share a common prefix are skipped, not
 * walked through, so that a page costs its own length however many keys lie under a prefix.
 */
export const listPage = (view: Pick<BucketView, 'objects'>, query: ListQuery): Listed => {
  const { prefix, delimiter, maxKeys } = query
  const objects: Array<Listed['objects'][number]> = []
  const prefixes: string[] = []
  let last: string | undefined
  let from = startOf(query)
  while (from !== undefined) {
    let jump: string | undefined
    let hasEnded = true
    for (const entry of view.objects(from)) {
      if (!entry.key.startsWith(prefix)) break
      if (objects.length + prefixes.length === maxKeys)
        return { objects, prefixes, next: maxKeys === 0 ? undefined : last }
      const common = commonPrefix(entry.key, prefix, delimiter)
      if (common === undefined) {
        objects.push(entry)
        last = entry.key
      } else {
        prefixes.push(common)
        last = common
        jump = afterAllOf(common)
        hasEnded = jump === undefined
        break
      }
    }
    from = hasEnded || jump === undefined ? undefined : { atLeast: jump }
  }
  return { objects, prefixes, next: undefined }
}

const startOf = ({
  prefix,
  delimiter,
  after
}: ListQuery): { atLeast?: string; after?: string } | undefined => {
  if (after === '' || compareBytes(after, prefix) < 0) return { atLeast: prefix }
  if (commonPrefix(after, prefix, delimiter) !== after) return { after }
  const next = afterAllOf(after)
  return next === undefined ? undefined : { atLeast: next }
}

/** What `key` has up to and with the first delimiter after the prefix; undefined where there is none. */
const commonPrefix = (key: string, prefix: string, delimiter: string): string | undefined => {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const objectElement = (
  { key, record }: Listed['objects'][number],
  encode: (text: string) => string,
  more: XmlElement = {}
): XmlElement => {
  const { modifiedMs, etag, bytes, checksum } = record()
  return {
    Key: encode(key),
    LastModified: isoDate(modifiedMs),
    ETag: quoted(etag),
    ...(checksum !== undefined && { ChecksumAlgorithm: checksum.algorithm, ChecksumType: checksum.type }),
    Size: bytes,
    StorageClass: 'STANDARD',
    ...more
  }
}

const queryOf = (call: BucketCall, after: string): ListQuery => ({
  prefix: call.target.query.get('prefix') ?? '',
  delimiter: call.target.query.get('delimiter') ?? '',
  after,
  maxKeys: numberIn(call, 'max-keys', { most: MAX_KEYS, otherwise: MAX_KEYS })
})

const prefixElements = (prefixes: readonly string[], encode: (text: string) => string): XmlElement[] =>
  prefixes.map((prefix) => ({ Prefix: encode(prefix) }))

const listObjects = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, signal } = call
  const { type, of: encode } = encoding(call)
  const marker = target.query.get('marker') ?? ''
  const query = queryOf(call, marker)
  const { objects, prefixes, next } = listPage(await bucket.view(signal), query)
  return xml('ListBucketResult', {
    Name: bucket.name,
    Prefix: encode(query.prefix),
    Marker: encode(marker),
    ...(next !== undefined && query.delimiter !== '' && { NextMarker: encode(next) }),
    MaxKeys: query.maxKeys,
    ...(query.delimiter !== '' && { Delimiter: encode(query.delimiter) }),
    EncodingType: type,
    IsTruncated: next !== undefined,
    Contents: objects.map((object) => objectElement(object, encode, { Owner: OWNER })),
    CommonPrefixes: prefixElements(prefixes, encode)
  })
}

const listObjectsV2 = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, signal } = call
  const { type, of: encode } = encoding(call)
  const token = target.query.get('continuation-token')
  const startAfter = target.query.get('start-after')
  const query = queryOf(call, token ? fromToken(token) : (startAfter ?? ''))
  const { objects, prefixes, next } = listPage(await bucket.view(signal), query)
  const owner = target.query.get('fetch-owner') === 'true' ? { Owner: OWNER } : {}
  return xml('ListBucketResult', {
    Name: bucket.name,
    Prefix: encode(query.prefix),
    MaxKeys: query.maxKeys,
    ...(query.delimiter !== '' && { Delimiter: encode(query.delimiter) }),
    EncodingType: type,
    KeyCount: objects.length + prefixes.length,
    IsTruncated: next !== undefined,
    ContinuationToken: token,
    ...(next !== undefined && { NextContinuationToken: toToken(next) }),
    ...(startAfter !== undefined && { StartAfter: encode(startAfter) }),
    Contents: objects.map((object) => objectElement(object, encode, owner)),
    CommonPrefixes: prefixElements(prefixes, encode)
  })
}

/** Every object has one version, 'null', which is the latest. */
const listVersions = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, signal } = call
  const { type, of: encode } = encoding(call)
  const marker = target.query.get('key-marker') ?? ''
  const query = queryOf(call, marker)
  const { objects, prefixes, next } = listPage(await bucket.view(signal), query)
  return xml('ListVersionsResult', {
    Name: bucket.name,
    Prefix: encode(query.prefix),
    KeyMarker: encode(marker),
    VersionIdMarker: target.query.get('version-id-marker') ?? '',
    ...(next !== undefined && { NextKeyMarker: encode(next), NextVersionIdMarker: 'null' }),
    MaxKeys: query.maxKeys,
    ...(query.delimiter !== '' && { Delimiter: encode(query.delimiter) }),
    EncodingType: type,
    IsTruncated: next !== undefined,
    Version: objects.map((object) =>
      objectElement(object, encode, { VersionId: 'null', IsLatest: true, Owner: OWNER })
    ),
    CommonPrefixes: prefixElements(prefixes, encode)
  })
}

const toToken = (key: string): string => Buffer.from(key).toString('base64url')

const fromToken = (token: string): string => {
  if (!/^[\w-]+$/.test(token)) {
    throw invalid('continuation-token', token, 'The continuation token provided is incorrect')
  }
  return Buffer.from(token, 'base64url').toString('utf8')
}

export const listOperations: readonly Operation[] = [
  { name: 'ListObjects', method: 'GET', on: 'bucket', right: 'list', handle: listObjects },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    on: 'bucket',
    query: 'list-type',
    right: 'list',
    handle: listObjectsV2
  },
  {
    name: 'ListObjectVersions',
    method: 'GET',
    on: 'bucket',
    query: 'versions',
    right: 'list',
    handle: listVersions
  }
]
