import { request } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly body: Buffer
  /** False when the connection broke before the answer was whole. */
  readonly complete: boolean
}

/** One request over its own connection; a broken answer is returned, not thrown. */
export const ask = (
  url: string,
  method: string,
  path: string,
  init: { headers?: OutgoingHttpHeaders; body?: string | Uint8Array } = {}
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers: init.headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      const done = (): void => {
        const { statusCode = 0, headers, trailers, complete } = response
        resolve({ status: statusCode, headers, trailers, body: Buffer.concat(parts), complete })
      }
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', done)
      response.on('error', done)
    })
    sent.on('error', reject)
    sent.end(init.body)
  })

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` })

export const linesOf = (body: Buffer): Array<Record<string, unknown>> =>
  body
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
