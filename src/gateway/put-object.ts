import type { IncomingMessage } from 'node:http'
import { formatLink } from '../seal/index.ts'
import { base64url, boolean, integer, layerList, oneOf, readQuery, text } from './query.ts'
import { OPTIONS } from '../node/config/index.ts'
import { GatewayError, toProblem } from './problem.ts'
import { NDJSON } from './media-types.ts'
import { finish, sendJson, startLines } from './respond.ts'
import type { Exchange } from './router.ts'
import type { GatewayNode, PutLine, PutOptions, PutProgress, PutResult, PutResultJson } from './types.ts'

const PROGRESS_EVERY_MS = 200

/** What a put may ask for. */
export const PUT_QUERY = {
  k: integer(1, 255),
  n: integer(1, 256),
  margin: integer(0, 255),
  code: oneOf('rs8', 'rs8p'),
  name: text(1024),
  sealed: boolean,
  fewer: boolean,
  oneShot: boolean,
  attempt: text(64),
  lease: OPTIONS.lease.kind.parse,
  layers: layerList,
  tensor: base64url(6144)
}

/** PUT or POST /v1/objects: the body becomes an object. */
export const putObject = async (exchange: Exchange): Promise<void> => {
  const { node, request, response, signal } = exchange
  refuseParts(request)
  const options = { ...putOptions(exchange.query, request), signal }
  if (!(request.headers.accept ?? '').includes(NDJSON)) {
    const result = await node.objects.put(bodyOf(request), options)
    response.setHeader('location', `/v1/objects/${result.cid.toString()}`)
    sendJson(response, 201, putResultJson(node, result))
    return
  }
  await putWithProgress(exchange, options)
}

/** The body is the object: half of one, or one in another coding, would be stored as something else. */
export const refuseParts = ({ headers }: IncomingMessage): void => {
  if (headers['content-range'] !== undefined) {
    throw new GatewayError('BAD_REQUEST', 'Content-Range: objects are put whole.')
  }
  const coding = headers['content-encoding']
  if (coding === undefined || coding.toLowerCase() === 'identity') return
  throw new GatewayError('UNSUPPORTED_ENCODING', `Content-Encoding ${coding} is not decoded here.`, {
    coding
  })
}

/**
 * Answers while the body still comes in: progress now and then, which also tells a waiting client that the node is
 * alive, then one line with the result or the problem.
 */
const putWithProgress = async (
  { node, request, response, signal }: Exchange,
  options: PutOptions
): Promise<void> => {
  const { line } = startLines<PutLine>(response)
  const state: { progress: PutProgress } = {
    progress: { readBytes: 0, sentBytes: 0, shardsAcknowledged: 0 }
  }
  const onProgress = (progress: PutProgress): void => {
    state.progress = progress
  }
  await linesOfPut(node, { line, response, signal }, state, async () => {
    return await node.objects.put(bodyOf(request), { ...options, onProgress })
  })
  finish(response)
}

/** Writes how far a put is, as often as a person looks, and then what became of it. */
export const linesOfPut = async (
  node: GatewayNode,
  {
    line,
    response,
    signal
  }: Pick<Exchange, 'response' | 'signal'> & {
    readonly line: (value: PutLine, signal?: AbortSignal) => Promise<void>
  },
  state: { readonly progress: PutProgress },
  work: () => Promise<PutResult>
): Promise<void> => {
  const ticker = setInterval(() => {
    // Progress is skipped, not queued, while the client does not read. A client that is gone shows in the put itself.
    if (!response.writableNeedDrain) line({ progress: state.progress }).catch(() => {})
  }, PROGRESS_EVERY_MS)
  try {
    const result = await work()
    await line({ progress: state.progress }, signal)
    await line({ result: putResultJson(node, result) }, signal)
  } catch (error) {
    if (signal.aborted && response.destroyed) throw error
    node.logger.warn('put failed', { error })
    await line({ problem: toProblem(error) })
  } finally {
    clearInterval(ticker)
  }
}

/**
 * The body as a source that a put may give up on: leaving the loop over the request itself would close the
 * connection, and the client would never read why.
 */
export const bodyOf = (request: IncomingMessage): AsyncIterable<Uint8Array> =>
  request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>

const putOptions = (query: URLSearchParams, { headers }: IncomingMessage): PutOptions => {
  const length = headers['content-length']
  return toPutOptions(readQuery(query, PUT_QUERY), length === undefined ? undefined : Number(length))
}

/** @throws GatewayError 'BAD_REQUEST' */
export const toPutOptions = (asked: AskedPut, sizeHint: number | undefined): PutOptions => {
  const { fewer, lease, layers, tensor, ...rest } = asked
  if ((layers === undefined) !== (tensor === undefined)) {
    throw new GatewayError('BAD_REQUEST', 'Query: layers and tensor belong together.', {
      parameter: 'layers'
    })
  }
  return {
    ...rest,
    ...(fewer !== undefined && { allowFewerShards: fewer }),
    ...(lease !== undefined && { leaseMs: lease }),
    ...(layers !== undefined && tensor !== undefined && { tensor: { layers, parameters: tensor } }),
    ...(sizeHint !== undefined && { sizeHint })
  }
}

type AskedPut = ReturnType<typeof readQuery<typeof PUT_QUERY>>

const putResultJson = ({ networkId }: GatewayNode, result: PutResult): PutResultJson => {
  const { cid, manifest, stored, missing, tolerates, warning, codedBytes } = result
  return {
    cid: cid.toString(),
    link: formatLink(networkId, cid),
    sizeBytes: manifest.size,
    codedBytes,
    sealed: manifest.sealed,
    k: Math.max(...manifest.layers.map(({ k }) => k)),
    n: manifest.n,
    inline: manifest.inline !== undefined,
    stored: stored.map(({ shard, peer }) => ({ shard, peer: peer.toString() })),
    missing,
    tolerates,
    ...(warning !== undefined && { warning })
  }
}
