// Objects that the lab puts and reads through a peer's HTTP interface.
import { createHash, randomBytes } from 'node:crypto'
import { json } from 'node:stream/consumers'
import type { NodeClient } from '../../src/cli/client.ts'
import type { PutResultJson } from '../../src/gateway/index.ts'

/** A part of a partition that lacks shards waits for them; the lab does not. */
const READ_TIMEOUT_MS = 20_000

export interface StoredObject {
  readonly cid: string
  readonly sha256: string
}

export interface Read {
  readonly isSame: boolean
  /** From the request to the first byte of the object, and to its last, in milliseconds. */
  readonly firstByteMs: number
  readonly lastByteMs: number
}

/** @throws CliError when the node refuses the put */
export const putObject = async (
  client: NodeClient,
  sizeBytes: number,
  code: { readonly k: number; readonly n: number }
): Promise<StoredObject> => {
  const bytes = randomBytes(sizeBytes)
  const request = await client.openWithToken('POST', '/v1/objects', {
    query: { k: code.k, n: code.n },
    headers: { 'content-length': sizeBytes }
  })
  const answer = client.answerTo(request)
  request.end(bytes)
  const { cid } = (await json(await answer)) as PutResultJson
  return { cid, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/**
 * Reads an object and compares it with what was put.
 *
 * @throws CliError when it cannot be read; Error when that takes too long
 */
export const readObject = async (client: NodeClient, { cid, sha256 }: StoredObject): Promise<Read> => {
  const startedMs = performance.now()
  const request = client.open('GET', `/v1/objects/${cid}`)
  const tooLong = setTimeout(() => request.destroy(new Error('The read takes too long.')), READ_TIMEOUT_MS)
  try {
    const response = await client.send(request)
    const hash = createHash('sha256')
    let firstByteMs = Number.NaN
    for await (const part of response as AsyncIterable<Uint8Array>) {
      if (Number.isNaN(firstByteMs)) firstByteMs = performance.now() - startedMs
      hash.update(part)
    }
    return { isSame: hash.digest('hex') === sha256, firstByteMs, lastByteMs: performance.now() - startedMs }
  } finally {
    clearTimeout(tooLong)
  }
}

/** Runs `work` over all items, `limit` at a time. */
export const inParallel = async <T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>
): Promise<void> => {
  const left = items.values()
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: limit }, worker))
}
