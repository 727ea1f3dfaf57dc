// Rules for the names of buckets and objects (Amazon S3 User Guide, "Bucket naming rules" and "Naming objects").
import { isIPv4 } from 'node:net'
import { S3Error } from './errors.ts'

const MAX_KEY_BYTES = 1024
const RESERVED_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-']
const RESERVED_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3']

/** Whether a bucket may have this name: it must work as a label of a host name. */
export const isBucketName = (name: string): boolean =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
  !/\.\.|\.-|-\./.test(name) &&
  !isIPv4(name) &&
  !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
  !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix))

/** @throws S3Error 'InvalidBucketName' */
export const checkBucketName = (name: string): void => {
  if (isBucketName(name)) return
  throw new S3Error('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name })
}

/** @throws S3Error 'KeyTooLongError' | 'InvalidURI' */
export const checkKey = (key: string): void => {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new S3Error('KeyTooLongError', 'Your key is too long.', {
      Size: String(Buffer.byteLength(key)),
      MaxSizeAllowed: String(MAX_KEY_BYTES)
    })
  }
  if (!key.isWellFormed()) throw new S3Error('InvalidURI', 'The key is not valid UTF-8.')
}

/**
 * The first string, in the order of UTF-8 bytes, after all that begin with `prefix`; undefined if there is none. That order is
 * the order of code points.
 */
export const afterAllOf = (prefix: string): string | undefined => {
  const points = [...prefix].map((character) => character.codePointAt(0)!)
  while (points.length > 0) {
    const last = points.pop()!
    if (last === 0x10ffff) continue
    // Surrogates are not characters.
    const next = last + 1 === 0xd800 ? 0xe000 : last + 1
    return String.fromCodePoint(...points, next)
  }
  return undefined
}
