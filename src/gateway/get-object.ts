import { parseLink } from '../seal/index.ts'
import { isNotModified } from './conditions.ts'
import { PROBLEM_FIELD } from './media-types.ts'
import { GatewayError, toProblem } from './problem.ts'
import { contentRange, parseRange } from './range.ts'
import type { ByteRange } from './range.ts'
import { readQuery } from './query.ts'
import { problemField, write } from './respond.ts'
import type { Exchange } from './router.ts'
import type { GatewayNode, ObjectReader } from './types.ts'

export type ObjectId = ReturnType<typeof parseLink>['cid']

/**
 * The object id, or the link, in a path.
 *
 * @throws SealError 'BAD_LINK' | 'WRONG_NETWORK'; GatewayError 'BAD_REQUEST' for a link with its key
 */
export const objectId = (node: GatewayNode, text: string): ObjectId => {
  const { cid, key } = parseLink(node.networkId, text)
  if (key === undefined) return cid
  throw new GatewayError('BAD_REQUEST', 'The link has its key: keys stay with clients.', { parameter: 'cid' })
}

/** The strong validator of an object: the bytes behind an id never change. */
export const etagOf = (cid: ObjectId): string => `"${cid.toString()}"`

/** GET and HEAD /v1/objects/{cid}, with Range and conditions (RFC 9110, sections 13 and 14). */
export const getObject = async (exchange: Exchange): Promise<void> => {
  const { node, request, response, signal } = exchange
  readQuery(exchange.query, {})
  const cid = objectId(node, exchange.cid)
  const etag = etagOf(cid)
  const object = await node.objects.open(cid, { signal })
  const { size, sealed, kind } = object.manifest
  const head = {
    etag,
    'accept-ranges': 'bytes',
    // The bytes behind an id never change.
    'cache-control': 'private, max-age=31536000, immutable',
    'thhe-size': size,
    'thhe-sealed': String(sealed),
    'thhe-kind': kind
  }
  if (isNotModified(request, etag)) {
    response.writeHead(304, head).end()
    return
  }
  const range = rangeOf(exchange, etag, size)
  const { start, end } = range ?? { start: 0, end: size }
  const status = range === undefined ? 200 : 206
  const headers = {
    ...head,
    'content-type': 'application/octet-stream',
    // What peers store must not run as a page of this origin.
    'content-disposition': 'attachment',
    ...(range !== undefined && { 'content-range': contentRange(range, size) })
  }
  if (request.method === 'HEAD') {
    response.writeHead(status, { ...headers, 'content-length': end - start }).end()
    return
  }
  const reader = { cid, bytes: object.read({ range }) }
  await sendBytes(exchange, reader, status, headers, end - start)
}

/** The range to send. If-Range with another validator makes the range void, not the request; so does HEAD. */
const rangeOf = ({ request, response }: Exchange, etag: string, size: number): ByteRange | undefined => {
  const { range, 'if-range': condition } = request.headers
  if (request.method !== 'GET') return undefined
  if (condition !== undefined && condition !== etag) return undefined
  try {
    return parseRange(range, size)
  } catch (error) {
    if (error instanceof GatewayError) response.setHeader('content-range', `bytes */${size}`)
    throw error
  }
}

/**
 * The head goes out with the first bytes, so that an object which cannot be read at all gets a proper status. A
 * failure later on is told in a trailer to who asked for trailers; others see the connection break before
 * Content-Length is reached, never a short answer that looks whole.
 */
const sendBytes = async (
  { node, request, response, signal }: Exchange,
  reader: Pick<ObjectReader, 'cid' | 'bytes'>,
  status: number,
  headers: Record<string, string | number>,
  length: number
): Promise<void> => {
  const trailers = /\btrailers\b/.test(String(request.headers.te ?? ''))
  const framing = trailers ? { trailer: PROBLEM_FIELD } : { 'content-length': length }
  const bytes = reader.bytes[Symbol.asyncIterator]()
  try {
    let next = await bytes.next()
    response.writeHead(status, { ...headers, ...framing })
    while (next.done !== true) {
      await write(response, next.value, signal)
      next = await bytes.next()
    }
    response.end()
  } catch (error) {
    if (!response.headersSent) throw error
    node.logger.warn('get failed', { cid: reader.cid.toString(), error })
    if (!trailers || response.destroyed) {
      response.destroy()
      return
    }
    response.addTrailers({ [PROBLEM_FIELD]: problemField(toProblem(error)) })
    response.end()
  } finally {
    await bytes.return?.().catch(() => {})
  }
}
