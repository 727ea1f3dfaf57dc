import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { GatewayError } from './problem.ts'
import type { Target } from './target.ts'
import { pageCredentials } from './web/credentials.ts'
import type { Sessions } from './web/sessions.ts'

/**
 * Refuses what a web page could send. A page that rebinds its own name to 127.0.0.1 is told by its Host, since
 * a browser puts the page's name there; an IP address or `localhost` cannot be rebound. A page of another origin
 * that calls us directly is told by its Origin, or by Sec-Fetch-Site where browsers leave Origin out: another port of
 * this machine is the same site, and still another origin.
 *
 * @param origins - pages of these may ask
 * @throws GatewayError 'FOREIGN_HOST' | 'FOREIGN_ORIGIN'
 */
export const refuseForeignPages = (
  { headers, method }: Pick<IncomingMessage, 'headers' | 'method'>,
  target: Pick<Target, 'host' | 'path'>,
  origins: ReadonlySet<string> = new Set()
): void => {
  const host = headers.host ?? ''
  refuseForeignHost(host)
  if (target.host !== undefined) refuseForeignHost(target.host)
  const { origin, 'sec-fetch-site': site } = headers
  if (origin !== undefined && origins.has(origin)) return
  if (origin !== undefined && origin !== `http://${target.host ?? host}`) {
    throw new GatewayError('FOREIGN_ORIGIN', `Requests from ${origin} are refused.`, { origin })
  }
  if (
    site !== undefined &&
    site !== 'none' &&
    site !== 'same-origin' &&
    !opensPage(headers, method, target)
  ) {
    throw new GatewayError('FOREIGN_ORIGIN', 'Requests from pages of other origins are refused.', {
      origin: site
    })
  }
}

/** A link on a page of another origin may lead to our page: what it answers is the same for all, and is not framed. */
const opensPage = (
  { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination }: IncomingMessage['headers'],
  method: string | undefined,
  { path }: Pick<Target, 'path'>
): boolean => path === '/' && method === 'GET' && mode === 'navigate' && destination === 'document'

const refuseForeignHost = (host: string): void => {
  const name = hostName(host)
  if (name !== undefined && (name === 'localhost' || isIP(name) !== 0)) return
  throw new GatewayError('FOREIGN_HOST', `Requests for host "${host}" are not served here.`, { host })
}

/** @throws GatewayError 'UNAUTHORIZED' unless the request bears `token`, or comes from a page with a session */
export const requireToken = (
  request: Pick<IncomingMessage, 'headers'>,
  token: string,
  sessions?: Pick<Sessions, 'use'>
): void => {
  const { headers } = request
  const page = pageCredentials(request)
  if (page !== undefined && sessions?.use(page.cookie, page.secret) === true) return
  const given = /^Bearer ([\x21-\x7e]{1,512})$/.exec(headers.authorization ?? '')?.[1]
  if (given === undefined) throw new GatewayError('UNAUTHORIZED', 'This request needs the token of the node.')
  if (!sameSecret(given, token)) throw new GatewayError('UNAUTHORIZED', 'The token is not that of this node.')
}

/** Compares digests, so that the time taken tells neither content nor length. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b))

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The host of a Host header without port and brackets; undefined when malformed. */
const hostName = (host: string): string | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(host)
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}
