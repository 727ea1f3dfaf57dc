import type { IncomingMessage } from 'node:http'
import { PROBLEM_FIELD } from '../../gateway/media-types.ts'
import type { Problem } from '../../gateway/index.ts'
import { nodeGone, notANode, problemError } from '../client.ts'
import type { NodeClient } from '../client.ts'

/** Stored bytes as they come from the node: still sealed where the object is. */
export interface Download {
  /** Stored bytes of the whole object. */
  readonly objectBytes: number
  readonly sealed: boolean
  readonly kind: 'blob' | 'tensor'
  /** Ends after exactly the bytes asked for that there are, or throws. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Lets go of the connection. */
  close: () => void
}

/** Half-open range of stored bytes. */
export interface StoredRange {
  readonly start: number
  readonly end: number
}

/** Starts to fetch an object, or those bytes of `range` that it has. */
export const download = async (client: NodeClient, cid: string, range?: StoredRange): Promise<Download> => {
  const headers = {
    te: 'trailers',
    connection: 'close',
    ...(range !== undefined && { range: `bytes=${range.start}-${range.end - 1}` })
  }
  const response = await client.send(client.open('GET', `/v1/objects/${cid}`, { headers }))
  const { objectBytes, sealed, kind } = describe(response)
  if (!Number.isSafeInteger(objectBytes) || objectBytes < 0) {
    response.destroy()
    throw notANode(client.url)
  }
  const expected =
    range === undefined ? objectBytes : Math.max(0, Math.min(range.end, objectBytes) - range.start)
  return {
    objectBytes,
    sealed,
    kind,
    bytes: checkedBytes(client, response, expected),
    close: () => response.destroy()
  }
}

const describe = ({ headers }: IncomingMessage): Pick<Download, 'objectBytes' | 'sealed' | 'kind'> => ({
  objectBytes: Number(headers['thhe-size'] ?? Number.NaN),
  sealed: headers['thhe-sealed'] === 'true',
  kind: headers['thhe-kind'] === 'tensor' ? 'tensor' : 'blob'
})

/** A connection that ends early, or that ends well with too few bytes, must never pass for the whole. */
async function* checkedBytes(
  client: NodeClient,
  response: IncomingMessage,
  expected: number
): AsyncGenerator<Uint8Array> {
  let received = 0
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      received += part.byteLength
      yield part
    }
  } catch (error) {
    throw client.aborted() ?? nodeGone(client.url)
  }
  const trailer = response.trailers[PROBLEM_FIELD]
  if (trailer !== undefined) throw problemError(JSON.parse(decodeURIComponent(trailer)) as Problem)
  if (received !== expected) throw nodeGone(client.url)
}
