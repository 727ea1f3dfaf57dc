import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Counter, Histogram } from 'prom-client'
import { systemClock } from '../clock/index.ts'
import { may, mayAnything } from './account.ts'
import { authenticate } from './auth/index.ts'
import { S3Error } from './errors.ts'
import { toS3Error } from './failures.ts'
import type { Answer, BucketCall, Call, Operation } from './operations/call.ts'
import { corsFields } from './operations/cors.ts'
import { operationOf } from './routes.ts'
import type { S3Node, S3Service } from './service.ts'
import { parseTarget, type S3Target } from './target.ts'
import { toXml } from './xml.ts'

export interface S3ServerInit {
  /** `host:port`, IPv6 in brackets. Port 0 takes a free one. */
  readonly listen: string
  /** Host names under this one name a bucket: bucket.domain. */
  readonly domain?: string
  /** A connection is closed when nothing has moved on it for this long. @default 120_000 */
  readonly idleTimeoutMs?: number
  /** @default 1024 */
  readonly maxConnections?: number
}

/** S3 over HTTP for one node: start once, stop once. */
export interface S3Server {
  /** @throws Error before `start` has resolved */
  readonly url: string
  start: () => Promise<void>
  /** Breaks off what is under way. Idempotent. */
  stop: () => Promise<void>
}

export interface S3ServerComponents {
  readonly node: S3Node
  readonly service: S3Service
}

/** As S3 itself: 8 KiB of head, 2 KiB of them metadata, and room for signatures in the target. */
const MAX_HEADER_BYTES = 32 * 1024
const HEADERS_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 20_000
/** What a client still sends after its request has failed is read this far, so that it reads the answer. */
const MAX_DRAINED_BYTES = 16 * 2 ** 20
const DRAIN_MS = 5_000

export const createS3Server = ({ node, service }: S3ServerComponents, init: S3ServerInit): S3Server => {
  const { listen, domain, idleTimeoutMs = 120_000, maxConnections = 1024 } = init
  const stopping = new AbortController()
  const metrics = s3Metrics(node)
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1000
  })
  server.timeout = idleTimeoutMs
  server.maxConnections = maxConnections
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void serve({ node, service, domain, request, response, stopping: stopping.signal, metrics })
  }
  server.on('request', onRequest)
  server.on('checkContinue', onRequest)
  server.on('clientError', refuseMalformed)
  return {
    get url() {
      return urlOf(server)
    },
    async start() {
      const colon = listen.lastIndexOf(':')
      const host = listen.slice(0, colon).replace(/^\[|\]$/g, '')
      server.listen({ host, port: Number(listen.slice(colon + 1)), exclusive: true })
      await once(server, 'listening')
    },
    async stop() {
      if (!server.listening) return
      stopping.abort(new S3Error('ServiceUnavailable', 'The node is stopping.'))
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      const grace = setTimeout(() => server.closeAllConnections(), 500)
      await closed
      clearTimeout(grace)
    }
  }
}

interface Serving {
  readonly node: S3Node
  readonly service: S3Service
  readonly domain: string | undefined
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly stopping: AbortSignal
  readonly metrics: S3Metrics
}

const serve = async (serving: Serving): Promise<void> => {
  const { node, request, response, stopping, metrics } = serving
  const gone = new AbortController()
  const startedMs = performance.now()
  const requestId = crypto.randomUUID().replaceAll('-', '').toUpperCase().slice(0, 16)
  let operation: Operation | undefined
  let target: S3Target | undefined
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The client went away.'))
    const labels = { operation: operation?.name ?? 'none', status: response.statusCode }
    metrics.requests.inc(labels)
    metrics.seconds.observe({ operation: labels.operation }, (performance.now() - startedMs) / 1000)
  })
  response.setHeader('x-amz-request-id', requestId)
  response.setHeader('server', 'thhe')
  response.setHeader('x-content-type-options', 'nosniff')
  try {
    const headers = headersOf(request)
    target = parseTarget(request.url ?? '', headers.get('host'), serving.domain)
    if (request.method === 'OPTIONS') {
      await answerPreflight(serving, target, headers)
      return
    }
    const signal = AbortSignal.any([gone.signal, stopping])
    const call = await authenticated(serving, target, headers, signal)
    operation = operationOf(call)
    const answer = await perform(serving, operation, call)
    await allowOrigin(serving, target, headers)
    await send(response, answer, signal)
  } catch (error) {
    const failure = toS3Error(stopping.aborted ? stopping.reason : error)
    if (failure.code === 'InternalError')
      node.logger.error('s3: request failed', { operation: operation?.name, error })
    if (response.headersSent || response.destroyed) response.destroy()
    else sendError(response, failure, { requestId, path: request.url ?? '', target })
  }
}

/** Who asks is known before anything is looked up, and before the body is asked for. */
const authenticated = async (
  { service, request, response }: Serving,
  target: S3Target,
  headers: ReadonlyMap<string, string>,
  signal: AbortSignal
): Promise<Call> => {
  const { method = '', url: rawTarget = '' } = request
  const nowMs = systemClock.nowMs()
  const { key: access, body } = await authenticate(
    { method, rawTarget, headers, body: bodyOf(request, response) },
    { keyOf: async (id) => await service.account.access(id), nowMs }
  )
  if (access === undefined) throw new S3Error('AccessDenied', 'Access Denied')
  return { service, access, method, target, headers, body, nowMs, signal }
}

/**
 * The body as it comes. A client that waits for 100 Continue is asked for it at the first read; leaving the loop over it does
 * not close the connection, so that the answer still gets through.
 */
async function* bodyOf(request: IncomingMessage, response: ServerResponse): AsyncGenerator<Uint8Array> {
  if (request.headers.expect !== undefined && !request.complete) {
    response.writeContinue()
    delete request.headers.expect
  }
  yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
}

const perform = async ({ service }: Serving, operation: Operation, call: Call): Promise<Answer> => {
  const { access, target } = call
  const { on, right, handle } = operation
  if (on === 'service' || on === 'new bucket') return await handle(call as BucketCall)
  if (right !== undefined && !may(access, right, target.bucket)) {
    // Whether there is such a bucket is told to those who may do something with it.
    if (mayAnything(access, target.bucket)) await service.bucket(target.bucket)
    throw new S3Error('AccessDenied', 'Access Denied')
  }
  const bucket = await service.bucket(target.bucket)
  const answer = await handle({ ...call, bucket })
  const { staleMs } = bucket
  if (staleMs === undefined || !READS.includes(call.method)) return answer
  return { ...answer, headers: { ...answer.headers, [STATE_AGE]: Math.ceil(staleMs / 1000) } }
}

/** Whole seconds since what is answered was known to be the newest. It is there only while nobody knows of a newer state. */
const STATE_AGE = 'x-thhe-state-age'
const READS: readonly string[] = ['GET', 'HEAD']

const answerPreflight = async (
  { service, response }: Serving,
  { bucket }: S3Target,
  headers: ReadonlyMap<string, string>
): Promise<void> => {
  const origin = headers.get('origin')
  const method = headers.get('access-control-request-method')
  if (origin === undefined || method === undefined) {
    throw new S3Error('BadRequest', 'Insufficient information. Origin request header needed.')
  }
  const asked = (headers.get('access-control-request-headers') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const rules =
    bucket === '' ? undefined : (await (await service.bucket(bucket)).view()).configuration('cors')
  const fields = corsFields(rules, { origin, method, headers: asked }, true)
  if (fields === undefined) {
    throw new S3Error('AccessForbidden', 'CORSResponse: This CORS request is not allowed.')
  }
  response.writeHead(200, { ...fields, 'content-length': 0 }).end()
}

/** Lets a page of another origin read the answer, where the bucket says so. */
const allowOrigin = async (
  { service, request, response }: Serving,
  { bucket }: S3Target,
  headers: ReadonlyMap<string, string>
): Promise<void> => {
  const origin = headers.get('origin')
  if (origin === undefined || bucket === '') return
  const rules = await service
    .bucket(bucket)
    .then(async (open) => (await open.view()).configuration('cors'))
    .catch(() => undefined)
  const fields = corsFields(rules, { origin, method: request.method ?? '', headers: [] }, false)
  for (const [name, value] of Object.entries(fields ?? {})) response.setHeader(name, value)
}

const send = async (response: ServerResponse, answer: Answer, signal: AbortSignal): Promise<void> => {
  const { status, headers = {}, body } = answer
  const isHead = response.req.method === 'HEAD'
  if (body === undefined || typeof body === 'string') {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const isEmpty = body === undefined && status !== 204 && status !== 304 && !isHead
    response.writeHead(status, { ...(isEmpty && { 'content-length': 0 }), ...length, ...headers })
    if (body !== undefined && !isHead) response.write(body)
    end(response)
    return
  }
  const bytes = body[Symbol.asyncIterator]()
  try {
    // The head goes out with the first bytes, so that an object that cannot be read gets a proper status.
    let next = await bytes.next()
    response.writeHead(status, headers)
    while (next.done !== true) {
      signal.throwIfAborted()
      if (!response.write(next.value)) await once(response, 'drain', { signal })
      next = await bytes.next()
    }
    end(response)
  } finally {
    await bytes.return?.().catch(() => {})
  }
}

const sendError = (
  response: ServerResponse,
  error: S3Error,
  { requestId, path, target }: { requestId: string; path: string; target: S3Target | undefined }
): void => {
  const { code, message, details } = error
  const body = toXml(
    'Error',
    {
      Code: code,
      Message: message,
      ...(target !== undefined && target.bucket !== '' && { BucketName: target.bucket }),
      ...details,
      Resource: path.split('?')[0],
      RequestId: requestId,
      HostId: requestId
    },
    false
  )
  if (error.status === 503) response.setHeader('retry-after', 1)
  response.writeHead(error.status, {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body)
  })
  if (response.req.method !== 'HEAD') response.write(body)
  end(response)
}

/** Ends an answer. The rest of a body is read for a while first: closing the connection on it would take the answer along. */
const end = (response: ServerResponse): void => {
  const { req: request } = response
  if (request.complete || request.destroyed || request.headers.expect !== undefined) {
    response.end()
    return
  }
  let left = MAX_DRAINED_BYTES
  const timer = setTimeout(() => response.end(), DRAIN_MS)
  request.on('data', (part: Uint8Array) => {
    left -= part.byteLength
    if (left < 0) response.end(() => request.destroy())
  })
  request.once('end', () => response.end())
  request.once('close', () => clearTimeout(timer))
  request.resume()
}

/** By lower-case name. Bytes over 127 stay as they came, as Latin-1. */
const headersOf = ({ rawHeaders }: IncomingMessage): Map<string, string> => {
  const headers = new Map<string, string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase()
    const before = headers.get(name)
    headers.set(name, before === undefined ? rawHeaders[i + 1] : `${before},${rawHeaders[i + 1]}`)
  }
  return headers
}

const refuseMalformed = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const body = toXml('Error', { Code: 'BadRequest', Message: `This is not HTTP: ${error.message}.` }, false)
  socket.end(
    'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/xml\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

interface S3Metrics {
  readonly requests: Counter<'operation' | 'status'>
  readonly seconds: Histogram<'operation'>
}

const s3Metrics = ({ metrics }: S3Node): S3Metrics => ({
  requests: new Counter({
    name: 'thhe_s3_requests_total',
    help: 'S3 requests, by operation and status.',
    labelNames: ['operation', 'status'],
    registers: [metrics]
  }),
  seconds: new Histogram({
    name: 'thhe_s3_request_seconds',
    help: 'Seconds from the head of an S3 request to the end of its answer, by operation.',
    labelNames: ['operation'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers: [metrics]
  })
})

const urlOf = (server: Server): string => {
  const address = server.address() as AddressInfo | null
  if (address === null) throw new Error('The S3 server does not listen.')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
