import type { Problem } from '../gateway/problem.ts'
import { BrowserError, gatewayGone } from './errors.ts'

export interface GatewayInit {
  /** 'http://127.0.0.1:4780'. @default '': the origin of this page */
  readonly url?: string
  /** Of the node; only puts need it. */
  readonly token?: string
  /** Further headers of every request. */
  readonly headers?: () => Readonly<Record<string, string>>
}

/** The HTTP interface of one node. */
export class Gateway {
  readonly #url: string
  readonly #headers: () => Readonly<Record<string, string>>

  constructor({ url = '', token, headers = () => ({}) }: GatewayInit = {}) {
    this.#url = url.replace(/\/$/, '')
    this.#headers = () => ({
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers()
    })
  }

  /** @throws BrowserError with the node's own code, or 'GATEWAY_GONE'; the reason of `signal` */
  async call(
    method: string,
    path: string,
    { headers, ...init }: Omit<RequestInit, 'method' | 'headers'> & { headers?: Record<string, string> } = {}
  ): Promise<Response> {
    let response: Response
    try {
      response = await fetch(this.#url + path, {
        ...init,
        method,
        headers: { ...this.#headers(), ...headers }
      })
    } catch (error) {
      init.signal?.throwIfAborted()
      throw error instanceof TypeError ? gatewayGone() : error
    }
    if (response.ok) return response
    // An answer without a problem in JSON came from something else on the way: the status is all there is.
    const problem = (await response.json().catch(() => undefined)) as Problem | undefined
    throw new BrowserError(
      problem ?? {
        code: 'INTERNAL',
        message: `The node answered with status ${response.status}.`,
        hint: ''
      }
    )
  }

  async json<T>(method: string, path: string, init?: Parameters<Gateway['call']>[2]): Promise<T> {
    return (await (await this.call(method, path, init)).json()) as T
  }
}

/** The bytes of an answer. A connection that breaks throws; leaving the loop lets go of it. */
export async function* bytesOf(response: Response, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((): never => {
        signal?.throwIfAborted()
        throw gatewayGone()
      })
      if (done) return
      yield value
    }
  } finally {
    // Of an answer that has ended there is nothing to cancel.
    await reader.cancel().catch(() => {})
  }
}

/** The lines of an answer of JSON lines, as they come. */
export async function* linesOf<T>(response: Response, signal?: AbortSignal): AsyncGenerator<T> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const part of bytesOf(response, signal)) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as T
  }
}
