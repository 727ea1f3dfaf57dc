import type { IncomingMessage } from 'node:http'
import { GatewayError } from './problem.ts'

/** The whole body of a request as text. @throws GatewayError 'BAD_REQUEST' when it is larger */
export const readSmallBody = async (
  request: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal
): Promise<string> => {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    signal.throwIfAborted()
    bytes += part.byteLength
    if (bytes > maxBytes) throw new GatewayError('BAD_REQUEST', `The body has at most ${maxBytes} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
