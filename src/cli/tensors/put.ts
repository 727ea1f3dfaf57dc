import { buffer } from 'node:stream/consumers'
import {
  choosePriorities,
  encodeParameters,
  encodeTensor,
  layerFidelities
} from '../../../encoder/tensor/index.ts'
import type { EncodedTensor, LayerCode } from '../../../encoder/tensor/index.ts'
import { systemRandom } from '../../clock/index.ts'
import type { NodeClient } from '../client.ts'
import type { Io } from '../io.ts'
import type { PutArguments, PutOutcome } from '../objects/put.ts'
import type { Source } from '../objects/source.ts'
import { cleanName } from '../objects/names.ts'
import { upload } from '../objects/upload.ts'
import { startProgress } from '../progress.ts'
import { parseTensorFile, readTensorFile } from './file.ts'

export interface TensorPutOutcome extends PutOutcome {
  readonly type: string
  readonly shape: readonly number[]
  /** Of each layer as it is stored, from coarse to fine. */
  readonly layers: readonly LayerCode[]
  /** Storage over that of the uniform code of the same n and k. */
  readonly storageRatio: number
}

/**
 * Takes a tensor apart, seals each layer (unless public) and hands them to the node.
 *
 * Not resumable: the key is a fresh one each time, since another version of the software could code the same file to
 * other bytes, which must never be sealed with the same key.
 */
export const putTensor = async (
  client: NodeClient,
  io: Io,
  put: PutArguments,
  source: Source
): Promise<TensorPutOutcome> => {
  const startedMs = performance.now()
  const file = await readTensorFile(source)
  const encoded = encodeTensor(parseTensorFile(source.name, file))
  const { parameters } = encoded
  const { network } = await client.status()
  const { n = network.code.n, k = network.code.k, margin, code, fewer, lease } = put
  const name = cleanName(put.name ?? source.name)
  const key = put.isPublic ? undefined : (await import('../../seal/index.ts')).generateKey(systemRandom)
  const stored = await storedParts(encoded, key)
  const lengths = stored.layers.map((layer) => layer.byteLength)
  const priorities = choosePriorities({ lengths, fidelities: layerFidelities(parameters), n, k })
  const layers = lengths.map((length, layer) => ({ k: priorities.k[layer], length }))
  const sizeBytes = lengths.reduce((sum, length) => sum + length, 0)
  const progress = await startProgress(io, 'put', sizeBytes, put.quiet)
  try {
    const result = await upload(client, pieces(stored.layers), {
      query: {
        ...{ n, margin, code, fewer, lease, name, sealed: key !== undefined, oneShot: true },
        layers: layers.map(({ k, length }) => `${k}:${length}`).join(),
        tensor: Buffer.from(stored.parameters).toString('base64url')
      },
      sizeBytes,
      onProgress: ({ readBytes }) => progress.update(readBytes)
    })
    return {
      ...result,
      link: key === undefined ? result.link : `${result.link}#${Buffer.from(key).toString('base64url')}`,
      name,
      plainBytes: file.byteLength,
      elapsedMs: performance.now() - startedMs,
      resumed: false,
      type: parameters.type,
      shape: parameters.shape,
      layers,
      storageRatio: priorities.storageRatio
    }
  } finally {
    progress.stop()
  }
}

/** Layers and parameters as the peers get them: each sealed under a key of its own. */
const storedParts = async (
  { parameters, layers }: EncodedTensor,
  key: Uint8Array | undefined
): Promise<{ parameters: Uint8Array; layers: Uint8Array[] }> => {
  const plain = encodeParameters(parameters)
  if (key === undefined) return { parameters: plain, layers: [...layers] }
  const { layerKey, sealStream } = await import('../../seal/index.ts')
  const sealed = async (part: number | 'parameters', bytes: Uint8Array): Promise<Uint8Array> =>
    await buffer(sealStream(await layerKey(key, part))(pieces([bytes])))
  return {
    parameters: await sealed('parameters', plain),
    layers: await Promise.all(layers.map(async (layer, index) => await sealed(index, layer)))
  }
}

async function* pieces(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}
