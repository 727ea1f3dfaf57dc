import { encodeRecord, fields, list, map, text, whole } from '../records.ts'
import { S3Error } from '../errors.ts'
import { malformed, type XmlElement, type XmlReader } from '../xml.ts'
import { invalid, NO_CONTENT, readXml, xml, type Answer, type BucketCall, type Operation } from './call.ts'

interface Rule {
  readonly id?: string
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly headers: readonly string[]
  readonly exposed: readonly string[]
  readonly maxAgeSeconds?: number
}

const MAX_RULES = 100
const METHODS = ['GET', 'PUT', 'HEAD', 'POST', 'DELETE']
const NAME = 'cors'

const decodeRules = (bytes: Uint8Array): Rule[] =>
  list(fields(bytes).rules).map((value) => {
    const { id, origins, methods, headers, exposed, maxAgeSeconds } = map(value)
    return {
      origins: list(origins).map(text),
      methods: list(methods).map(text),
      headers: list(headers).map(text),
      exposed: list(exposed).map(text),
      ...(id !== undefined && { id: text(id) }),
      ...(maxAgeSeconds !== undefined && { maxAgeSeconds: whole(maxAgeSeconds) })
    }
  })

const readRule = (rule: XmlReader): Rule => {
  const texts = (name: string): string[] => rule.all(name).map((one) => one.content())
  const [id, age] = [rule.text('ID'), rule.text('MaxAgeSeconds')]
  const [origins, methods, headers] = [texts('AllowedOrigin'), texts('AllowedMethod'), texts('AllowedHeader')]
  if (origins.length === 0 || methods.length === 0) throw malformed()
  const unknown = methods.find((method) => !METHODS.includes(method))
  if (unknown !== undefined) {
    throw new S3Error(
      'InvalidRequest',
      `Found unsupported HTTP method in CORS config. Unsupported method is ${unknown}`
    )
  }
  for (const pattern of [...origins, ...headers]) {
    if (pattern.split('*').length > 2) {
      throw new S3Error('InvalidRequest', `"${pattern}" can not have more than one wildcard.`)
    }
  }
  if (age !== undefined && !/^\d{1,9}$/.test(age.trim()))
    throw invalid('MaxAgeSeconds', age, 'MaxAgeSeconds is a number.')
  return {
    origins,
    methods,
    headers,
    exposed: texts('ExposeHeader'),
    ...(id !== undefined && { id }),
    ...(age !== undefined && { maxAgeSeconds: Number(age) })
  }
}

const putCors = async (call: BucketCall): Promise<Answer> => {
  const rules = (await readXml(call, 'CORSConfiguration')).all('CORSRule').map(readRule)
  if (rules.length === 0 || rules.length > MAX_RULES) throw malformed()
  await call.bucket.change((_, change) => change.setConfiguration(NAME, encodeRecord({ rules })))
  return { status: 200 }
}

const getCors = async ({ bucket, signal }: BucketCall): Promise<Answer> => {
  const value = (await bucket.view(signal)).configuration(NAME)
  if (value === undefined) {
    throw new S3Error('NoSuchCORSConfiguration', 'The CORS configuration does not exist')
  }
  return xml('CORSConfiguration', {
    CORSRule: decodeRules(value).map((rule): XmlElement => ({
      ID: rule.id,
      AllowedOrigin: rule.origins,
      AllowedMethod: rule.methods,
      AllowedHeader: rule.headers,
      ExposeHeader: rule.exposed,
      MaxAgeSeconds: rule.maxAgeSeconds
    }))
  })
}

const deleteCors = async ({ bucket }: BucketCall): Promise<Answer> => {
  await bucket.change((_, change) => change.setConfiguration(NAME, undefined))
  return NO_CONTENT
}

const matches = (pattern: string, value: string): boolean => {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === value
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return value.length >= before.length + after.length && value.startsWith(before) && value.endsWith(after)
}

/** What a page asks for: its origin, and the method and fields it wants to send. */
export interface CorsRequest {
  readonly origin: string
  readonly method: string
  readonly headers: readonly string[]
}

/** The fields that let a page of another origin read the answer; undefined where no rule does. */
export const corsFields = (
  configuration: Uint8Array | undefined,
  { origin, method, headers }: CorsRequest,
  isPreflight: boolean
): Record<string, string> | undefined => {
  if (configuration === undefined) return undefined
  const rule = decodeRules(configuration).find(
    ({ origins, methods, headers: allowed }) =>
      origins.some((pattern) => matches(pattern, origin)) &&
      methods.includes(method) &&
      headers.every((name) => allowed.some((pattern) => matches(pattern.toLowerCase(), name.toLowerCase())))
  )
  if (rule === undefined) return undefined
  const isForAll = rule.origins.includes('*')
  return {
    'access-control-allow-origin': isForAll ? '*' : origin,
    'access-control-allow-methods': rule.methods.join(', '),
    ...(!isForAll && { 'access-control-allow-credentials': 'true' }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
    ...(headers.length > 0 && { 'access-control-allow-headers': headers.join(', ') }),
    ...(rule.exposed.length > 0 && { 'access-control-expose-headers': rule.exposed.join(', ') }),
    ...(isPreflight &&
      rule.maxAgeSeconds !== undefined && { 'access-control-max-age': String(rule.maxAgeSeconds) })
  }
}

const on = 'bucket'
export const corsOperations: readonly Operation[] = [
  { name: 'PutBucketCors', method: 'PUT', on, query: NAME, right: 'own', handle: putCors },
  { name: 'GetBucketCors', method: 'GET', on, query: NAME, right: 'list', handle: getCors },
  { name: 'DeleteBucketCors', method: 'DELETE', on, query: NAME, right: 'own', handle: deleteCors }
]
