import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a page may read of an answer besides its body. */
const EXPOSED = 'content-range, etag, location, thhe-kind, thhe-sealed, thhe-size'
/** What a page may send. Cookies stay out: the session of the node's own page is no one else's. */
const ACCEPTED = 'accept, authorization, content-type, if-none-match, if-range, range'
const PREFLIGHT_SECONDS = 600

/**
 * Tells the browser of a page whose origin is allowed that it may have the answer (Fetch, "CORS protocol").
 *
 * @param methods - served at the path of the request
 */
export const allowOrigin = (
  { headers, method }: Pick<IncomingMessage, 'headers' | 'method'>,
  response: Pick<ServerResponse, 'setHeader'>,
  origins: ReadonlySet<string>,
  methods: readonly string[]
): void => {
  if (origins.size === 0) return
  response.setHeader('vary', 'origin')
  if (headers.origin === undefined || !origins.has(headers.origin)) return
  response.setHeader('access-control-allow-origin', headers.origin)
  response.setHeader('access-control-expose-headers', EXPOSED)
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return
  response.setHeader('access-control-allow-methods', methods.join(', '))
  response.setHeader('access-control-allow-headers', ACCEPTED)
  response.setHeader('access-control-max-age', String(PREFLIGHT_SECONDS))
  // A page from the Internet that speaks to a machine of its user (WICG, "Private Network Access").
  if (headers['access-control-request-private-network'] === 'true') {
    response.setHeader('access-control-allow-private-network', 'true')
  }
}
