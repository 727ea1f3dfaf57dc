import { createHash, randomBytes } from 'node:crypto'
import { combineChecksums } from '../checksums.ts'
import type { ChecksumAlgorithm } from '../auth/index.ts'
import { S3Error } from '../errors.ts'
import { checkKey } from '../names.ts'
import type { Checksum, ObjectRecord, PartOfObject, PartRecord, Piece, UploadRecord } from '../records.ts'
import type { BucketView } from '../table.ts'
import { afterAllOf } from '../names.ts'
import { malformed, type XmlElement } from '../xml.ts'
import {
  encoding,
  invalid,
  isoDate,
  NO_CONTENT,
  numberIn,
  OWNER,
  quoted,
  readXml,
  xml,
  type Answer,
  type BucketCall,
  type Operation
} from './call.ts'
import { checkWrite } from './conditions.ts'
import { sourceOf, storeCopy } from './copy.ts'
import { checksumFields, describe, refuseUnsupported } from './describe.ts'
import { copyRangeOf } from './ranges.ts'
import { storeBody } from './store-body.ts'

const MAX_PARTS = 10_000
const MAX_LISTED = 1000
/** Of every part but the last. */
const MIN_PART_BYTES = 5 * 2 ** 20
const MAX_OBJECT_BYTES = 5 * 2 ** 40
const ALGORITHMS: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']

const create = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, nowMs, signal } = call
  checkKey(target.key)
  refuseUnsupported(call)
  const checksum = wantedChecksum(call)
  const record: UploadRecord = {
    ...describe(call),
    key: target.key,
    initiatedMs: nowMs,
    ...(checksum !== undefined && { checksum })
  }
  const id = randomBytes(24).toString('base64url')
  await bucket.change((_, change) => change.setUpload(id, record), { signal })
  return xml(
    'InitiateMultipartUploadResult',
    { Bucket: bucket.name, Key: target.key, UploadId: id },
    checksum === undefined
      ? {}
      : { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type }
  )
}

/** @throws S3Error 'InvalidRequest' */
const wantedChecksum = ({ headers }: BucketCall): UploadRecord['checksum'] => {
  const given = headers.get('x-amz-checksum-algorithm')?.toUpperCase()
  const type = headers.get('x-amz-checksum-type')?.toUpperCase()
  if (given === undefined) {
    if (type === undefined) return undefined
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.'
    )
  }
  const algorithm = ALGORITHMS.find((one) => one === given)
  if (algorithm === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]'
    )
  }
  const isWhole = algorithm === 'CRC64NVME'
  const chosen = type ?? (isWhole ? 'FULL_OBJECT' : 'COMPOSITE')
  const isPossible =
    chosen === 'COMPOSITE' ? !isWhole : chosen === 'FULL_OBJECT' && algorithm.startsWith('CRC')
  if (isPossible) return { algorithm, type: chosen as Checksum['type'] }
  throw new S3Error(
    'InvalidRequest',
    `The ${chosen} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`
  )
}

/** @throws S3Error 'NoSuchUpload' */
const uploadOf = (view: BucketView, { target }: BucketCall): { id: string; record: UploadRecord } => {
  const id = target.query.get('uploadId') ?? ''
  const record = view.upload(target.key, id)
  if (record !== undefined) return { id, record }
  throw new S3Error(
    'NoSuchUpload',
    'The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: id }
  )
}

/** @throws S3Error 'InvalidArgument' */
const partNumber = ({ target }: BucketCall): number => {
  const given = target.query.get('partNumber') ?? ''
  const number = Number(given)
  if (/^\d{1,5}$/.test(given) && number >= 1 && number <= MAX_PARTS) return number
  throw invalid('partNumber', given, `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`)
}

const putPart = async (call: BucketCall): Promise<Answer> => {
  const number = partNumber(call)
  refuseUnsupported(call)
  const { record: upload } = uploadOf(await call.bucket.view(call.signal), call)
  const stored = await storeBody(call.bucket, call.body, call.signal)
  checkAlgorithm(upload, stored.checksum)
  await setPart(call, number, { ...stored, modifiedMs: call.nowMs })
  return { status: 200, headers: { etag: quoted(stored.etag), ...checksumFields(stored.checksum) } }
}

/** @throws S3Error 'InvalidRequest' for a part whose checksum cannot be combined with the others */
const checkAlgorithm = ({ checksum }: UploadRecord, given: Checksum | undefined): void => {
  if (checksum === undefined || given === undefined || given.algorithm === checksum.algorithm) return
  throw new S3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${checksum.algorithm.toLowerCase()}, ` +
      `actual checksum Type: ${given.algorithm.toLowerCase()}`
  )
}

const copyPart = async (call: BucketCall): Promise<Answer> => {
  const { bucket, headers, nowMs, signal } = call
  const number = partNumber(call)
  uploadOf(await bucket.view(signal), call)
  const source = await sourceOf(call)
  const range = copyRangeOf(headers.get('x-amz-copy-source-range'), source.record.bytes)
  const stored = await storeCopy(bucket, source, range, signal)
  await setPart(call, number, { ...stored, modifiedMs: nowMs })
  return xml('CopyPartResult', { LastModified: isoDate(nowMs), ETag: quoted(stored.etag) })
}

const setPart = async (call: BucketCall, number: number, part: PartRecord): Promise<void> => {
  await call.bucket.change(
    (view, change) => change.setPart(uploadOf(view, call).id, number, part, { isFresh: true }),
    { put: part.pieces, signal: call.signal }
  )
}

interface Named {
  readonly number: number
  readonly etag: string
  readonly checksum: string | undefined
}

const complete = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, headers, nowMs, signal } = call
  const named = await readParts(call)
  const record = await bucket.change(
    (view, change) => {
      const current = view.object(target.key)
      const id = target.query.get('uploadId') ?? ''
      // A client that missed the answer asks again.
      if (current?.upload === id && view.upload(target.key, id) === undefined) return current
      const upload = uploadOf(view, call).record
      checkWrite(headers, target.key, current)
      const { object, parts } = joinedParts(view, id, upload, named)
      checkWhole(headers, object)
      const whole: ObjectRecord = { ...object, modifiedMs: nowMs, parts, upload: id }
      change.setObject(target.key, whole, { isFresh: false })
      change.removeUpload(view, target.key, id)
      return whole
    },
    { signal }
  )
  return xml('CompleteMultipartUploadResult', {
    Location: `/${bucket.name}/${encodeURIComponent(target.key)}`,
    Bucket: bucket.name,
    Key: target.key,
    ETag: quoted(record.etag),
    ...(record.checksum !== undefined && {
      [`Checksum${record.checksum.algorithm}`]: record.checksum.value,
      ChecksumType: record.checksum.type
    })
  })
}

/** @throws S3Error 'MalformedXML' | 'InvalidPartOrder' */
const readParts = async (call: BucketCall): Promise<Named[]> => {
  const document = await readXml(call, 'CompleteMultipartUpload')
  const named = document.all('Part').map((part): Named => {
    const number = Number(part.text('PartNumber') ?? '')
    const etag = part.text('ETag')
    if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS || etag === undefined) throw malformed()
    const checksum = ALGORITHMS.map((algorithm) => part.text(`Checksum${algorithm}`)).find(
      (sum) => sum !== undefined
    )
    return { number, etag: etag.trim().replaceAll('"', ''), checksum }
  })
  if (named.length === 0 || named.length > MAX_PARTS) throw malformed()
  if (named.some(({ number }, index) => index > 0 && number <= named[index - 1].number)) {
    throw new S3Error(
      'InvalidPartOrder',
      'The list of parts was not in ascending order. Parts must be ordered by part number.'
    )
  }
  return named
}

/** @throws S3Error 'InvalidPart' | 'EntityTooSmall' | 'EntityTooLarge' */
const joinedParts = (
  view: BucketView,
  id: string,
  { checksum: wanted, headers, metadata, tags }: UploadRecord,
  named: readonly Named[]
): { object: Omit<ObjectRecord, 'modifiedMs' | 'parts'>; parts: PartOfObject[] } => {
  const md5 = createHash('md5')
  const pieces: Piece[] = []
  const parts: PartOfObject[] = []
  let bytes = 0
  for (const [index, { number, etag, checksum }] of named.entries()) {
    const part = view.part(id, number)
    const isNamed = part?.etag === etag && (checksum === undefined || checksum === part.checksum?.value)
    if (part === undefined || !isNamed) {
      throw new S3Error(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { UploadId: id, PartNumber: String(number), ETag: etag }
      )
    }
    if (index < named.length - 1 && part.bytes < MIN_PART_BYTES) {
      throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        ProposedSize: String(part.bytes),
        MinSizeAllowed: String(MIN_PART_BYTES),
        PartNumber: String(number),
        ETag: etag
      })
    }
    md5.update(Buffer.from(part.etag, 'hex'))
    pieces.push(...part.pieces)
    parts.push({
      number,
      bytes: part.bytes,
      ...(part.checksum !== undefined && { checksum: part.checksum.value })
    })
    bytes += part.bytes
  }
  if (bytes > MAX_OBJECT_BYTES) {
    throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.')
  }
  const checksum = wanted === undefined ? undefined : combineChecksums(wanted, parts)
  return {
    object: {
      headers,
      metadata,
      tags,
      bytes,
      etag: `${md5.digest('hex')}-${named.length}`,
      pieces,
      ...(checksum !== undefined && { checksum })
    },
    parts
  }
}

/** Checks what the client says about the whole. @throws S3Error 'BadDigest' | 'InvalidRequest' */
const checkWhole = (
  headers: BucketCall['headers'],
  { bytes, checksum }: Pick<ObjectRecord, 'bytes' | 'checksum'>
): void => {
  const size = headers.get('x-amz-mp-object-size')
  if (size !== undefined && Number(size) !== bytes) {
    throw new S3Error(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${bytes}.`
    )
  }
  if (checksum === undefined) return
  const given = headers.get(`x-amz-checksum-${checksum.algorithm.toLowerCase()}`)
  // Some clients leave out how many parts there are.
  if (given === undefined || given === checksum.value || given === checksum.value.replace(/-\d+$/, '')) return
  throw new S3Error(
    'BadDigest',
    `The ${checksum.algorithm} you specified did not match the calculated checksum.`
  )
}

const abort = async (call: BucketCall): Promise<Answer> => {
  await call.bucket.change(
    (view, change) => change.removeUpload(view, call.target.key, uploadOf(view, call).id),
    { signal: call.signal }
  )
  return NO_CONTENT
}

const listParts = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, signal } = call
  const view = await bucket.view(signal)
  const { id, record: upload } = uploadOf(view, call)
  const { type, of: encode } = encoding(call)
  const marker = numberIn(call, 'part-number-marker', { most: 2 ** 31 - 1, otherwise: 0 })
  const maxParts = numberIn(call, 'max-parts', { most: MAX_LISTED, otherwise: MAX_LISTED })
  const parts: XmlElement[] = []
  let last = marker
  let isTruncated = false
  for (const { number, record } of view.parts(id, marker)) {
    if (parts.length === maxParts) {
      isTruncated = maxParts > 0
      break
    }
    const { modifiedMs, etag, bytes, checksum } = record()
    parts.push({
      PartNumber: number,
      LastModified: isoDate(modifiedMs),
      ETag: quoted(etag),
      Size: bytes,
      ...(checksum !== undefined && { [`Checksum${checksum.algorithm}`]: checksum.value })
    })
    last = number
  }
  return xml('ListPartsResult', {
    Bucket: bucket.name,
    Key: encode(target.key),
    UploadId: id,
    PartNumberMarker: marker,
    NextPartNumberMarker: last,
    MaxParts: maxParts,
    EncodingType: type,
    IsTruncated: isTruncated,
    Initiator: OWNER,
    Owner: OWNER,
    StorageClass: 'STANDARD',
    ...(upload.checksum !== undefined && {
      ChecksumAlgorithm: upload.checksum.algorithm,
      ChecksumType: upload.checksum.type
    }),
    Part: parts
  })
}

const listUploads = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, signal } = call
  const { type, of: encode } = encoding(call)
  const prefix = target.query.get('prefix') ?? ''
  const delimiter = target.query.get('delimiter') ?? ''
  const keyMarker = target.query.get('key-marker') ?? ''
  const idMarker = target.query.get('upload-id-marker') ?? ''
  const maxUploads = numberIn(call, 'max-uploads', { most: MAX_LISTED, otherwise: MAX_LISTED })
  const uploads: XmlElement[] = []
  const prefixes = new Set<string>()
  let last: { key: string; id: string } | undefined
  let isTruncated = false
  for (const { key, id, record } of (await bucket.view(signal)).uploads(
    startOf(prefix, keyMarker, idMarker)
  )) {
    if (!key.startsWith(prefix)) break
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const common = at < 0 ? undefined : key.slice(0, at + delimiter.length)
    if (common !== undefined && (prefixes.has(common) || common === keyMarker)) continue
    if (uploads.length + prefixes.size === maxUploads) {
      isTruncated = maxUploads > 0
      break
    }
    if (common !== undefined) prefixes.add(common)
    else {
      const { initiatedMs } = record()
      uploads.push({
        Key: encode(key),
        UploadId: id,
        Initiator: OWNER,
        Owner: OWNER,
        StorageClass: 'STANDARD',
        Initiated: isoDate(initiatedMs)
      })
    }
    last = { key: common ?? key, id }
  }
  return xml('ListMultipartUploadsResult', {
    Bucket: bucket.name,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    ...(isTruncated &&
      last !== undefined && { NextKeyMarker: encode(last.key), NextUploadIdMarker: last.id }),
    Prefix: encode(prefix),
    ...(delimiter !== '' && { Delimiter: encode(delimiter) }),
    MaxUploads: maxUploads,
    EncodingType: type,
    IsTruncated: isTruncated,
    Upload: uploads,
    CommonPrefixes: [...prefixes].map((one) => ({ Prefix: encode(one) }))
  })
}

/** Uploads lie in the table as KEY NUL ID. */
const startOf = (
  prefix: string,
  keyMarker: string,
  idMarker: string
): { atLeast?: string; after?: string } => {
  if (keyMarker === '' || Buffer.compare(Buffer.from(keyMarker), Buffer.from(prefix)) < 0)
    return { atLeast: prefix }
  if (idMarker !== '') return { after: `${keyMarker}\0${idMarker}` }
  const next = afterAllOf(`${keyMarker}\0`)
  return next === undefined ? { after: keyMarker } : { atLeast: next }
}

const on = 'object'
const query = 'uploadId'
export const multipartOperations: readonly Operation[] = [
  { name: 'CreateMultipartUpload', method: 'POST', on, query: 'uploads', right: 'write', handle: create },
  {
    name: 'UploadPartCopy',
    method: 'PUT',
    on,
    query,
    header: 'x-amz-copy-source',
    right: 'write',
    handle: copyPart
  },
  { name: 'UploadPart', method: 'PUT', on, query, right: 'write', handle: putPart },
  { name: 'CompleteMultipartUpload', method: 'POST', on, query, right: 'write', handle: complete },
  { name: 'AbortMultipartUpload', method: 'DELETE', on, query, right: 'write', handle: abort },
  { name: 'ListParts', method: 'GET', on, query, right: 'read', handle: listParts },
  {
    name: 'ListMultipartUploads',
    method: 'GET',
    on: 'bucket',
    query: 'uploads',
    right: 'list',
    handle: listUploads
  }
]
