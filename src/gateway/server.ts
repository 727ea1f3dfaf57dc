import { once } from 'node:events'
import { createServer, STATUS_CODES } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Counter } from 'prom-client'
import { objectCareRoutes } from './care-routes.ts'
import { allowOrigin } from './cors.ts'
import { Doctor, doctorRoutes } from './doctor-route.ts'
import { drainRoutes } from './drain-routes.ts'
import { fieldRoutes } from './field-routes.ts'
import { nameRoutes } from './name-routes.ts'
import { eventRoutes } from './event-route.ts'
import { refuseForeignPages, requireToken } from './guard.ts'
import { watchHeads } from './heads.ts'
import { History, historyRoutes } from './history.ts'
import { careRoutes, nodeRoutes } from './node-routes.ts'
import { objectRoutes } from './object-routes.ts'
import { PartPuts } from './part-puts.ts'
import { partRoutes } from './part-routes.ts'
import { s3Routes } from './s3-routes.ts'
import { scrubRoutes } from './scrub-route.ts'
import { GatewayError, statusOf, toProblem } from './problem.ts'
import { finish, problemText, sendProblem } from './respond.ts'
import { matchRoute, methodsAt } from './router.ts'
import type { Exchange, Route } from './router.ts'
import { settingsRoutes } from './settings-route.ts'
import { targetOf } from './target.ts'
import type { Examine, GatewayNode, S3Control } from './types.ts'
import { builtPage } from './web/page.ts'
import type { WebPage } from './web/page.ts'
import { webRoutes } from './web/routes.ts'
import { Sessions } from './web/sessions.ts'

export interface GatewayInit {
  /** `host:port`, IPv6 in brackets. Port 0 takes a free one. @default '127.0.0.1:0' */
  readonly listen?: string
  /** A connection is closed when nothing has moved on it for this long; between two requests, after 5 s at most. @default 120_000 */
  readonly idleTimeoutMs?: number
  /** The head of a request must have come by then. @default 10_000 */
  readonly headersTimeoutMs?: number
  /** Connections at once; more are closed as they come. @default 256 */
  readonly maxConnections?: number
  /** Origins whose pages may ask: 'https://app.example.org'. @default only the node's own */
  readonly origins?: readonly string[]
}

/** HTTP on this machine for one node: start once, stop once. */
export interface Gateway {
  /** 'http://127.0.0.1:4780' and the like. @throws Error before `start` has resolved */
  readonly url: string
  start: () => Promise<void>
  /** Breaks off what is under way; each such request fails with 'ABORTED'. Idempotent. */
  stop: () => Promise<void>
}

const MAX_HEADER_BYTES = 16 * 1024
/** How long a connection may wait for its next request. */
const KEEP_ALIVE_MS = 5_000

export const ROUTES: readonly Route[] = [
  ...nodeRoutes,
  ...historyRoutes,
  ...settingsRoutes,
  ...doctorRoutes,
  ...objectRoutes,
  ...partRoutes,
  ...careRoutes,
  ...scrubRoutes,
  ...objectCareRoutes,
  ...drainRoutes,
  ...nameRoutes,
  ...fieldRoutes,
  ...eventRoutes,
  ...s3Routes,
  ...webRoutes
]

export interface GatewayParts {
  readonly node: GatewayNode
  readonly s3?: S3Control
  /** Looks at the machine. @default none, and `/v1/doctor` says so */
  readonly examine?: Examine
  /** @default the page of this version */
  readonly page?: WebPage
}

export const createGateway = (
  { node, s3, examine, page = builtPage() }: GatewayParts,
  init: GatewayInit = {}
): Gateway => {
  const { listen = '127.0.0.1:0', idleTimeoutMs = 120_000, headersTimeoutMs = 10_000 } = init
  const stopping = new AbortController()
  const requests = requestCounter(node)
  const sessions = new Sessions()
  const history = new History(node)
  const doctor = new Doctor(node, examine)
  const origins = new Set(init.origins)
  const puts = new PartPuts(node, stopping.signal, idleTimeoutMs)
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headersTimeoutMs,
    // A body may take as long as its object is large; a stalled one runs into the idle timeout.
    requestTimeout: 0,
    keepAliveTimeout: Math.min(KEEP_ALIVE_MS, idleTimeoutMs),
    connectionsCheckingInterval: Math.min(1000, headersTimeoutMs)
  })
  server.timeout = idleTimeoutMs
  server.maxConnections = init.maxConnections ?? 256
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const parts = { node, s3, page, sessions, history, doctor, puts, address: urlOf(server), requests }
    void answer({ ...parts, request, response, origins, stopping: stopping.signal })
  }
  server.on('request', onRequest)
  // With `Expect: 100-continue` a client learns of a refusal before it sends the body.
  server.on('checkContinue', onRequest)
  server.on('checkExpectation', refuseExpectation)
  server.on('clientError', refuseMalformed)
  watchHeads(server, refuseMalformed)

  return {
    get url() {
      return urlOf(server)
    },
    async start() {
      const { host, port } = hostAndPort(listen)
      server.listen({ host, port, exclusive: true })
      await once(server, 'listening')
      history.start()
    },
    async stop() {
      if (!server.listening) return
      history.stop()
      stopping.abort(new GatewayStopping())
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      const grace = setTimeout(() => server.closeAllConnections(), 500)
      await closed
      clearTimeout(grace)
    }
  }
}

class GatewayStopping extends Error {
  override readonly name = 'GatewayStopping'
  readonly code = 'ABORTED'
  override readonly message = 'The node is stopping.'
}

interface Answering extends Omit<Exchange, 'query' | 'cid' | 'signal'> {
  readonly stopping: AbortSignal
  readonly origins: ReadonlySet<string>
  readonly requests: Counter<'method' | 'path' | 'status'>
}

const answer = async (answering: Answering): Promise<void> => {
  const { stopping, requests, origins, ...parts } = answering
  const { node, sessions, request, response } = parts
  const gone = new AbortController()
  let path = 'none'
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The client went away.'))
    requests.inc({ method: methodLabel(request.method), path, status: response.statusCode })
  })
  response.setHeader('x-content-type-options', 'nosniff')
  try {
    const target = targetOf(request)
    refuseForeignPages(request, target, origins)
    allowOrigin(request, response, origins, methodsAt(ROUTES, target.segments))
    if (request.method === 'OPTIONS' && sendOptions(response, methodsAt(ROUTES, target.segments))) return
    const { route, cid } = matchRoute(ROUTES, request.method ?? '', target)
    path = route.path
    if (route.needsToken) requireToken(request, node.apiToken, sessions)
    if (!route.takesBody) refuseBody(request)
    if (request.headers.expect !== undefined) {
      response.writeContinue()
      // Fulfilled: from here on the client sends, and `finish` must reckon with it.
      delete request.headers.expect
    }
    const signal = AbortSignal.any([gone.signal, stopping])
    await route.handle({ ...parts, query: target.query, cid, signal })
  } catch (error) {
    fail(node, response, stopping.aborted ? stopping.reason : error)
  }
}

/** Answers OPTIONS (RFC 9110, section 9.3.7) where anything is served. */
const sendOptions = (response: ServerResponse, methods: readonly string[]): boolean => {
  if (methods.length === 0) return false
  response.writeHead(204, { allow: methods.join(', ') })
  finish(response)
  return true
}

const fail = (node: GatewayNode, response: ServerResponse, error: unknown): void => {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const problem = toProblem(error)
  if (problem.code === 'INTERNAL') node.logger.error('request failed', { error })
  if (problem.code === 'METHOD_NOT_ALLOWED')
    response.setHeader('allow', (problem.data.allowed as string[]).join(', '))
  if (problem.code === 'UNAUTHORIZED') response.setHeader('www-authenticate', 'Bearer')
  sendProblem(response, problem)
}

/** What the parser gave up on never becomes a request; it is answered on the bare socket. */
const refuseMalformed = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const problem = toProblem(parserError(error))
  const body = problemText(problem)
  const status = statusOf(problem)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\n` +
      `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

/** Node.js answers any other expectation than 100-continue with an empty 417. */
const refuseExpectation = ({ headers }: IncomingMessage, response: ServerResponse): void => {
  response.setHeader('connection', 'close')
  sendProblem(
    response,
    toProblem(new GatewayError('EXPECTATION_FAILED', `Nothing here can do "${headers.expect}".`))
  )
}

/** An error of the parser, with the bytes that it did not understand. */
type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }

const parserError = ({ code, message, rawPacket }: ParserError): GatewayError => {
  if (code === 'HPE_HEADER_OVERFLOW') return new GatewayError('HEAD_TOO_LARGE', 'The head is too large.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new GatewayError('REQUEST_TIMEOUT', 'The head did not come in time.')
  if (code === 'HPE_INVALID_METHOD' && /^[A-Z]+ \//.test(rawPacket?.toString('latin1') ?? ''))
    return new GatewayError('METHOD_UNKNOWN', 'There is no such HTTP method.')
  return new GatewayError('BAD_REQUEST', `This is not HTTP: ${message}.`)
}

const refuseBody = ({ headers, method }: IncomingMessage): void => {
  const length = headers['content-length']
  if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return
  throw new GatewayError('BODY_NOT_EXPECTED', `${method} takes no body here.`)
}

/** Labels come from a bounded set, whatever clients send. */
const methodLabel = (method: string | undefined): string =>
  ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].includes(method ?? '') ? (method as string) : 'other'

const requestCounter = ({ metrics }: GatewayNode): Counter<'method' | 'path' | 'status'> =>
  new Counter({
    name: 'thhe_http_requests_total',
    help: 'Requests to the local HTTP interface, by method, route and status.',
    labelNames: ['method', 'path', 'status'],
    registers: [metrics]
  })

const hostAndPort = (listen: string): { host: string; port: number } => {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) }
}

const urlOf = (server: Server): string => {
  const address = server.address() as AddressInfo | null
  if (address === null) throw new Error('The gateway does not listen.')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
