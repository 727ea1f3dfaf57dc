import { readFile } from 'node:fs/promises'
import { identity } from './identity.ts'
import { readQuery } from './query.ts'
import { send, sendJson } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type { CollectedJson, HealthJson, MapJson, PeersJson, StatusJson, UploadsJson } from './types.ts'

const OPENAPI = new URL('./openapi.json', import.meta.url)

/** 200 once the node has joined its network, 503 until then and while it stops: what a container's health check asks. */
const health = async ({ node, query, response }: Exchange): Promise<void> => {
  readQuery(query, {})
  const { ready, state } = await node.status()
  const body: HealthJson = { ready, state }
  sendJson(response, ready ? 200 : 503, body)
}

const metrics = async ({ node, query, response }: Exchange): Promise<void> => {
  readQuery(query, {})
  send(response, 200, node.metrics.contentType, await node.metrics.metrics())
}

const peers = ({ node, query, response }: Exchange): void => {
  readQuery(query, {})
  const body: PeersJson = { peers: node.peers() }
  sendJson(response, 200, body)
}

const map = ({ node, query, response }: Exchange): void => {
  readQuery(query, {})
  const body: MapJson = node.map()
  sendJson(response, 200, body)
}

const status = async ({ node, query, response }: Exchange): Promise<void> => {
  readQuery(query, {})
  const body: StatusJson = await node.status()
  sendJson(response, 200, body)
}

/** Collects what no lease keeps; resolves when it is done. */
const collect = async ({ node, query, response }: Exchange): Promise<void> => {
  readQuery(query, {})
  const body: CollectedJson = await node.collectGarbage()
  sendJson(response, 200, body)
}

/** More than this many would not help a person; the oldest are what is asked for. */
const MAX_UPLOADS = 1000

const uploads = async ({ node, query, response }: Exchange): Promise<void> => {
  readQuery(query, {})
  const all: Array<UploadsJson['uploads'][number]> = []
  for await (const upload of node.uploads()) all.push(upload)
  all.sort((a, b) => a.touchedAtMs - b.touchedAtMs)
  const body: UploadsJson = { uploads: all.slice(0, MAX_UPLOADS) }
  sendJson(response, 200, body)
}

const openapi = async ({ query, response }: Exchange): Promise<void> => {
  readQuery(query, {})
  send(response, 200, 'application/json', await readFile(OPENAPI, 'utf8'))
}

const read = (path: string, handle: Route['handle']): Route => ({
  methods: ['GET', 'HEAD'],
  path,
  needsToken: false,
  takesBody: false,
  handle
})

export const nodeRoutes: readonly Route[] = [
  read('/health', health),
  read('/metrics', metrics),
  read('/openapi.json', openapi),
  read('/v1/identity', identity),
  read('/v1/map', map),
  read('/v1/peers', peers),
  read('/v1/status', status)
]

export const careRoutes: readonly Route[] = [
  { methods: ['DELETE'], path: '/v1/garbage', needsToken: true, takesBody: false, handle: collect },
  { ...read('/v1/uploads', uploads), needsToken: true }
]
