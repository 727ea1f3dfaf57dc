import { randomUUID } from 'node:crypto'
import type { PutResultJson } from '../../gateway/index.ts'
import { systemRandom } from '../../clock/index.ts'
import type { NodeClient } from '../client.ts'
import { remark } from '../output.ts'
import { stateFolder } from '../paths.ts'
import { startProgress } from '../progress.ts'
import type { Io } from '../io.ts'
import { cleanName } from './names.ts'
import { ResumeRecord } from './resume-record.ts'
import type { Source } from './source.ts'
import { upload } from './upload.ts'

export interface PutArguments {
  readonly name?: string
  /** Do not seal: whoever has the id can read it. */
  readonly isPublic: boolean
  readonly k?: number
  readonly n?: number
  readonly margin?: number
  /** How parity is made. */
  readonly code?: 'rs8' | 'rs8p'
  readonly fewer?: boolean
  /** Text of a time, e.g. '30d'. */
  readonly lease?: string
  readonly quiet: boolean
}

export interface PutOutcome extends PutResultJson {
  /** With the key after '#', unless public. */
  readonly link: string
  readonly name: string
  /** Bytes of the file, before sealing. */
  readonly plainBytes: number
  readonly elapsedMs: number
  /** Went on with the key of a put that was broken off. */
  readonly resumed: boolean
}

/** Seals the source (unless public) and hands it to the node. */
export const putSource = async (
  client: NodeClient,
  io: Io,
  put: PutArguments,
  source: Source
): Promise<PutOutcome> =>
  put.isPublic
    ? await putBytes(client, io, put, source, { oneShot: source.file === undefined })
    : await putSealed(client, io, put, source)

const putSealed = async (
  client: NodeClient,
  io: Io,
  put: PutArguments,
  source: Source
): Promise<PutOutcome> => {
  const { generateKey } = await import('../../seal/index.ts')
  const network = (await client.network()).id
  const record = source.file && ResumeRecord.of(io.env, network, source.file.path, source.file.stats)
  const known = await record?.read()
  const key = known ?? generateKey(systemRandom)
  const isRecorded = known !== undefined || (await record?.write(key)) === true
  if (!isRecorded && record !== undefined && !put.quiet) {
    remark(
      io,
      `Should this put be broken off, the next one starts over: ${stateFolder(io.env)} cannot be written.`
    )
  }
  try {
    const outcome = await putBytes(client, io, put, source, { key, oneShot: !isRecorded })
    await record?.remove()
    return { ...outcome, resumed: known !== undefined }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'FILE_CHANGED') await record?.remove()
    throw error
  }
}

/**
 * @param key - seals; without it the bytes go as they are
 * @param oneShot - no later put can go on with this one
 */
const putBytes = async (
  client: NodeClient,
  io: Io,
  put: PutArguments,
  source: Source,
  { key, oneShot }: { key?: Uint8Array; oneShot: boolean }
): Promise<PutOutcome> => {
  const { sealedObjectBytes, sealObject } = await import('../../seal/index.ts')
  const { k, n, margin, code, fewer, lease } = put
  const name = cleanName(put.name ?? source.name)
  const attempt = randomUUID()
  const startedMs = performance.now()
  const counter = { bytes: 0 }
  const plain = counted(source.bytes, counter)
  const sizeBytes =
    key === undefined || source.sizeBytes === undefined
      ? source.sizeBytes
      : sealedObjectBytes(source.sizeBytes)
  const progress = await startProgress(io, 'put', sizeBytes, put.quiet)
  try {
    const result = await upload(client, key === undefined ? plain : sealObject(key, name)(plain), {
      query: { k, n, margin, code, fewer, lease, name, oneShot, attempt, sealed: key !== undefined },
      sizeBytes,
      onProgress: ({ readBytes, shardsAcknowledged }) =>
        progress.update(readBytes, shardsAcknowledged === 0 ? '' : `${shardsAcknowledged} shards safe`)
    })
    return {
      ...result,
      link: key === undefined ? result.link : `${result.link}#${Buffer.from(key).toString('base64url')}`,
      name,
      plainBytes: counter.bytes,
      elapsedMs: performance.now() - startedMs,
      resumed: false
    }
  } catch (error) {
    // No later put has these bytes.
    if ((error as { code?: unknown }).code === 'FILE_CHANGED')
      await client.abandonPut(attempt).catch(noMatter)
    throw error
  } finally {
    progress.stop()
  }
}

/** Holders free by themselves what nobody resumes; the user is told of the change, which is what matters. */
const noMatter = (): void => {}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  counter: { bytes: number }
): AsyncGenerator<Uint8Array> {
  for await (const part of source) {
    counter.bytes += part.byteLength
    yield part
  }
}
