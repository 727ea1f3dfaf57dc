import type { IncomingMessage } from 'node:http'
import { slotNameText } from '../field/index.ts'
import { formatName, MAX_HEAD_BYTES, parseName } from '../heads/index.ts'
import type { Head } from '../heads/index.ts'
import { NAME_LABEL, slotOf } from '../node/index.ts'
import type { NameSlot } from '../node/index.ts'
import { GatewayError } from './problem.ts'
import { readQuery } from './query.ts'
import { sendJson } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type { HeadJson, NameSlotJson, PublishedJson, ResolvedJson } from './types.ts'

/** A signed change of a slot: a head, and what stands around it. */
const MAX_CHANGE_BYTES = MAX_HEAD_BYTES + 512

/** What is published under a name: as agreed on in its slot, or by a majority of the peers that keep it. */
const resolve = async ({ node, query, response, cid: text, signal }: Exchange): Promise<void> => {
  readQuery(query, {})
  const name = nameOf(text)
  const { heads, answered, keepers, slot } = await node.names.resolve(name, signal)
  const body: ResolvedJson = {
    ...{ name: formatName(name), heads: heads.map(headJson), answered, keepers },
    slot: slotJsonOf(name, slot)
  }
  sendJson(response, 200, body)
}

/** The body is a signed head. Answers when a majority of the peers that keep the name has it on disk. */
const publish = async ({ node, query, request, response, cid: text, signal }: Exchange): Promise<void> => {
  readQuery(query, {})
  const name = nameOf(text)
  const signed = await smallBody(request, MAX_HEAD_BYTES)
  sendPublished(response, name, await node.names.publish(name, signed, signal))
}

/** The body is a change of the name's slot, signed by the name. Answers when validators have agreed on it. */
const publishInSlot = async (exchange: Exchange): Promise<void> => {
  const { node, query, request, response, signal } = exchange
  readQuery(query, {})
  if (node.field === undefined) {
    throw new GatewayError('NO_FIELD', 'This network has no validators, so names are published with PUT.')
  }
  const name = nameOf(exchange.cid)
  const change = await smallBody(request, MAX_CHANGE_BYTES)
  sendPublished(response, name, await node.names.publishInSlot(name, change, signal))
}

const sendPublished = (
  response: Exchange['response'],
  name: Head['name'],
  { confirmed, keepers, heads, slot }: Awaited<ReturnType<Exchange['node']['names']['publish']>>
): void => {
  const body: PublishedJson = {
    ...{ name: formatName(name), heads: heads.map(headJson), confirmed, keepers },
    slot: slotJsonOf(name, slot)
  }
  sendJson(response, 200, body)
}

const slotJsonOf = (name: Head['name'], slot: NameSlot | undefined): NameSlotJson | null =>
  slot === undefined ? null : { name: slotNameText(slotOf(name, NAME_LABEL)), ...slot }

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

/** @throws GatewayError 'BAD_REQUEST' for a body that is longer than it can be */
const smallBody = async (request: IncomingMessage, maxBytes: number): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength
    if (bytes > maxBytes) throw new GatewayError('BAD_REQUEST', `The body has at most ${maxBytes} bytes.`, {})
    parts.push(part)
  }
  return Uint8Array.from(Buffer.concat(parts))
}

const route = (method: string, handle: Route['handle']): Route => ({
  methods: [method],
  path: '/v1/names/{name}',
  needsToken: true,
  takesBody: method !== 'GET',
  handle
})

export const nameRoutes: readonly Route[] = [
  route('GET', resolve),
  route('PUT', publish),
  route('POST', publishInSlot)
]
