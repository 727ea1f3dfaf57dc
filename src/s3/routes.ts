import { S3Error } from './errors.ts'
import { attributeOperations } from './operations/attributes.ts'
import { bucketOperations } from './operations/buckets.ts'
import type { Call, Operation } from './operations/call.ts'
import { copyOperations } from './operations/copy.ts'
import { corsOperations } from './operations/cors.ts'
import { deleteOperations } from './operations/delete-many.ts'
import { lifecycleOperations } from './operations/lifecycle.ts'
import { listOperations } from './operations/list.ts'
import { multipartOperations } from './operations/multipart.ts'
import { objectOperations } from './operations/objects.ts'
import { tagOperations } from './operations/tags.ts'

/** Of two that fit a request, the earlier one counts: those that ask for more stand first. */
const OPERATIONS: readonly Operation[] = [
  ...multipartOperations,
  ...copyOperations,
  ...tagOperations,
  ...attributeOperations,
  ...lifecycleOperations,
  ...corsOperations,
  ...deleteOperations,
  ...listOperations.filter(({ query }) => query !== undefined),
  ...bucketOperations,
  ...listOperations.filter(({ query }) => query === undefined),
  ...objectOperations
]

/** Parameters that ask for something else than the plain request. Those that no operation names are refused. */
const SUBRESOURCES = new Set([
  ...OPERATIONS.flatMap(({ query }) => query ?? []),
  'abac',
  'analytics',
  'append',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'metadataConfiguration',
  'metadataTable',
  'metrics',
  'renameObject',
  'restore',
  'retention',
  'select',
  'session',
  'torrent',
  'uploadId'
])

type Asked = Pick<Call, 'method' | 'target' | 'headers'>

/** @throws S3Error 'NotImplemented' | 'MethodNotAllowed' */
export const operationOf = (asked: Asked): Operation => {
  const { method, target } = asked
  const level = target.bucket === '' ? 'service' : target.key === '' ? 'bucket' : 'object'
  const wanted = [...target.query.keys()].filter((name) => SUBRESOURCES.has(name))
  const operation = OPERATIONS.find(
    ({ on, method: its, query, header }) =>
      (on === level || (on === 'new bucket' && level === 'bucket')) &&
      its === method &&
      (query === undefined ? wanted.length === 0 : target.query.has(query)) &&
      (header === undefined || asked.headers.has(header))
  )
  if (operation !== undefined) return operation
  if (wanted.length > 0) {
    throw new S3Error('NotImplemented', `This service does not support ${method} with "${wanted[0]}".`)
  }
  if (method === 'POST')
    throw new S3Error('NotImplemented', 'This service does not support uploads by HTML forms.')
  throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    Method: method,
    ResourceType: level.toUpperCase()
  })
}
