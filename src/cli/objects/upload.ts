import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { NDJSON } from '../../gateway/media-types.ts'
import type { PutLine, PutProgress, PutResultJson } from '../../gateway/index.ts'
import { linesOf, nodeGone, problemError } from '../client.ts'
import type { NodeClient, RequestInit } from '../client.ts'

export interface UploadInit {
  readonly query: NonNullable<RequestInit['query']>
  /** Exact number of bytes of the source; undefined when not known beforehand. */
  readonly sizeBytes: number | undefined
  readonly onProgress: (progress: PutProgress) => void
}

/**
 * Sends `source` to the node, which codes it and spreads it over its peers as it comes.
 *
 * @throws CliError with the node's own code; whatever the source throws
 */
export const upload = async (
  client: NodeClient,
  source: AsyncIterable<Uint8Array>,
  { query, sizeBytes, onProgress }: UploadInit
): Promise<PutResultJson> => {
  const request = await client.openWithToken('PUT', '/v1/objects', {
    query,
    headers: {
      accept: NDJSON,
      // A refusal comes before the first byte is sent.
      expect: '100-continue',
      'content-type': 'application/octet-stream',
      ...(sizeBytes !== undefined && { 'content-length': sizeBytes })
    }
  })
  const answer = client.answerTo(request)
  try {
    request.flushHeaders()
    await Promise.race([new Promise((resolve) => request.once('continue', resolve)), answer])
    const sent = sendBody(request, source)
    return await Promise.race([failureOf(sent, answer), resultOf(client.url, answer, onProgress)])
  } finally {
    request.destroy()
    // Whichever side lost the race has been answered for by the other.
    answer.catch(() => {})
  }
}

/** Resolves with the source's own error, and with undefined for any other end. */
const sendBody = async (request: ClientRequest, source: AsyncIterable<Uint8Array>): Promise<unknown> => {
  let sourceError: unknown
  // A pipeline that breaks throws its error into the generator: only what `next` throws is the source's own.
  const watched = async function* (): AsyncGenerator<Uint8Array> {
    const iterator = source[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await iterator.next().catch((error: unknown) => {
          sourceError = error
          throw error
        })
        if (next.done === true) return
        yield next.value
      }
    } finally {
      await iterator.return?.()
    }
  }
  try {
    await pipeline(Readable.from(watched(), { objectMode: false, highWaterMark: 1 << 20 }), request)
  } catch {
    // A broken connection is told better by the answer: the node may have said why before it closed.
  }
  return sourceError
}

/** Rejects when the source failed; otherwise leaves the word to the answer. */
const failureOf = async (sent: Promise<unknown>, answer: Promise<IncomingMessage>): Promise<never> => {
  const sourceError = await sent
  if (sourceError !== undefined) throw sourceError
  await answer
  return await new Promise<never>(() => {})
}

const resultOf = async (
  url: string,
  answer: Promise<IncomingMessage>,
  onProgress: (progress: PutProgress) => void
): Promise<PutResultJson> => {
  for await (const line of linesOf<PutLine>(await answer, url)) {
    if ('progress' in line) onProgress(line.progress)
    if ('problem' in line) throw problemError(line.problem)
    if ('result' in line) return line.result
  }
  throw nodeGone(url)
}
