import { createHash, randomBytes } from 'node:crypto'
import { json } from 'node:stream/consumers'
import type { PutResultJson } from '../../src/gateway/index.ts'
import type { NodeClient } from '../../src/cli/client.ts'

/** An object that was put, and what must be read back. */
export interface StoredObject {
  readonly cid: string
  readonly sizeBytes: number
  /** Shards that it has when it is whole; copies of an inline object. */
  readonly pieces: number
  readonly inline: boolean
  readonly sha256: string
}

export interface ObjectPlan {
  readonly sizeBytes: number
  readonly k: number
  readonly n: number
}

/** Puts random bytes of the planned size. @throws CliError when the node refuses the put */
export const putObject = async (
  client: NodeClient,
  { sizeBytes, k, n }: ObjectPlan
): Promise<StoredObject> => {
  const bytes = randomBytes(sizeBytes)
  const request = await client.openWithToken('POST', '/v1/objects', {
    query: { k, n, margin: n - k },
    headers: { 'content-length': sizeBytes }
  })
  const answer = client.answerTo(request)
  request.end(bytes)
  const { cid, inline, n: pieces } = (await json(await answer)) as PutResultJson
  return { cid, sizeBytes, pieces, inline, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** Reads the object through a node and compares its SHA-256. @throws CliError; an error of the connection */
export const isSame = async (client: NodeClient, { cid, sha256 }: StoredObject): Promise<boolean> => {
  const response = await client.send(client.open('GET', `/v1/objects/${cid}`))
  const hash = createHash('sha256')
  for await (const part of response as AsyncIterable<Uint8Array>) hash.update(part)
  return hash.digest('hex') === sha256
}
