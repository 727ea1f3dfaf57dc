import type { IncomingMessage } from 'node:http'
import { GatewayError } from './problem.ts'

/**
 * Evaluates If-Match and If-None-Match for a resource that exists (RFC 9110, section 13.2.2). The other preconditions
 * need a date of last change, which objects do not have.
 *
 * @param etag - the strong validator of the resource, in quotes
 * @returns whether the client has the current representation already, so that 304 is the answer
 * @throws GatewayError 'PRECONDITION_FAILED'
 */
export const isNotModified = (
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  etag: string
): boolean => {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  if (ifMatch !== undefined && !lists(ifMatch, etag)) throw failed('If-Match', etag)
  // Weak comparison: the prefix W/ counts for nothing.
  if (ifNoneMatch === undefined || !lists(ifNoneMatch.replaceAll('W/"', '"'), etag)) return false
  if (method === 'GET' || method === 'HEAD') return true
  throw failed('If-None-Match', etag)
}

/** No tag that could match has a comma in it. */
const lists = (field: string, etag: string): boolean =>
  field.split(',').some((one) => ['*', etag].includes(one.trim()))

const failed = (field: string, etag: string): GatewayError =>
  new GatewayError('PRECONDITION_FAILED', `${field} does not hold for ${etag}.`, { etag })
