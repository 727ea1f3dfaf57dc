import { formatLink } from '../seal/index.ts'
import { isNotModified } from './conditions.ts'
import { etagOf, getObject, objectId } from './get-object.ts'
import { toProblem } from './problem.ts'
import { putObject } from './put-object.ts'
import { boolean, readQuery } from './query.ts'
import { sendJson, startLines } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type {
  ListLine,
  ManifestJson,
  ObjectReader,
  ObjectStat,
  OwnedObjectJson,
  RemovedJson,
  StatJson
} from './types.ts'

const listObjects = async ({ node, query, response, signal }: Exchange): Promise<void> => {
  const { check } = readQuery(query, { check: boolean })
  const { line } = startLines<ListLine>(response)
  let count = 0
  try {
    for await (const { cid, ...owned } of node.objects.list({ check, signal })) {
      const object: OwnedObjectJson = { cid: cid.toString(), link: formatLink(node.networkId, cid), ...owned }
      await line({ object }, signal)
      count++
    }
    await line({ end: { count } }, signal)
  } catch (error) {
    if (response.destroyed) throw error
    await line({ problem: toProblem(error) })
  }
  response.end()
}

/** The last part of the path is the attempt. */
const abandonPut = ({ node, query, response, cid: attempt }: Exchange): void => {
  readQuery(query, {})
  node.objects.abandonPut(attempt)
  sendJson(response, 200, { attempt })
}

const statObject = async ({ node, query, response, cid: text, signal }: Exchange): Promise<void> => {
  readQuery(query, {})
  const cid = objectId(node, text)
  const stat = await node.objects.stat(cid, { signal })
  sendJson(response, 200, statJson(formatLink(node.networkId, cid), stat))
}

/** What an object is, from its manifest alone: no holder of a shard is asked. */
const describeObject = async ({ node, query, response, cid: text, signal }: Exchange): Promise<void> => {
  readQuery(query, {})
  const reader = await node.objects.open(objectId(node, text), { signal })
  sendJson(response, 200, manifestJson(formatLink(node.networkId, reader.cid), reader))
}

const manifestJson = (
  link: string,
  { cid, manifest }: Pick<ObjectReader, 'cid' | 'manifest'>
): ManifestJson => ({
  cid: cid.toString(),
  link,
  kind: manifest.kind,
  sizeBytes: manifest.size,
  sealed: manifest.sealed,
  inline: manifest.inline !== undefined,
  code: manifest.code,
  k: Math.max(...manifest.layers.map(({ k }) => k)),
  n: manifest.n,
  blockBytes: manifest.blockBytes,
  layers: manifest.layers,
  ...(manifest.tensor && { tensor: Buffer.from(manifest.tensor).toString('base64url') })
})

const statJson = (link: string, stat: ObjectStat): StatJson => {
  const { shards, leases, repairs, weakest, live, damaged, spare, asked, answered, checkedMs, overhead } =
    stat
  return {
    ...manifestJson(link, stat),
    live,
    damaged,
    spare,
    asked,
    answered,
    checkedMs,
    overhead,
    shards: shards.map(({ shard, peer, live, damaged }) => ({
      shard,
      live,
      damaged,
      ...(peer && { peer: peer.toString() })
    })),
    leases,
    weakest,
    repairs: repairs.map(({ peer, sinceMs }) => ({ peer: peer.toString(), sinceMs }))
  }
}

const removeObject = async (exchange: Exchange): Promise<void> => {
  const { node, request, query, response, signal } = exchange
  readQuery(query, {})
  const cid = objectId(node, exchange.cid)
  isNotModified(request, etagOf(cid))
  const { confirmed, unreachable } = await node.objects.remove(cid, { signal })
  const removed: RemovedJson = { confirmed, unreachable: unreachable.map(String) }
  sendJson(response, 200, removed)
}

export const objectRoutes: readonly Route[] = [
  {
    methods: ['GET', 'HEAD'],
    path: '/v1/objects',
    // Names are for the user of this node alone.
    needsToken: true,
    takesBody: false,
    handle: listObjects
  },
  { methods: ['PUT', 'POST'], path: '/v1/objects', needsToken: true, takesBody: true, handle: putObject },
  {
    methods: ['DELETE'],
    path: '/v1/attempts/{attempt}',
    needsToken: true,
    takesBody: false,
    handle: abandonPut
  },
  {
    methods: ['GET', 'HEAD'],
    path: '/v1/objects/{cid}',
    needsToken: false,
    takesBody: false,
    handle: getObject
  },
  {
    methods: ['DELETE'],
    path: '/v1/objects/{cid}',
    needsToken: true,
    takesBody: false,
    handle: removeObject
  },
  {
    methods: ['GET', 'HEAD'],
    path: '/v1/objects/{cid}/stat',
    needsToken: false,
    takesBody: false,
    handle: statObject
  },
  {
    methods: ['GET', 'HEAD'],
    path: '/v1/objects/{cid}/manifest',
    needsToken: false,
    takesBody: false,
    handle: describeObject
  }
]
