import { BrowserError, gatewayGone } from './errors.ts'
import { bytesOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'

/** Half-open. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Bytes as they are stored, sealed where the object is, and what the node says of it. */
export interface Stored {
  readonly objectBytes: number
  readonly isSealed: boolean
  readonly kind: 'blob' | 'tensor'
  /** Ends after exactly the bytes of the range that there are, or throws. */
  readonly bytes: AsyncGenerator<Uint8Array>
  /** Lets go of the connection. */
  close: () => void
}

/** @throws BrowserError with the node's own code, 'GATEWAY_GONE', 'NOT_A_NODE' */
export const fetchStored = async (
  gateway: Gateway,
  cid: string,
  range: ByteRange,
  signal?: AbortSignal
): Promise<Stored> => {
  const left = new AbortController()
  const either = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal])
  const response = await gateway.call('GET', `/v1/objects/${cid}`, {
    headers: { range: `bytes=${range.start}-${range.end - 1}` },
    signal: either,
    // What is sealed fills caches for nothing.
    cache: 'no-store'
  })
  const objectBytes = Number(response.headers.get('thhe-size') ?? Number.NaN)
  const isCut = response.status === 206
  if (!Number.isSafeInteger(objectBytes) || objectBytes < 0 || (!isCut && range.start > 0)) {
    left.abort()
    throw new BrowserError({
      code: 'NOT_A_NODE',
      message: 'What answers here is not a THHE node.',
      hint: 'Check the address.'
    })
  }
  return {
    objectBytes,
    isSealed: response.headers.get('thhe-sealed') === 'true',
    kind: response.headers.get('thhe-kind') === 'tensor' ? 'tensor' : 'blob',
    bytes: exactly(response, Math.max(0, Math.min(range.end, objectBytes) - range.start), signal),
    close: () => left.abort()
  }
}

/** A connection that ends early, or well with too few bytes, must never pass for the whole. */
async function* exactly(
  response: Response,
  expected: number,
  signal: AbortSignal | undefined
): AsyncGenerator<Uint8Array> {
  let left = expected
  for await (const piece of bytesOf(response, signal)) {
    const part = piece.subarray(0, left)
    left -= part.byteLength
    if (part.byteLength > 0) yield part
    if (left === 0) return
  }
  if (left > 0) throw gatewayGone()
}

/** All bytes of a source, of which there are at most `maxBytes`. @throws RangeError for more */
export const collected = async (
  source: AsyncIterable<Uint8Array>,
  maxBytes: number
): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = new Uint8Array(maxBytes)
  let at = 0
  for await (const part of source) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes.subarray(0, at)
}
