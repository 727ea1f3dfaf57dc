import { S3Error } from '../errors.ts'
import type { XmlElement } from '../xml.ts'
import { malformed } from '../xml.ts'
import { NO_CONTENT, readXml, xml, type Answer, type BucketCall, type Operation } from './call.ts'
import { noSuchKey } from './conditions.ts'
import { encodeRecord, fields, texts } from '../records.ts'

const MAX_OBJECT_TAGS = 10
const MAX_BUCKET_TAGS = 50
const MAX_NAME_LENGTH = 128
const MAX_VALUE_LENGTH = 256

/** @throws S3Error 'InvalidTag' */
export const checkTags = (
  tags: ReadonlyArray<readonly [name: string, value: string]>,
  most = MAX_OBJECT_TAGS
): Record<string, string> => {
  if (tags.length > most) throw new S3Error('InvalidTag', `There can be ${most} tags at most.`)
  for (const [name, value] of tags) {
    if (name === '' || name.length > MAX_NAME_LENGTH || value.length > MAX_VALUE_LENGTH) {
      throw new S3Error(
        'InvalidTag',
        `The name of a tag has 1 to ${MAX_NAME_LENGTH} characters, its value ${MAX_VALUE_LENGTH} at most.`
      )
    }
  }
  if (new Set(tags.map(([name]) => name)).size < tags.length) {
    throw new S3Error('InvalidTag', 'Cannot provide multiple Tags with the same key')
  }
  return Object.fromEntries(tags)
}

const readTags = async (call: BucketCall, most: number): Promise<Record<string, string>> => {
  const set = (await readXml(call, 'Tagging')).one('TagSet')
  if (set === undefined) throw malformed()
  const tags = set.all('Tag').map((tag) => {
    const [name, value] = [tag.text('Key'), tag.text('Value')]
    if (name === undefined || value === undefined) throw malformed()
    return [name, value] as const
  })
  return checkTags(tags, most)
}

const tagSet = (tags: Readonly<Record<string, string>>): XmlElement => ({
  TagSet: { Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }
})

const getObjectTags = async ({ bucket, target, signal }: BucketCall): Promise<Answer> => {
  const record = (await bucket.view(signal)).object(target.key)
  if (record === undefined) throw noSuchKey(target.key)
  return xml('Tagging', tagSet(record.tags))
}

const setObjectTags = async (call: BucketCall, tags: Record<string, string>): Promise<void> => {
  const { bucket, target, signal } = call
  await bucket.change(
    (view, change) => {
      const record = view.object(target.key)
      if (record === undefined) throw noSuchKey(target.key)
      change.describeObject(target.key, { ...record, tags })
    },
    { signal }
  )
}

const putObjectTags = async (call: BucketCall): Promise<Answer> => {
  await setObjectTags(call, await readTags(call, MAX_OBJECT_TAGS))
  return { status: 200 }
}

const deleteObjectTags = async (call: BucketCall): Promise<Answer> => {
  await setObjectTags(call, {})
  return NO_CONTENT
}

const getBucketTags = async ({ bucket, signal }: BucketCall): Promise<Answer> => {
  const value = (await bucket.view(signal)).configuration('tagging')
  if (value === undefined) throw new S3Error('NoSuchTagSet', 'The TagSet does not exist')
  return xml('Tagging', tagSet(texts(fields(value))))
}

const putBucketTags = async (call: BucketCall): Promise<Answer> => {
  const tags = await readTags(call, MAX_BUCKET_TAGS)
  await call.bucket.change((_, change) => change.setConfiguration('tagging', encodeRecord(tags)))
  return NO_CONTENT
}

const deleteBucketTags = async ({ bucket }: BucketCall): Promise<Answer> => {
  await bucket.change((_, change) => change.setConfiguration('tagging', undefined))
  return NO_CONTENT
}

const query = 'tagging'
export const tagOperations: readonly Operation[] = [
  { name: 'GetObjectTagging', method: 'GET', on: 'object', query, right: 'read', handle: getObjectTags },
  { name: 'PutObjectTagging', method: 'PUT', on: 'object', query, right: 'write', handle: putObjectTags },
  {
    name: 'DeleteObjectTagging',
    method: 'DELETE',
    on: 'object',
    query,
    right: 'write',
    handle: deleteObjectTags
  },
  { name: 'GetBucketTagging', method: 'GET', on: 'bucket', query, right: 'list', handle: getBucketTags },
  { name: 'PutBucketTagging', method: 'PUT', on: 'bucket', query, right: 'own', handle: putBucketTags },
  {
    name: 'DeleteBucketTagging',
    method: 'DELETE',
    on: 'bucket',
    query,
    right: 'own',
    handle: deleteBucketTags
  }
]
