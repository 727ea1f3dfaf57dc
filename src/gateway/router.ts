import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError } from './problem.ts'
import type { GatewayNode } from './types.ts'

/** One request on its way through a handler. */
export interface Exchange {
  readonly node: GatewayNode
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  /** Value of the {cid} in the path, as it was sent. */
  readonly cid: string
  /** Fires when the client goes away or the gateway stops. */
  readonly signal: AbortSignal
}

export interface Route {
  readonly methods: readonly string[]
  /** As in openapi.json, e.g. '/v1/objects/{cid}'. */
  readonly path: string
  /** Needs the token. */
  readonly changesState: boolean
  /** Reads the request's body; a body sent to any other route is refused. */
  readonly takesBody: boolean
  readonly handle: (exchange: Exchange) => void | Promise<void>
}

export interface Match {
  readonly route: Route
  readonly cid: string
}

/** @throws GatewayError 'NO_ROUTE', 'METHOD_NOT_ALLOWED' with the methods there are */
export const matchRoute = (routes: readonly Route[], method: string, path: string): Match => {
  const segments = path.split('/')
  const matches = routes.flatMap((route) => {
    const cid = parameterOf(route.path.split('/'), segments)
    return cid === undefined ? [] : [{ route, cid }]
  })
  if (matches.length === 0) throw new GatewayError('NO_ROUTE', `Nothing is served at ${path}.`, { path })
  const match = matches.find(({ route }) => route.methods.includes(method))
  if (match !== undefined) return match
  const allowed = matches.flatMap(({ route }) => route.methods)
  throw new GatewayError('METHOD_NOT_ALLOWED', `${method} is not served at ${path}.`, { allowed })
}

/** The value of the one {parameter} of `pattern`, '' when it has none; undefined when the path is another. */
const parameterOf = (pattern: readonly string[], segments: readonly string[]): string | undefined => {
  if (pattern.length !== segments.length) return undefined
  let value = ''
  for (const [index, part] of pattern.entries()) {
    if (part.startsWith('{')) value = segments[index]
    else if (part !== segments[index]) return undefined
  }
  return value
}
