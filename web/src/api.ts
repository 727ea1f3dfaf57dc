// The node's HTTP interface (src/gateway/openapi.json) as the page sees it.
import type { Problem } from '../../src/gateway/problem.ts'
import type { WebSessionJson } from '../../src/gateway/types.ts'

const STORED = 'thhe-session'

/** A request that the node refused or could not carry out. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  readonly hint: string

  constructor({ code, message, hint }: Pick<Problem, 'code' | 'message' | 'hint'>) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

export const isSignedIn = (): boolean => localStorage.getItem(STORED) !== null

export const sessionHeaders = (): Record<string, string> => {
  const secret = localStorage.getItem(STORED)
  return secret === null ? {} : { 'thhe-session': secret }
}

/** Exchanges the code of `thhe web` for a session. @throws ApiError 'BAD_CODE' */
export const openSession = async (code: string): Promise<void> => {
  const body = JSON.stringify({ code })
  const response = await checked(await fetch('/v1/web/session', { method: 'POST', body }))
  const { secret } = (await response.json()) as WebSessionJson
  localStorage.setItem(STORED, secret)
}

export const closeSession = async (): Promise<void> => {
  await fetch('/v1/web/session', { method: 'DELETE', headers: sessionHeaders() })
  localStorage.removeItem(STORED)
}

/** @throws ApiError; TypeError when the node does not answer */
export const call = async (method: string, path: string, signal?: AbortSignal): Promise<Response> =>
  await checked(await fetch(path, { method, headers: sessionHeaders(), signal }))

export const getJson = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await (await call('GET', path, signal)).json()) as T

/** The lines of an answer of JSON lines, as they come. */
export async function* getLines<T>(path: string, signal?: AbortSignal): AsyncGenerator<T> {
  const { body } = await call('GET', path, signal)
  if (body === null) return
  let rest = ''
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as T
  }
}

const checked = async (response: Response): Promise<Response> => {
  if (response.ok) return response
  // A node that was started anew knows no sessions.
  if (response.status === 401) localStorage.removeItem(STORED)
  const problem = (await response.json().catch(() => undefined)) as Problem | undefined
  throw new ApiError(
    problem ?? { code: 'INTERNAL', message: `The node answered with status ${response.status}.`, hint: '' }
  )
}

/**
 * Stores a file. XMLHttpRequest, because fetch does not say how much of a body has been sent.
 *
 * @param onSent - share of the file that the node has, 0 to 1
 */
export const putFile = async (
  file: File,
  onSent: (share: number) => void,
  signal: AbortSignal
): Promise<void> => {
  const request = new XMLHttpRequest()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  request.upload.addEventListener('progress', ({ loaded, total }) => onSent(total === 0 ? 1 : loaded / total))
  request.addEventListener('load', () => {
    if (request.status < 300) return resolve()
    try {
      reject(new ApiError(JSON.parse(request.responseText) as Problem))
    } catch {
      reject(new Error(`The node answered with status ${request.status}.`))
    }
  })
  request.addEventListener('error', () => reject(new Error('The connection to the node broke.')))
  request.addEventListener('abort', () => reject(new Error('Stopped.')))
  signal.addEventListener('abort', () => request.abort(), { once: true })
  request.open('PUT', `/v1/objects?name=${encodeURIComponent(file.name)}`)
  for (const [name, value] of Object.entries(sessionHeaders())) request.setRequestHeader(name, value)
  request.send(file)
  await promise
}
