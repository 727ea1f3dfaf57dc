// Small things that share an object: each is sealed under a key of its own, so that the key of one opens no other.
import { sealedStreamBytes, sealStream, unsealStream } from '../seal/index.ts'

/** Bytes that a thing of `plainBytes` takes in a pack. */
export const storedBytes = (plainBytes: number, isSealed: boolean): number =>
  isSealed ? sealedStreamBytes(plainBytes) : plainBytes

/** @param key - made of these very bytes (`folderPartKey`); undefined leaves them as they are */
export async function sealItem(bytes: Uint8Array, key: Uint8Array | undefined): Promise<Uint8Array> {
  return key === undefined ? bytes : await joined(sealStream(key)(once(bytes)))
}

/** @throws SealError 'WRONG_KEY' | 'CORRUPT' | 'TRUNCATED' */
export async function openItem(stored: Uint8Array, key: Uint8Array | undefined): Promise<Uint8Array> {
  return key === undefined ? stored : await joined(unsealStream(key)(once(stored)))
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function joined(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of source) {
    parts.push(part)
    length += part.byteLength
  }
  if (parts.length === 1) return parts[0]
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}
