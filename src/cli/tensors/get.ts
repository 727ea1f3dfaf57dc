import { buffer } from 'node:stream/consumers'
import {
  TensorDecoder,
  TensorError,
  decodeParameters,
  layerFidelities,
  rawLayerBytes
} from '../../../encoder/tensor/index.ts'
import type { ErrorMeasure, NumberRange, Tensor, TensorParameters } from '../../../encoder/tensor/index.ts'
import type { ManifestJson } from '../../gateway/index.ts'
import type { Link } from '../../seal/index.ts'
import type { NodeClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { download } from '../objects/download.ts'
import { keyFor } from '../objects/get.ts'

/** A tensor on the mesh, of which nothing but the manifest has been read. */
export interface OpenTensor {
  readonly manifest: ManifestJson
  readonly parameters: TensorParameters
  readonly key: Uint8Array | undefined
}

/** A tensor at the fidelity of the layers that were read. */
export interface TensorVersion {
  readonly tensor: Tensor
  /** Layers read, from the coarsest on, and layers there are. */
  readonly layers: number
  readonly layersInAll: number
  /** Live shards that this takes. */
  readonly shards: number
  /** In units of the data. */
  readonly error: ErrorMeasure
  /** Of the finite numbers; null for what versions of this software before it was told have written. */
  readonly range: NumberRange | null
  readonly fidelity: number
  /** Stored bytes read so far. */
  readonly bytesRead: number
}

/** @throws CliError 'NOT_A_TENSOR' | 'BAD_KEY' | 'NOT_SEALED', SealError 'WRONG_KEY', TensorError 'CORRUPT' */
export const openTensor = async (client: NodeClient, { cid, key }: Link): Promise<OpenTensor> => {
  const manifest = await client.manifest(cid.toString())
  if (manifest.tensor === undefined) {
    throw new CliError('NOT_A_TENSOR', `${manifest.cid} is no tensor.`, 'Fetch it with `thhe get`.')
  }
  const stored = Buffer.from(manifest.tensor, 'base64url')
  const keyOfParts = keyFor(manifest.cid, manifest.sealed, key)
  const parameters = decodeParameters(await unsealed(stored, keyOfParts, 'parameters'))
  await checkLayers(manifest, parameters)
  return { manifest, parameters, key: keyOfParts }
}

/** Bytes that a tensor may have however little of it is stored. */
const UNASKED_BYTES = 2 ** 28
/** Beyond that, how many times what is stored: a tensor that repeats itself may still be much smaller on the mesh. */
const UNASKED_EXPANSION = 100

/**
 * Most bytes that the tensor may have: a few bytes on the mesh can stand for a gibibyte in memory, and whoever wrote
 * them may mean harm.
 */
const maxBytesOf = ({ manifest: { layers } }: OpenTensor): number =>
  Math.max(UNASKED_BYTES, UNASKED_EXPANSION * sum(layers.map(({ length }) => length)))

/** @throws CliError 'TOO_LARGE' */
const decoderOf = (open: OpenTensor, maxBytes: number): TensorDecoder => {
  try {
    return new TensorDecoder(open.parameters, { maxBytes })
  } catch (error) {
    if (!(error instanceof TensorError) || error.code !== 'TOO_LARGE') throw error
    const { bytes } = error.data
    throw new CliError(
      'TOO_LARGE',
      `This tensor of ${sum(open.manifest.layers.map(({ length }) => length))} stored bytes has ${bytes} bytes in memory.`,
      `If you trust whoever wrote it, add --max-size ${bytes}.`,
      error.data
    )
  }
}

/** How many layers, from the coarsest on, any `shards` shards give back. */
export const layersOf = ({ manifest: { layers } }: OpenTensor, shards: number): number =>
  layers.filter(({ k }) => k <= shards).length

/**
 * Reads layers and gives a version after each of `stops`, the bytes of which alone are asked of the peers.
 *
 * @param stops - numbers of layers, ascending
 * @param maxBytes - of the tensor, in memory
 * @throws CliError 'TOO_LARGE' before anything is read
 */
export async function* readVersions(
  client: NodeClient,
  open: OpenTensor,
  stops: readonly number[],
  maxBytes = maxBytesOf(open)
): AsyncGenerator<TensorVersion> {
  const { manifest, parameters } = open
  const decoder = decoderOf(open, maxBytes)
  let bytesRead = 0
  for (const stop of stops) {
    for await (const layer of readLayers(client, open, decoder.layers, stop)) {
      bytesRead += manifest.layers[decoder.layers].length
      decoder.add(layer)
    }
    yield {
      tensor: decoder.tensor(),
      layers: stop,
      layersInAll: manifest.layers.length,
      shards: manifest.layers[stop - 1].k,
      error: decoder.error!,
      range: parameters.range,
      fidelity: layerFidelities(parameters)[stop - 1],
      bytesRead
    }
  }
}

/** Layers `first` to `end` - 1, opened. The node checks the digest of the object when all are asked for at once. */
async function* readLayers(
  client: NodeClient,
  { manifest, key }: OpenTensor,
  first: number,
  end: number
): AsyncGenerator<Uint8Array> {
  const { layers, cid } = manifest
  const lengths = layers.map(({ length }) => length)
  const start = sum(lengths.slice(0, first))
  const isWhole = first === 0 && end === layers.length
  const range = { start, end: start + sum(lengths.slice(first, end)) }
  const { bytes, close } = await download(client, cid, isWhole ? undefined : range)
  try {
    let layer = first
    for await (const stored of cutInto(bytes, lengths.slice(first, end))) {
      yield await unsealed(stored, key, layer++)
    }
  } finally {
    close()
  }
}

const unsealed = async (
  bytes: Uint8Array,
  key: Uint8Array | undefined,
  part: number | 'parameters'
): Promise<Uint8Array> => {
  if (key === undefined) return bytes
  const { layerKey, unsealStream } = await import('../../seal/index.ts')
  return await buffer(unsealStream(await layerKey(key, part))(pieces(bytes)))
}

/** The pieces of a stream that has exactly the bytes of `lengths`. */
async function* cutInto(
  source: AsyncIterable<Uint8Array>,
  lengths: readonly number[]
): AsyncGenerator<Uint8Array> {
  let index = 0
  let filled = 0
  let piece = new Uint8Array(lengths[0])
  for await (let part of source) {
    while (part.byteLength > 0) {
      const taken = part.subarray(0, piece.byteLength - filled)
      piece.set(taken, filled)
      filled += taken.byteLength
      part = part.subarray(taken.byteLength)
      if (filled < piece.byteLength) continue
      yield piece
      piece = new Uint8Array(lengths[++index] ?? 0)
      filled = 0
    }
  }
  // Only the layer of a tensor without elements has no bytes.
  if (index === 0 && lengths[0] === 0) yield piece
}

/** A manifest may promise anything: no layer is taken in that is longer than the shape allows. */
const checkLayers = async ({ layers, sealed }: ManifestJson, parameters: TensorParameters): Promise<void> => {
  const { sealedStreamBytes } = await import('../../seal/index.ts')
  const most = rawLayerBytes(parameters).map((bytes) => (sealed ? sealedStreamBytes(bytes) : bytes))
  if (layers.length === most.length && layers.every(({ length }, layer) => length <= most[layer])) return
  throw new TensorError('CORRUPT', 'The layers of this tensor do not fit its shape.')
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
