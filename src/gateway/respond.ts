import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { NDJSON, PROBLEM_FIELD } from './media-types.ts'
import { statusOf } from './problem.ts'
import type { Problem } from './problem.ts'

export const sendJson = (response: ServerResponse, status: number, value: unknown): void =>
  send(response, status, 'application/json', JSON.stringify(value))

/** How long the rest of a body is read after its request has been answered. */
const DRAIN_MS = 2000

/** A failure before the first byte of the answer. */
export const sendProblem = (response: ServerResponse, problem: Problem): void => {
  if (response.req.method === 'HEAD') response.setHeader(PROBLEM_FIELD, problemField(problem))
  send(response, statusOf(problem), 'application/problem+json', problemText(problem))
}

export const sendBytes = (response: ServerResponse, status: number, body: Uint8Array): void =>
  send(response, status, 'application/octet-stream', body)

export const send = (
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array
): void => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  if (response.req.method !== 'HEAD') response.write(body)
  finish(response)
}

/**
 * Ends an answer. Where the client still sends, the rest of its body is read for a while first: closing the
 * connection on it would take the answer along.
 */
export const finish = (response: ServerResponse): void => {
  const { req: request } = response
  const waitsToBeAsked = request.headers.expect !== undefined
  if (request.complete || request.destroyed || waitsToBeAsked) {
    response.end()
    return
  }
  const timer = setTimeout(() => response.end(), DRAIN_MS)
  request.once('close', () => {
    clearTimeout(timer)
    response.end()
  })
  request.resume()
}

/** A problem's data may carry bigints and binary ids, which JSON lacks. */
export const problemText = (problem: Problem): string =>
  JSON.stringify(problem, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

/** A header's value is Latin-1: the JSON is percent-encoded. */
export const problemField = (problem: Problem): string => encodeURIComponent(problemText(problem))

/** Starts an answer of JSON lines; `line` waits while the client is slow to read. */
export const startLines = <T>(
  response: ServerResponse
): { line: (value: T, signal?: AbortSignal) => Promise<void> } => {
  response.writeHead(200, { 'content-type': NDJSON, 'cache-control': 'no-store' })
  return {
    line: (value, signal) => write(response, `${JSON.stringify(value)}\n`, signal)
  }
}

/** Writes under backpressure. Rejects when the client goes away or `signal` fires. */
export const write = async (
  response: ServerResponse,
  bytes: string | Uint8Array,
  signal?: AbortSignal
): Promise<void> => {
  signal?.throwIfAborted()
  if (response.write(bytes)) return
  await once(response, 'drain', { signal }).catch((error: unknown) => {
    throw signal?.aborted === true ? signal.reason : error
  })
}
