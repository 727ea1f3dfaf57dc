import { GatewayError } from './problem.ts'
import { readQuery } from './query.ts'
import { sendJson } from './respond.ts'
import { readSmallBody } from './small-body.ts'
import type { Exchange, Route } from './router.ts'
import type { NewS3KeyJson, S3Control, S3GrantJson, S3KeyJson, S3KeysJson, S3StatusJson } from './types.ts'

const MAX_BODY_BYTES = 65_536
const MAX_NAME_LENGTH = 128
const MAX_GRANTS = 100
const RIGHTS = ['read', 'write', 'list', 'own'] as const

/** @throws GatewayError 'S3_OFF' */
const controlOf = ({ s3 }: Exchange): S3Control => {
  if (s3 !== undefined) return s3
  throw new GatewayError('S3_OFF', 'This node does not serve S3.')
}

/** @throws GatewayError 'S3_NOT_READY' */
const whenReady = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string }
    if (code === 'ServiceUnavailable' || code === 'UNAVAILABLE')
      throw new GatewayError('S3_NOT_READY', message)
    throw error
  }
}

const status = (exchange: Exchange): void => {
  readQuery(exchange.query, {})
  const body: S3StatusJson = controlOf(exchange).status()
  sendJson(exchange.response, 200, body)
}

const list = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  const body: S3KeysJson = { keys: await whenReady(controlOf(exchange).keys()) }
  sendJson(exchange.response, 200, body)
}

const create = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  const control = controlOf(exchange)
  const body: NewS3KeyJson = await whenReady(control.createKey(await readKey(exchange)))
  sendJson(exchange.response, 201, body)
}

const remove = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  const accessKeyId = exchange.cid
  if (!(await whenReady(controlOf(exchange).removeKey(accessKeyId)))) {
    throw new GatewayError('NO_KEY', `There is no access key "${accessKeyId}".`)
  }
  sendJson(exchange.response, 200, { accessKeyId })
}

/** @throws GatewayError 'BAD_REQUEST' for a body that is not a name and grants */
const readKey = async ({ request, signal }: Exchange): Promise<Pick<S3KeyJson, 'name' | 'grants'>> => {
  const { name, grants } = parsed(await readSmallBody(request, MAX_BODY_BYTES, signal))
  if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH) {
    throw bad(`"name" is a text of at most ${MAX_NAME_LENGTH} characters.`)
  }
  if (!Array.isArray(grants) || grants.length === 0 || grants.length > MAX_GRANTS) {
    throw bad(`"grants" is a list of 1 to ${MAX_GRANTS} grants.`)
  }
  return { name, grants: grants.map(readGrant) }
}

const parsed = (text: string): { name?: unknown; grants?: unknown } => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told below.
  }
  throw bad('The body is a JSON object with "name" and "grants".')
}

const readGrant = (value: unknown): S3GrantJson => {
  const { bucket, rights } = (value ?? {}) as { bucket?: unknown; rights?: unknown }
  if (typeof bucket !== 'string' || !/^(\*|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$/.test(bucket)) {
    throw bad('"bucket" is the name of a bucket, or * for all.')
  }
  if (!Array.isArray(rights) || rights.length === 0) throw bad(`"rights" is a list of ${RIGHTS.join(', ')}.`)
  const unknown = rights.find((right) => !RIGHTS.includes(right as (typeof RIGHTS)[number]))
  if (unknown !== undefined) throw bad(`"${String(unknown)}" is not a right: there are ${RIGHTS.join(', ')}.`)
  return { bucket, rights: RIGHTS.filter((right) => rights.includes(right)) }
}

const bad = (message: string): GatewayError => new GatewayError('BAD_REQUEST', message)

const route = (method: string, path: string, handle: Route['handle']): Route => ({
  methods: [method],
  path,
  needsToken: true,
  takesBody: method === 'POST',
  handle
})

export const s3Routes: readonly Route[] = [
  route('GET', '/v1/s3', status),
  route('GET', '/v1/s3/keys', list),
  route('POST', '/v1/s3/keys', create),
  route('DELETE', '/v1/s3/keys/{accessKeyId}', remove)
]
