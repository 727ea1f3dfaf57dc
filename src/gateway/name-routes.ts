import type { IncomingMessage } from 'node:http'
import { formatName, MAX_HEAD_BYTES, parseName } from '../heads/index.ts'
import type { Head } from '../heads/index.ts'
import { GatewayError } from './problem.ts'
import { readQuery } from './query.ts'
import { sendJson } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type { HeadJson, PublishedJson, ResolvedJson } from './types.ts'

/** What is published under a name, by a majority of the peers that keep it. */
const resolve = async ({ node, query, response, cid: text, signal }: Exchange): Promise<void> => {
  readQuery(query, {})
  const name = nameOf(text)
  const { heads, answered, keepers } = await node.heads.resolve(name, signal)
  const body: ResolvedJson = { name: formatName(name), heads: heads.map(headJson), answered, keepers }
  sendJson(response, 200, body)
}

/** The body is a signed head. Answers when a majority of the peers that keep the name has it on disk. */
const publish = async ({ node, query, request, response, cid: text, signal }: Exchange): Promise<void> => {
  readQuery(query, {})
  const name = nameOf(text)
  const { confirmed, keepers, heads } = await node.heads.publish(name, await smallBody(request), signal)
  const body: PublishedJson = { name: formatName(name), heads: heads.map(headJson), confirmed, keepers }
  sendJson(response, 200, body)
}

const nameOf = (text: string): Head['name'] => {
  const name = parseName(text)
  if (name !== undefined) return name
  throw new GatewayError('BAD_REQUEST', `"${text}" is not a name: it is written k51…`, { name: text })
}

const headJson = ({ sequence, expiresAtMs, value, signed }: Head): HeadJson => ({
  sequence,
  expiresAtMs,
  value: Buffer.from(value).toString('base64url'),
  signed: Buffer.from(signed).toString('base64url')
})

/** @throws GatewayError 'BAD_REQUEST' for a body that is longer than any head */
const smallBody = async (request: IncomingMessage): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength
    if (bytes > MAX_HEAD_BYTES) {
      throw new GatewayError('BAD_REQUEST', `A head has at most ${MAX_HEAD_BYTES} bytes.`, {})
    }
    parts.push(part)
  }
  return Uint8Array.from(Buffer.concat(parts))
}

const route = (method: string, handle: Route['handle']): Route => ({
  methods: [method],
  path: '/v1/names/{name}',
  needsToken: true,
  takesBody: method === 'PUT',
  handle
})

export const nameRoutes: readonly Route[] = [route('GET', resolve), route('PUT', publish)]
