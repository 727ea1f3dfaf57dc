export { noise, sha256 } from '../hologram/support.ts'

/** `bytes` in pieces of the given sizes, over and over. */
export async function* pieces(
  bytes: Uint8Array,
  sizes: readonly number[] = [bytes.byteLength]
): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length])
    yield bytes.subarray(at, at + size)
    at += size
  }
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return new Uint8Array(Buffer.concat(parts))
}

/** The `code` of what `run` throws; undefined when it does not. */
export async function codeOf(run: () => unknown): Promise<unknown> {
  try {
    await run()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}
