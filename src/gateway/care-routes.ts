import { objectId } from './get-object.ts'
import { answerWithProgress } from './progress-lines.ts'
import { integer, readQuery } from './query.ts'
import { GatewayError } from './problem.ts'
import { MAX_SHARDS } from '../../protocols/limits.ts'
import type { Exchange, Route } from './router.ts'
import type {
  CareProgressJson,
  Objects,
  RepairReportJson,
  ReshapeReportJson,
  VerifyReportJson
} from './types.ts'

/** Reads every block of every shard from its holder. */
const verify = async (exchange: Exchange): Promise<void> => {
  const { node, query, signal } = exchange
  readQuery(query, {})
  const cid = objectId(node, exchange.cid)
  await answerWithProgress<CareProgressJson, VerifyReportJson>(exchange, 'verify', async (onProgress) => {
    return verifyJson(await node.objects.verify(cid, { signal, onProgress }))
  })
}

/** Rebuilds what is missing. */
const repair = async (exchange: Exchange): Promise<void> => {
  const { node, query, signal } = exchange
  readQuery(query, {})
  const cid = objectId(node, exchange.cid)
  await answerWithProgress<CareProgressJson, RepairReportJson>(exchange, 'repair', async (onProgress) => {
    return repairJson(await node.objects.repair(cid, { signal, onProgress }))
  })
}

/** Changes the number of shards. */
const reshape = async (exchange: Exchange): Promise<void> => {
  const { node, query, signal } = exchange
  const { n } = readQuery(query, { n: integer(1, MAX_SHARDS) })
  if (n === undefined)
    throw new GatewayError('BAD_REQUEST', 'The parameter n is missing.', { parameter: 'n' })
  const cid = objectId(node, exchange.cid)
  await answerWithProgress<CareProgressJson, ReshapeReportJson>(exchange, 'reshape', async (onProgress) => {
    return reshapeJson(await node.objects.reshape(cid, n, { signal, onProgress }))
  })
}

const reshapeJson = ({
  cid,
  added,
  unreachable,
  ...counts
}: Awaited<ReturnType<Objects['reshape']>>): ReshapeReportJson => ({
  cid: cid.toString(),
  added: added.map(({ shard, peer }) => ({ shard, peer: peer.toString() })),
  unreachable: unreachable.map(String),
  ...counts
})

const verifyJson = ({
  cid,
  manifest,
  shards,
  ...counts
}: Awaited<ReturnType<Objects['verify']>>): VerifyReportJson => ({
  cid: cid.toString(),
  k: Math.max(...manifest.layers.map(({ k }) => k)),
  n: manifest.n,
  inline: manifest.inline !== undefined,
  shards: shards.map(({ peer, ...shard }) => ({ ...shard, ...(peer && { peer: peer.toString() }) })),
  ...counts
})

const repairJson = ({
  cid,
  rebuilt,
  manifests,
  ...counts
}: Awaited<ReturnType<Objects['repair']>>): RepairReportJson => ({
  cid: cid.toString(),
  rebuilt: rebuilt.map(({ shard, peer }) => ({ shard, peer: peer.toString() })),
  manifests: manifests.map(String),
  ...counts
})

export const objectCareRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/v1/objects/{cid}/verify',
    needsToken: true,
    takesBody: false,
    handle: verify
  },
  {
    methods: ['POST'],
    path: '/v1/objects/{cid}/repair',
    needsToken: true,
    takesBody: false,
    handle: repair
  },
  {
    methods: ['POST'],
    path: '/v1/objects/{cid}/reshape',
    needsToken: true,
    takesBody: false,
    handle: reshape
  }
]
