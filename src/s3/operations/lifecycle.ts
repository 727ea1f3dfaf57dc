import { encodeRecord, fields, list, map, text, texts, whole } from '../records.ts'
import { S3Error } from '../errors.ts'
import { malformed, type XmlElement, type XmlReader } from '../xml.ts'
import { NO_CONTENT, readXml, xml, type Answer, type BucketCall, type Operation } from './call.ts'

/** One rule of a bucket's lifecycle. Absent fields restrict nothing, or do nothing. */
export interface Rule {
  readonly id: string
  readonly isEnabled: boolean
  readonly prefix: string
  readonly tags: Readonly<Record<string, string>>
  readonly minBytes?: number
  readonly maxBytes?: number
  /** Objects older than this many days are deleted. */
  readonly expireDays?: number
  /** Objects are deleted from this day on. */
  readonly expireAtMs?: number
  /** What was said about older versions, of which there are none: kept to be told again. */
  readonly olderDays?: number
  /** Uploads that were begun this many days ago are aborted. */
  readonly abortDays?: number
}

const MAX_RULES = 1000
const MAX_ID_LENGTH = 255
const DAY_MS = 86_400_000
const NAME = 'lifecycle'

/** The rules of a bucket, as they are stored. */
export const decodeRules = (bytes: Uint8Array): Rule[] =>
  list(fields(bytes).rules).map((value) => {
    const { id, isEnabled, prefix, tags, ...numbers } = map(value)
    return {
      id: text(id),
      isEnabled: isEnabled === true,
      prefix: text(prefix),
      tags: texts(tags),
      ...Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, whole(number)]))
    }
  })

const putLifecycle = async (call: BucketCall): Promise<Answer> => {
  const document = await readXml(call, 'LifecycleConfiguration')
  const rules = document.all('Rule').map(readRule)
  if (rules.length === 0 || rules.length > MAX_RULES) throw malformed()
  const named = rules.map((rule, index) => ({ ...rule, id: rule.id === '' ? `rule-${index + 1}` : rule.id }))
  if (new Set(named.map(({ id }) => id)).size < named.length) {
    throw new S3Error('InvalidArgument', 'Rule ID must be unique. Found same ID for more than one rule')
  }
  await call.bucket.change((_, change) =>
    change.setConfiguration(NAME, encodeRecord({ rules: named.map(defined) }))
  )
  return { status: 200 }
}

const defined = (rule: Rule): object =>
  Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined))

/** @throws S3Error 'MalformedXML' | 'InvalidArgument' | 'NotImplemented' */
const readRule = (rule: XmlReader): Rule => {
  for (const name of ['Transition', 'NoncurrentVersionTransition']) {
    if (rule.one(name) !== undefined) {
      throw new S3Error(
        'NotImplemented',
        'This service has one storage class: rules cannot move objects to another.'
      )
    }
  }
  const id = rule.text('ID') ?? ''
  if (id.length > MAX_ID_LENGTH)
    throw new S3Error('InvalidArgument', 'ID length should not exceed allowed limit of 255')
  const status = rule.text('Status')
  if (status !== 'Enabled' && status !== 'Disabled') throw malformed()
  const filter = readFilter(rule)
  const expiration = rule.one('Expiration')
  const abort = rule.one('AbortIncompleteMultipartUpload')
  const olderDays = days(rule.one('NoncurrentVersionExpiration')?.text('NoncurrentDays'))
  if (expiration === undefined && abort === undefined && olderDays === undefined) throw malformed()
  const expireDays = days(expiration?.text('Days'))
  const expireAtMs = midnight(expiration?.text('Date'))
  const marker = expiration?.text('ExpiredObjectDeleteMarker')
  if (
    expiration !== undefined &&
    [expireDays, expireAtMs, marker].filter((one) => one !== undefined).length !== 1
  ) {
    throw malformed()
  }
  const abortDays = days(abort?.text('DaysAfterInitiation'))
  if (abort !== undefined && abortDays === undefined) throw malformed()
  if (abort !== undefined && Object.keys(filter.tags).length > 0) {
    throw new S3Error('InvalidRequest', 'AbortIncompleteMultipartUpload cannot be specified with Tags.')
  }
  return { id, isEnabled: status === 'Enabled', ...filter, expireDays, expireAtMs, olderDays, abortDays }
}

const readFilter = (rule: XmlReader): Pick<Rule, 'prefix' | 'tags' | 'minBytes' | 'maxBytes'> => {
  const filter = rule.one('Filter')
  if (filter === undefined) return { prefix: rule.text('Prefix') ?? '', tags: {} }
  const all = filter.one('And') ?? filter
  const tags = all.all('Tag').map((tag) => [tag.text('Key') ?? '', tag.text('Value') ?? ''])
  return {
    prefix: all.text('Prefix') ?? '',
    tags: Object.fromEntries(tags),
    minBytes: size(all.text('ObjectSizeGreaterThan'), 1),
    maxBytes: size(all.text('ObjectSizeLessThan'), -1)
  }
}

const size = (given: string | undefined, step: number): number | undefined => {
  if (given === undefined) return undefined
  if (!/^\d{1,15}$/.test(given.trim())) throw malformed()
  return Math.max(0, Number(given) + step)
}

const days = (given: string | undefined): number | undefined => {
  if (given === undefined) return undefined
  const number = Number(given)
  if (/^\d{1,7}$/.test(given.trim()) && number >= 1) return number
  throw new S3Error('InvalidArgument', "'Days' for an action must be a positive integer")
}

const midnight = (given: string | undefined): number | undefined => {
  if (given === undefined) return undefined
  const ms = Date.parse(given)
  if (Number.isNaN(ms)) throw malformed()
  if (ms % DAY_MS === 0) return ms
  throw new S3Error('InvalidArgument', "'Date' must be at midnight GMT")
}

const ruleElement = (rule: Rule): XmlElement => {
  const tags = Object.entries(rule.tags).map(([Key, Value]) => ({ Key, Value }))
  const filters: XmlElement = {
    ...(rule.prefix !== '' && { Prefix: rule.prefix }),
    ...(tags.length > 0 && { Tag: tags }),
    ...(rule.minBytes !== undefined && { ObjectSizeGreaterThan: rule.minBytes - 1 }),
    ...(rule.maxBytes !== undefined && { ObjectSizeLessThan: rule.maxBytes + 1 })
  }
  const isSeveral = Object.keys(filters).length > 1 || tags.length > 1
  return {
    ID: rule.id,
    Filter: isSeveral ? { And: filters } : Object.keys(filters).length === 0 ? { Prefix: '' } : filters,
    Status: rule.isEnabled ? 'Enabled' : 'Disabled',
    ...(rule.expireDays !== undefined && { Expiration: { Days: rule.expireDays } }),
    ...(rule.expireAtMs !== undefined && { Expiration: { Date: new Date(rule.expireAtMs).toISOString() } }),
    ...(rule.olderDays !== undefined && { NoncurrentVersionExpiration: { NoncurrentDays: rule.olderDays } }),
    ...(rule.abortDays !== undefined && {
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: rule.abortDays }
    })
  }
}

const getLifecycle = async ({ bucket, signal }: BucketCall): Promise<Answer> => {
  const value = (await bucket.view(signal)).configuration(NAME)
  if (value === undefined) {
    throw new S3Error('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist')
  }
  return xml('LifecycleConfiguration', { Rule: decodeRules(value).map(ruleElement) })
}

const deleteLifecycle = async ({ bucket }: BucketCall): Promise<Answer> => {
  await bucket.change((_, change) => change.setConfiguration(NAME, undefined))
  return NO_CONTENT
}

const on = 'bucket'
export const lifecycleOperations: readonly Operation[] = [
  { name: 'PutBucketLifecycle', method: 'PUT', on, query: NAME, right: 'own', handle: putLifecycle },
  { name: 'GetBucketLifecycle', method: 'GET', on, query: NAME, right: 'list', handle: getLifecycle },
  { name: 'DeleteBucketLifecycle', method: 'DELETE', on, query: NAME, right: 'own', handle: deleteLifecycle }
]
