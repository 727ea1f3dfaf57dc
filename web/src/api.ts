// The node's HTTP interface (src/gateway/openapi.json) as the page sees it.
import { Gateway, linesOf } from '../../src/browser/index.ts'
import type { WebSessionJson } from '../../src/gateway/types.ts'

const STORED = 'thhe-session'

export const isSignedIn = (): boolean => localStorage.getItem(STORED) !== null

export const sessionHeaders = (): Record<string, string> => {
  const secret = localStorage.getItem(STORED)
  return secret === null ? {} : { 'thhe-session': secret }
}

/** Exchanges the code of `thhe web` for a session. @throws BrowserError 'BAD_CODE' */
export const openSession = async (code: string): Promise<void> => {
  const body = JSON.stringify({ code })
  const { secret } = await gateway.json<WebSessionJson>('POST', '/v1/web/session', { body })
  localStorage.setItem(STORED, secret)
}

export const closeSession = async (): Promise<void> => {
  await fetch('/v1/web/session', { method: 'DELETE', headers: sessionHeaders() })
  localStorage.removeItem(STORED)
}

/** The node that serves this page, with the session there is. */
export const gateway = new Gateway({ headers: sessionHeaders })

/** @throws BrowserError */
export const call = async (method: string, path: string, signal?: AbortSignal): Promise<Response> => {
  try {
    return await gateway.call(method, path, { signal })
  } catch (error) {
    // A node that was started anew knows no sessions.
    if ((error as { code?: unknown }).code === 'UNAUTHORIZED') localStorage.removeItem(STORED)
    throw error
  }
}

export const getJson = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await (await call('GET', path, signal)).json()) as T

/** The lines of an answer of JSON lines, as they come. */
export async function* getLines<T>(path: string, signal?: AbortSignal): AsyncGenerator<T> {
  yield* linesOf<T>(await call('GET', path, signal), signal)
}
