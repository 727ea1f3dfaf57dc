import type { BegunPutJson, PutLine, PutResultJson, TakenPartJson } from '../gateway/types.ts'
import { cleanName, sealedObjectBytes, sealObject } from '../seal/index.ts'
import { BrowserError, gatewayGone } from './errors.ts'
import { linesOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'

/** What is to be put: a file of the user, bytes, or a stream of them. */
export type BytesSource = Blob | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

export interface PutProgress {
  /** Stored bytes that the node has taken, and all of them; the latter undefined for a stream. */
  readonly sentBytes: number
  readonly totalBytes: number | undefined
  /** Whole shards that peers have on their disks. */
  readonly shardsAcknowledged: number
}

export interface PutOptions {
  /** Travels with a sealed object, and stands in the list of the node. */
  readonly name?: string
  /** Do not seal: whoever has the id can read it. @default false */
  readonly public?: boolean
  readonly k?: number
  readonly n?: number
  readonly margin?: number
  /** Accept fewer than n shards when there are fewer than n peers. */
  readonly fewer?: boolean
  /** '30d' */
  readonly lease?: string
  readonly onProgress?: (progress: PutProgress) => void
  readonly signal?: AbortSignal
}

export interface PutOutcome extends PutResultJson {
  /** With the key after '#', unless public: it is nowhere else. */
  readonly link: string
  readonly name: string
}

/** One request carries so much: a few of them are all that a put keeps in memory. */
const PART_BYTES = 4 << 20
const KEY_BYTES = 32

/**
 * Seals bytes here, unless they are public, and has the node spread them over its peers as they come. Resolves when k and the
 * margin of shards are on as many disks. The next part is sealed while one is sent.
 *
 * @throws BrowserError with the node's own code, 'GATEWAY_GONE', 'NO_CRYPTO'; the reason of `signal`; what the source throws
 */
export const putBytes = async (
  gateway: Gateway,
  source: BytesSource,
  { onProgress = () => {}, signal, name: given = '', public: isPublic = false, ...asked }: PutOptions = {}
): Promise<PutOutcome> => {
  if (!isPublic) needCryptography()
  const name = cleanName(given)
  const key = isPublic ? undefined : crypto.getRandomValues(new Uint8Array(KEY_BYTES))
  const plain = piecesOf(source)
  const sizeBytes = sizeOf(source)
  const totalBytes = key === undefined || sizeBytes === undefined ? sizeBytes : sealedObjectBytes(sizeBytes)
  const parts = partsOf(key === undefined ? plain : sealObject(key, name)(plain))
  const query = queryOf({ ...asked, name, sealed: !isPublic, size: totalBytes })
  const { put } = await gateway.json<BegunPutJson>('POST', `/v1/puts?${query}`, { signal })
  try {
    let at = 0
    let next = parts.next()
    for (;;) {
      const { value: bytes } = await next
      if (bytes === undefined) throw new Error('The last part of the put was not seen.')
      const { isLast, blob } = bytes
      if (!isLast) next = quietly(parts.next())
      const path = `/v1/puts/${put}?at=${at}${isLast ? '&last=true' : ''}`
      const answer = await gateway.call('POST', path, { body: blob, signal })
      at += blob.size
      if (isLast) {
        const told = (shardsAcknowledged: number): void =>
          onProgress({ sentBytes: at, totalBytes: at, shardsAcknowledged })
        const result = await resultOf(answer, told, signal)
        const fragment = key === undefined ? '' : `#${base64url(key)}`
        return { ...result, link: result.link + fragment, name }
      }
      const { takenBytes, progress } = (await answer.json()) as TakenPartJson
      onProgress({ sentBytes: takenBytes, totalBytes, shardsAcknowledged: progress.shardsAcknowledged })
    }
  } catch (error) {
    // Only to free its memory sooner: without this the node gives the put up after some minutes by itself.
    await gateway.call('DELETE', `/v1/puts/${put}`, { keepalive: true }).catch(() => {})
    signal?.throwIfAborted()
    throw error
  } finally {
    await parts.return(undefined)
  }
}

/** @throws BrowserError 'NO_CRYPTO' where the browser gives a page no cryptography */
export const needCryptography = (): void => {
  if ((globalThis.crypto as { readonly subtle?: unknown } | undefined)?.subtle !== undefined) return
  throw new BrowserError({
    code: 'NO_CRYPTO',
    message:
      'This page cannot seal or open anything: browsers give cryptography to pages from https:// and from their own machine only.',
    hint: 'Open the page on the machine of the node, or through a tunnel: ssh -L 4780:127.0.0.1:4780 HOST'
  })
}

/** For a promise that is awaited later: a failure before that must not count as unhandled. The one who awaits it gets it. */
const quietly = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => {})
  return promise
}

const resultOf = async (
  answer: Response,
  onShards: (acknowledged: number) => void,
  signal: AbortSignal | undefined
): Promise<PutResultJson> => {
  for await (const line of linesOf<PutLine>(answer, signal)) {
    if ('progress' in line) onShards(line.progress.shardsAcknowledged)
    if ('problem' in line) throw new BrowserError(line.problem)
    if ('result' in line) return line.result
  }
  throw gatewayGone()
}

/** Cuts a stream into bodies of requests; there is always a last one, which may be empty. */
async function* partsOf(
  source: AsyncIterable<Uint8Array>
): AsyncGenerator<{ readonly blob: Blob; readonly isLast: boolean }, undefined> {
  let pieces: Array<Uint8Array<ArrayBuffer>> = []
  let bytes = 0
  for await (const piece of source) {
    if (bytes >= PART_BYTES) {
      yield { blob: new Blob(pieces), isLast: false }
      pieces = []
      bytes = 0
    }
    pieces.push(piece as Uint8Array<ArrayBuffer>)
    bytes += piece.byteLength
  }
  yield { blob: new Blob(pieces), isLast: true }
  return undefined
}

async function* piecesOf(source: BytesSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source
  else if (source instanceof Blob) yield* piecesOf(source.stream() as ReadableStream<Uint8Array>)
  else if (source instanceof ReadableStream) {
    // Not every browser iterates over streams.
    const reader = (source as ReadableStream<Uint8Array>).getReader()
    try {
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return
        yield value
      }
    } finally {
      // Nothing is read any more, so how the source takes it does not matter.
      await reader.cancel().catch(() => {})
    }
  } else yield* source
}

const sizeOf = (source: BytesSource): number | undefined =>
  source instanceof Blob ? source.size : source instanceof Uint8Array ? source.byteLength : undefined

const queryOf = (values: Readonly<Record<string, string | number | boolean | undefined>>): URLSearchParams =>
  new URLSearchParams(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]]
    )
  )

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
