import { S3Error } from '../errors.ts'
import type { Description, ObjectRecord } from '../records.ts'
import type { Call } from './call.ts'
import { checkTags } from './tags.ts'

/** Fields of a put's head that come back with the object. */
const KEPT = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires'
]
const METADATA = 'x-amz-meta-'
const MAX_METADATA_BYTES = 2048
const DEFAULT_TYPE = 'binary/octet-stream'

type Head = Pick<Call, 'headers'>

/** What the head of a put says about the object. @throws S3Error 'MetadataTooLarge' | 'InvalidTag' */
export const describe = (call: Head): Description => {
  const headers: Record<string, string> = {}
  for (const name of KEPT) {
    const value = call.headers.get(name)
    if (value !== undefined && value !== '') headers[name] = value
  }
  const coding = withoutChunks(headers['content-encoding'])
  if (coding === undefined) delete headers['content-encoding']
  else headers['content-encoding'] = coding
  headers['content-type'] ??= DEFAULT_TYPE
  return { headers, metadata: metadataOf(call), tags: tagsOf(call) }
}

/** 'aws-chunked' is how the body travels, not what it is. */
const withoutChunks = (coding: string | undefined): string | undefined =>
  coding
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one.toLowerCase() !== 'aws-chunked')
    .join(',') || undefined

const metadataOf = ({ headers }: Head): Record<string, string> => {
  const metadata: Record<string, string> = {}
  let bytes = 0
  for (const [name, value] of headers) {
    if (!name.startsWith(METADATA)) continue
    metadata[name.slice(METADATA.length)] = value
    bytes += name.length - METADATA.length + value.length
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw new S3Error('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size.', {
      Size: String(bytes),
      MaxSizeAllowed: String(MAX_METADATA_BYTES)
    })
  }
  return metadata
}

const tagsOf = ({ headers }: Head): Record<string, string> => {
  const given = headers.get('x-amz-tagging')
  if (given === undefined) return {}
  return checkTags([...new URLSearchParams(given)])
}

/** The fields with which an object is answered. */
export const describedBy = (record: ObjectRecord, isChecksumAsked: boolean): Record<string, string> => ({
  ...record.headers,
  ...Object.fromEntries(Object.entries(record.metadata).map(([name, value]) => [METADATA + name, value])),
  ...(Object.keys(record.tags).length > 0 && {
    'x-amz-tagging-count': String(Object.keys(record.tags).length)
  }),
  ...(isChecksumAsked && checksumFields(record.checksum))
})

export const checksumFields = (checksum: ObjectRecord['checksum']): Record<string, string> =>
  checksum === undefined
    ? {}
    : {
        [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value,
        'x-amz-checksum-type': checksum.type
      }

/**
 * Refuses a put that asks for what is not done here, rather than to store without it.
 *
 * @throws S3Error 'NotImplemented' | 'InvalidStorageClass'
 */
export const refuseUnsupported = ({ headers }: Head): void => {
  const acl = headers.get('x-amz-acl')
  if (acl !== undefined && !['private', 'bucket-owner-full-control'].includes(acl)) {
    throw unsupported(`the canned ACL "${acl}": everything is private`)
  }
  const encryption = headers.get('x-amz-server-side-encryption')
  if (encryption !== undefined && encryption !== 'AES256') {
    throw unsupported(
      `the encryption "${encryption}": objects are sealed with AES-256 under the key of their bucket`
    )
  }
  const storageClass = headers.get('x-amz-storage-class')
  if (storageClass !== undefined && storageClass !== 'STANDARD') {
    throw new S3Error(
      'InvalidStorageClass',
      'The storage class you specified is not valid: there is STANDARD only.'
    )
  }
  for (const name of headers.keys()) {
    if (
      name.startsWith('x-amz-grant-') ||
      name.startsWith('x-amz-object-lock-') ||
      name.startsWith('x-amz-server-side-encryption-customer-') ||
      name.startsWith('x-amz-copy-source-server-side-encryption-customer-') ||
      name === 'x-amz-website-redirect-location' ||
      name === 'x-amz-write-offset-bytes'
    ) {
      throw unsupported(`the field ${name}`)
    }
  }
}

const unsupported = (what: string): S3Error =>
  new S3Error('NotImplemented', `This service does not support ${what}.`)
