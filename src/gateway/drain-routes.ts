import { readQuery } from './query.ts'
import { sendJson } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type { DrainJson } from './types.ts'

const show = ({ node, query, response }: Exchange): void => {
  readQuery(query, {})
  const body: DrainJson = node.drain.progress
  sendJson(response, 200, body)
}

/** Begins to empty the node; `GET` says how far it is. */
const begin = async ({ node, query, response }: Exchange): Promise<void> => {
  readQuery(query, {})
  const body: DrainJson = await node.drain.begin()
  sendJson(response, 200, body)
}

/** The node lends its space again. */
const cancel = async ({ node, query, response }: Exchange): Promise<void> => {
  readQuery(query, {})
  const body: DrainJson = await node.drain.cancel()
  sendJson(response, 200, body)
}

const route = (method: string, handle: Route['handle']): Route => ({
  methods: [method],
  path: '/v1/drain',
  needsToken: true,
  takesBody: false,
  handle
})

export const drainRoutes: readonly Route[] = [
  route('GET', show),
  route('POST', begin),
  route('DELETE', cancel)
]
