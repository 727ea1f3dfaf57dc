import { createHash } from 'node:crypto'
import { may } from '../account.ts'
import { S3Error } from '../errors.ts'
import { checkKey } from '../names.ts'
import type { OpenBucket } from '../open-bucket.ts'
import type { ObjectRecord } from '../records.ts'
import { parseTarget } from '../target.ts'
import { isoDate, quoted, xml, type Answer, type BucketCall, type Operation } from './call.ts'
import { checkWrite, isUnchanged, noSuchKey } from './conditions.ts'
import { describe, refuseUnsupported } from './describe.ts'
import type { ByteRange } from './ranges.ts'
import { storeBody, type StoredBody } from './store-body.ts'

const SOURCE = 'x-amz-copy-source'

export interface Source {
  readonly bucket: OpenBucket
  readonly key: string
  readonly record: ObjectRecord
}

/**
 * The object that a copy is made of.
 *
 * @throws S3Error 'InvalidArgument' | 'AccessDenied' | 'NoSuchBucket' | 'NoSuchKey' | 'NoSuchVersion' | 'PreconditionFailed'
 */
export const sourceOf = async (call: BucketCall): Promise<Source> => {
  const { service, access, headers, signal } = call
  const given = headers.get(SOURCE) ?? ''
  const target = parseTarget(given.startsWith('/') ? given : `/${given}`, undefined, undefined)
  const { bucket: name, key, query } = target
  if (name === '' || key === '') {
    throw new S3Error(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      {
        ArgumentName: SOURCE,
        ArgumentValue: given
      }
    )
  }
  const version = query.get('versionId')
  if (version !== undefined && version !== 'null') {
    throw new S3Error('NoSuchVersion', 'The specified version does not exist.', { VersionId: version })
  }
  if (!may(access, 'read', name)) throw new S3Error('AccessDenied', 'Access Denied')
  const bucket = await service.bucket(name)
  const record = (await bucket.view(signal)).object(key)
  if (record === undefined) throw noSuchKey(key)
  if (isUnchanged(headers, record, `${SOURCE}-`)) {
    throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      Condition: `${SOURCE}-If-None-Match`
    })
  }
  return { bucket, key, record }
}

/** Reads a range of an object and stores it anew, under the bucket's own keys. */
export const storeCopy = async (
  to: OpenBucket,
  { bucket, record }: Source,
  range: ByteRange,
  signal: AbortSignal
): Promise<StoredBody> => {
  const md5 = createHash('md5')
  const source = bucket.bodies.read(record.pieces, range, signal)
  const hashed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const part of source) {
      md5.update(part)
      yield part
    }
  }
  const body = {
    length: range.end - range.start,
    bytes: hashed(),
    digests: () => ({ md5: md5.digest('hex') })
  }
  return await storeBody(to, body, signal)
}

const copyObject = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, headers, nowMs, signal } = call
  checkKey(target.key)
  refuseUnsupported(call)
  const source = await sourceOf(call)
  const description = copiedDescription(call, source)
  const isSameBucket = source.bucket === bucket
  // In one bucket both records name the same bytes; another bucket has keys of its own.
  const stored = isSameBucket
    ? undefined
    : await storeCopy(bucket, source, { start: 0, end: source.record.bytes }, signal)
  const record = await bucket.change(
    (view, change) => {
      checkWrite(headers, target.key, view.object(target.key))
      const now = isSameBucket ? view.object(source.key) : source.record
      if (now === undefined) throw noSuchKey(source.key)
      const { checksum, parts } = now
      const body = stored ?? { bytes: now.bytes, etag: now.etag, pieces: now.pieces, parts }
      const copy: ObjectRecord = {
        parts: [],
        ...description,
        ...body,
        modifiedMs: nowMs,
        ...(checksum !== undefined && (isSameBucket || checksum.type === 'FULL_OBJECT') && { checksum })
      }
      change.setObject(target.key, copy, { isFresh: !isSameBucket })
      return copy
    },
    { put: stored?.pieces, signal }
  )
  return xml('CopyObjectResult', {
    LastModified: isoDate(record.modifiedMs),
    ETag: quoted(record.etag),
    ...(record.checksum !== undefined && { [`Checksum${record.checksum.algorithm}`]: record.checksum.value })
  })
}

/** @throws S3Error 'InvalidArgument' | 'InvalidRequest' */
const copiedDescription = (
  call: BucketCall,
  { bucket, key, record }: Source
): Pick<ObjectRecord, 'headers' | 'metadata' | 'tags'> => {
  const directive = directiveOf(call, 'x-amz-metadata-directive')
  const tagging = directiveOf(call, 'x-amz-tagging-directive')
  if (bucket === call.bucket && key === call.target.key && directive === 'COPY' && tagging === 'COPY') {
    throw new S3Error(
      'InvalidRequest',
      'This copy request is illegal because it is trying to copy an object to itself without changing the object’s ' +
        'metadata, storage class, website redirect location or encryption attributes.'
    )
  }
  const given = describe(call)
  const kept = directive === 'COPY' ? record : given
  return {
    headers: kept.headers,
    metadata: kept.metadata,
    tags: tagging === 'COPY' ? record.tags : given.tags
  }
}

const directiveOf = ({ headers }: BucketCall, name: string): 'COPY' | 'REPLACE' => {
  const given = headers.get(name) ?? 'COPY'
  if (given === 'COPY' || given === 'REPLACE') return given
  throw new S3Error('InvalidArgument', `Unknown ${name.slice('x-amz-'.length)}.`, {
    ArgumentName: name,
    ArgumentValue: given
  })
}

export const copyOperations: readonly Operation[] = [
  { name: 'CopyObject', method: 'PUT', on: 'object', header: SOURCE, right: 'write', handle: copyObject }
]
