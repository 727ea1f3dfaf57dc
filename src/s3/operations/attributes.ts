import { S3Error } from '../errors.ts'
import { httpDate, numberIn, xml, type Answer, type BucketCall, type Operation } from './call.ts'
import { noSuchKey } from './conditions.ts'
import { checkVersion } from './objects.ts'
import type { ObjectRecord } from '../records.ts'
import type { XmlElement } from '../xml.ts'

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']
const MAX_PARTS = 1000

/** What is known of an object, without its bytes: the client names what it wants. */
const getAttributes = async (call: BucketCall): Promise<Answer> => {
  const { bucket, target, headers, signal } = call
  checkVersion(call)
  const wanted = (headers.get('x-amz-object-attributes') ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  const unknown = wanted.find((one) => !ATTRIBUTES.includes(one))
  if (wanted.length === 0 || unknown !== undefined) {
    throw new S3Error('InvalidArgument', 'Invalid attribute name specified.', {
      ArgumentName: 'x-amz-object-attributes',
      ArgumentValue: unknown ?? ''
    })
  }
  const record = (await bucket.view(signal)).object(target.key)
  if (record === undefined) throw noSuchKey(target.key)
  const { etag, bytes, checksum, parts, modifiedMs } = record
  const has = (name: string): boolean => wanted.includes(name)
  return xml(
    'GetObjectAttributesResponse',
    {
      ...(has('ETag') && { ETag: etag }),
      ...(has('Checksum') &&
        checksum !== undefined && {
          Checksum: { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }
        }),
      ...(has('ObjectParts') && parts.length > 0 && { ObjectParts: partsElement(call, record) }),
      ...(has('StorageClass') && { StorageClass: 'STANDARD' }),
      ...(has('ObjectSize') && { ObjectSize: bytes })
    },
    { 'last-modified': httpDate(modifiedMs) }
  )
}

/** The parts are told if they have checksums; how many there are, always. */
const partsElement = (call: BucketCall, { parts, checksum }: ObjectRecord): XmlElement => {
  const marker = Number(call.headers.get('x-amz-part-number-marker') ?? 0)
  const most = numberIn(
    {
      target: { ...call.target, query: new Map([['max-parts', call.headers.get('x-amz-max-parts') ?? '']]) }
    },
    'max-parts',
    {
      most: MAX_PARTS,
      otherwise: MAX_PARTS
    }
  )
  const rest = parts.filter(({ number }) => number > marker)
  const page = rest.slice(0, most)
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: most,
    IsTruncated: page.length < rest.length,
    Part:
      checksum === undefined
        ? []
        : page.map(({ number, bytes, checksum: sum }) => ({
            PartNumber: number,
            Size: bytes,
            ...(sum !== undefined && { [`Checksum${checksum.algorithm}`]: sum })
          }))
  }
}

export const attributeOperations: readonly Operation[] = [
  {
    name: 'GetObjectAttributes',
    method: 'GET',
    on: 'object',
    query: 'attributes',
    right: 'read',
    handle: getAttributes
  }
]
