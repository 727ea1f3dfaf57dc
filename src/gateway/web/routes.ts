import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../problem.ts'
import { readQuery } from '../query.ts'
import { readSmallBody } from '../small-body.ts'
import { finish, sendJson } from '../respond.ts'
import type { Exchange, Route } from '../router.ts'
import type { WebCodeJson, WebSessionJson } from '../types.ts'
import { cookieName, pageCredentials } from './credentials.ts'
import type { WebFile } from './page.ts'
import { SESSION_LIFE_MS } from './sessions.ts'

/**
 * Nothing but the page's own files runs, is shown or is spoken to. What peers store may be shown from memory (blob:) alone, as
 * pictures, sound, video and documents that the browser draws; a blob is bound by this policy, so that no script in it runs.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  'frame-src blob:',
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8'
}

const MAX_BODY_BYTES = 1024

const index = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  await sendFile(exchange, 'index.html', 'no-cache')
}

/** Names of files carry a digest of their content. */
const asset = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  await sendFile(exchange, exchange.cid, 'public, max-age=31536000, immutable')
}

const sendFile = async (
  { page, request, response }: Exchange,
  name: string,
  cacheControl: string
): Promise<void> => {
  const file = await page.file(name)
  if (file === undefined) throw new GatewayError('NO_ROUTE', `The web page has no file "${name}".`)
  const { encoding, bytes } = encoded(file, request)
  response.writeHead(200, {
    'content-type': TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
    'content-length': bytes.byteLength,
    ...(encoding !== undefined && { 'content-encoding': encoding }),
    // The worker answers what the page shows of sealed files (web/src/worker.ts).
    ...(/^worker-\w+\.js$/.test(name) && { 'service-worker-allowed': '/' }),
    vary: 'accept-encoding',
    'cache-control': cacheControl,
    'content-security-policy': POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer'
  })
  if (request.method !== 'HEAD') response.write(bytes)
  finish(response)
}

const encoded = (
  { bytes, br, gzip }: WebFile,
  { headers }: IncomingMessage
): { encoding?: string; bytes: Uint8Array } => {
  const accepted = String(headers['accept-encoding'] ?? '')
    .split(',')
    .filter((one) => !/;\s*q=0(\.0*)?\s*$/.test(one))
    .map((one) => one.split(';')[0].trim().toLowerCase())
  if (br !== undefined && accepted.includes('br')) return { encoding: 'br', bytes: br }
  if (gzip !== undefined && accepted.includes('gzip')) return { encoding: 'gzip', bytes: gzip }
  return { bytes }
}

/** A one-time code, for whoever has the token. */
const createCode = ({ sessions, query, response }: Exchange): void => {
  readQuery(query, {})
  const body: WebCodeJson = sessions.mintCode()
  response.setHeader('cache-control', 'no-store')
  sendJson(response, 201, body)
}

/** Exchanges a code for a session: a cookie that scripts cannot read, and a secret that only this origin keeps. */
const openSession = async ({ sessions, query, request, response, signal }: Exchange): Promise<void> => {
  readQuery(query, {})
  const { code } = parsed(await readSmallBody(request, MAX_BODY_BYTES, signal))
  if (typeof code !== 'string')
    throw new GatewayError('BAD_REQUEST', 'The body is a JSON object with "code".')
  const session = sessions.open(code)
  if (session === undefined) {
    throw new GatewayError('BAD_CODE', 'The code is not valid: it was used, or is too old.')
  }
  const { cookie, secret, expiresAtMs } = session
  const life = Math.floor(SESSION_LIFE_MS / 1000)
  response.setHeader(
    'set-cookie',
    `${cookieName(request.headers.host)}=${cookie}; Path=/; Max-Age=${life}; HttpOnly; SameSite=Strict`
  )
  response.setHeader('cache-control', 'no-store')
  const body: WebSessionJson = { secret, expiresAtMs }
  sendJson(response, 201, body)
}

const closeSession = ({ sessions, query, request, response }: Exchange): void => {
  readQuery(query, {})
  const credentials = pageCredentials(request)
  if (credentials !== undefined) sessions.close(credentials.cookie, credentials.secret)
  response.setHeader(
    'set-cookie',
    `${cookieName(request.headers.host)}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict`
  )
  sendJson(response, 200, {})
}

const parsed = (text: string): { code?: unknown } => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told by the caller.
  }
  return {}
}

export const webRoutes: readonly Route[] = [
  { methods: ['GET', 'HEAD'], path: '/', needsToken: false, takesBody: false, handle: index },
  { methods: ['GET', 'HEAD'], path: '/web/{file}', needsToken: false, takesBody: false, handle: asset },
  { methods: ['POST'], path: '/v1/web/codes', needsToken: true, takesBody: false, handle: createCode },
  { methods: ['POST'], path: '/v1/web/session', needsToken: false, takesBody: true, handle: openSession },
  { methods: ['DELETE'], path: '/v1/web/session', needsToken: true, takesBody: false, handle: closeSession }
]
