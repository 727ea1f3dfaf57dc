import { may, mayAnything } from '../account.ts'
import { S3Error, type S3ErrorCode } from '../errors.ts'
import { checkBucketName } from '../names.ts'
import { malformed } from '../xml.ts'
import { fromXml } from '../xml.ts'
import {
  isoDate,
  NO_CONTENT,
  numberIn,
  OWNER,
  readText,
  xml,
  type Answer,
  type BucketCall,
  type Call,
  type Operation
} from './call.ts'
import { refuseUnsupported } from './describe.ts'

const MAX_LISTED = 10_000
/** What clients sign with unless they are told otherwise. */
const REGION = 'us-east-1'

/** In the order of their names, some at a time if the client says how many. */
const listBuckets = async (call: Call): Promise<Answer> => {
  const { service, access, target } = call
  const prefix = target.query.get('prefix') ?? ''
  const after = Buffer.from(target.query.get('continuation-token') ?? '', 'base64url').toString('utf8')
  const most = numberIn(call, 'max-buckets', { least: 1, most: MAX_LISTED, otherwise: MAX_LISTED })
  const buckets = (await service.account.buckets()).filter(
    ({ name }) => name.startsWith(prefix) && name > after && mayAnything(access, name)
  )
  const page = buckets.slice(0, most)
  const hasMore = page.length < buckets.length
  return xml('ListAllMyBucketsResult', {
    Owner: OWNER,
    Buckets: {
      Bucket: page.map(({ name, createdMs }) => ({ Name: name, CreationDate: isoDate(createdMs) }))
    },
    ...(prefix !== '' && { Prefix: prefix }),
    ...(hasMore && { ContinuationToken: Buffer.from(page.at(-1)!.name).toString('base64url') })
  })
}

const createBucket = async (call: Call): Promise<Answer> => {
  const { service, access, target, headers } = call
  checkBucketName(target.bucket)
  if (!may(access, 'own', target.bucket)) throw new S3Error('AccessDenied', 'Access Denied')
  refuseUnsupported(call)
  if (headers.get('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true') {
    throw new S3Error('NotImplemented', 'This service does not support object lock.')
  }
  const document = await readText(call.body)
  // There is one region, whatever it is called.
  if (document.trim() !== '') fromXml(document, 'CreateBucketConfiguration')
  await service.createBucket(target.bucket)
  return { status: 200, headers: { location: `/${target.bucket}` } }
}

const headBucket = async ({ bucket, signal }: BucketCall): Promise<Answer> => {
  await bucket.view(signal)
  return { status: 200, headers: { 'x-amz-bucket-region': REGION } }
}

const deleteBucket = async ({ service, bucket, signal }: BucketCall): Promise<Answer> => {
  await service.deleteBucket(bucket, signal)
  return NO_CONTENT
}

const locationOf = async ({ bucket, signal }: BucketCall): Promise<Answer> => {
  await bucket.view(signal)
  // The default region has no name here.
  return xml('LocationConstraint', {})
}

/** What is asked about and never switched on here, with what S3 answers then. */
const FIXED: ReadonlyArray<readonly [name: string, query: string, answer: () => Answer]> = [
  ['GetBucketVersioning', 'versioning', () => xml('VersioningConfiguration', {})],
  ['GetBucketAcl', 'acl', () => acl()],
  [
    'GetBucketRequestPayment',
    'requestPayment',
    () => xml('RequestPaymentConfiguration', { Payer: 'BucketOwner' })
  ],
  ['GetBucketLogging', 'logging', () => xml('BucketLoggingStatus', {})],
  ['GetBucketNotificationConfiguration', 'notification', () => xml('NotificationConfiguration', {})],
  ['GetBucketAccelerateConfiguration', 'accelerate', () => xml('AccelerateConfiguration', {})],
  [
    'GetBucketEncryption',
    'encryption',
    () =>
      xml('ServerSideEncryptionConfiguration', {
        Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false }
      })
  ],
  ['GetBucketPolicyStatus', 'policyStatus', () => xml('PolicyStatus', { IsPublic: 'false' })],
  ['GetBucketPolicy', 'policy', () => fail('NoSuchBucketPolicy', 'The bucket policy does not exist')],
  [
    'GetBucketWebsite',
    'website',
    () => fail('NoSuchWebsiteConfiguration', 'The specified bucket does not have a website configuration')
  ],
  [
    'GetPublicAccessBlock',
    'publicAccessBlock',
    () => fail('NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found')
  ],
  [
    'GetBucketOwnershipControls',
    'ownershipControls',
    () => fail('OwnershipControlsNotFoundError', 'The bucket ownership controls were not found')
  ],
  [
    'GetBucketReplication',
    'replication',
    () => fail('ReplicationConfigurationNotFoundError', 'The replication configuration was not found')
  ],
  [
    'GetObjectLockConfiguration',
    'object-lock',
    () =>
      fail('ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist for this bucket')
  ]
]

const fail = (code: S3ErrorCode, message: string): never => {
  throw new S3Error(code, message)
}

/** Everything is private: whoever owns the service may do everything. */
const acl = (): Answer =>
  xml('AccessControlPolicy', {
    Owner: OWNER,
    AccessControlList: {
      Grant: {
        Grantee: {
          '@xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
          '@xsi:type': 'CanonicalUser',
          ...OWNER
        },
        Permission: 'FULL_CONTROL'
      }
    }
  })

const getObjectAcl = async ({ bucket, target, signal }: BucketCall): Promise<Answer> => {
  const record = (await bucket.view(signal)).object(target.key)
  if (record === undefined)
    throw new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: target.key })
  return acl()
}

/** Only what is so already can be set. */
const putAcl = async (call: BucketCall): Promise<Answer> => {
  const { headers } = call
  refuseUnsupported(call)
  const document = await readText(call.body)
  if (document.trim() !== '') {
    throw new S3Error(
      'NotImplemented',
      'This service does not support lists of grants: everything is private.'
    )
  }
  if (headers.get('x-amz-acl') === undefined) throw malformed()
  return { status: 200 }
}

export const bucketOperations: readonly Operation[] = [
  { name: 'ListBuckets', method: 'GET', on: 'service', handle: listBuckets },
  { name: 'CreateBucket', method: 'PUT', on: 'new bucket', handle: createBucket },
  { name: 'HeadBucket', method: 'HEAD', on: 'bucket', right: 'list', handle: headBucket },
  { name: 'DeleteBucket', method: 'DELETE', on: 'bucket', right: 'own', handle: deleteBucket },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    on: 'bucket',
    query: 'location',
    right: 'list',
    handle: locationOf
  },
  { name: 'PutBucketAcl', method: 'PUT', on: 'bucket', query: 'acl', right: 'own', handle: putAcl },
  { name: 'GetObjectAcl', method: 'GET', on: 'object', query: 'acl', right: 'read', handle: getObjectAcl },
  { name: 'PutObjectAcl', method: 'PUT', on: 'object', query: 'acl', right: 'write', handle: putAcl },
  ...FIXED.map(([name, query, answer]): Operation => ({
    name,
    method: 'GET',
    on: 'bucket',
    query,
    right: 'list',
    handle: async ({ bucket, signal }) => {
      await bucket.view(signal)
      return answer()
    }
  }))
]
