import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Doctor } from './doctor-route.ts'
import type { History } from './history.ts'
import type { PartPuts } from './part-puts.ts'
import { GatewayError } from './problem.ts'
import type { Target } from './target.ts'
import type { GatewayNode, S3Control } from './types.ts'
import type { WebPage } from './web/page.ts'
import type { Sessions } from './web/sessions.ts'

/** One request on its way through a handler. */
export interface Exchange {
  readonly node: GatewayNode
  /** Absent where the node serves no S3. */
  readonly s3: S3Control | undefined
  /** The files of the web page, and the pages that were opened with a code. */
  readonly page: WebPage
  readonly sessions: Sessions
  readonly history: History
  readonly doctor: Doctor
  /** Puts whose bytes come in several requests. */
  readonly puts: PartPuts
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  /** 'http://127.0.0.1:4780': where this gateway listens. */
  readonly address: string
  /** Value of the {cid} in the path, percent-decoded. */
  readonly cid: string
  /** Fires when the client goes away or the gateway stops. */
  readonly signal: AbortSignal
}

export interface Route {
  readonly methods: readonly string[]
  /** As in openapi.json, e.g. '/v1/objects/{cid}'. */
  readonly path: string
  /** Changes state, or tells what is private to the node's user. */
  readonly needsToken: boolean
  /** Reads the request's body; a body sent to any other route is refused. */
  readonly takesBody: boolean
  readonly handle: (exchange: Exchange) => void | Promise<void>
}

export interface Match {
  readonly route: Route
  readonly cid: string
}

/** @throws GatewayError 'NO_ROUTE', 'METHOD_NOT_ALLOWED' with the methods there are */
export const matchRoute = (
  routes: readonly Route[],
  method: string,
  { path, segments = [] }: Pick<Target, 'path' | 'segments'>
): Match => {
  const matches = matchesOf(routes, segments)
  if (matches.length === 0) throw new GatewayError('NO_ROUTE', `Nothing is served at ${path}.`, { path })
  const match = matches.find(({ route }) => route.methods.includes(method))
  if (match !== undefined) return match
  const allowed = methodsAt(routes, segments)
  throw new GatewayError('METHOD_NOT_ALLOWED', `${method} is not served at ${path}.`, { allowed })
}

/** The methods that are served at a path, or anywhere when there is none; OPTIONS is served wherever another is. */
export const methodsAt = (routes: readonly Route[], segments: readonly string[] | undefined): string[] => {
  const served = segments === undefined ? routes : matchesOf(routes, segments).map(({ route }) => route)
  const methods = new Set(served.flatMap((route) => route.methods))
  return methods.size === 0 ? [] : [...methods, 'OPTIONS']
}

const matchesOf = (routes: readonly Route[], segments: readonly string[]): Match[] =>
  routes.flatMap((route) => {
    const cid = parameterOf(route.path.split('/'), segments)
    return cid === undefined ? [] : [{ route, cid }]
  })

/** The value of the one {parameter} of `pattern`, '' when it has none; undefined when the path is another. */
const parameterOf = (pattern: readonly string[], segments: readonly string[]): string | undefined => {
  if (pattern.length !== segments.length) return undefined
  let value = ''
  for (const [index, part] of pattern.entries()) {
    if (part.startsWith('{') && segments[index] !== '') value = segments[index]
    else if (part !== segments[index]) return undefined
  }
  return value
}
