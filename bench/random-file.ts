import { createHash, randomFillSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'

const PIECE_BYTES = 4 * 2 ** 20

/** Writes a file of random bytes, piece by piece; returns its SHA-256, hexadecimal. */
export const createRandomFile = async (path: string, bytes: number): Promise<string> => {
  const digest = createHash('sha256')
  const file = await open(path, 'w')
  for (let written = 0; written < bytes; written += PIECE_BYTES) {
    const piece = randomFillSync(Buffer.allocUnsafe(Math.min(PIECE_BYTES, bytes - written)))
    digest.update(piece)
    await file.write(piece)
  }
  await file.close()
  return digest.digest('hex')
}

/** SHA-256 of a file, hexadecimal. */
export const digestOf = async (path: string): Promise<string> => {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path)) digest.update(chunk as Uint8Array)
  return digest.digest('hex')
}

/** Bytes per second of writing `files` files of `bytes` each from memory, 1 MiB a time, side by side, and fsyncing them. */
export const measureDisk = async (folder: string, files: number, bytes: number): Promise<number> => {
  const piece = randomFillSync(Buffer.allocUnsafe(2 ** 20))
  const started = performance.now()
  const writeOne = async (index: number): Promise<void> => {
    const file = await open(`${folder}/disk-${index}`, 'w')
    for (let written = 0; written < bytes; written += piece.byteLength) {
      await file.write(piece, 0, Math.min(piece.byteLength, bytes - written))
    }
    await file.sync()
    await file.close()
  }
  await Promise.all(Array.from({ length: files }, async (_, index) => writeOne(index)))
  return (files * bytes) / ((performance.now() - started) / 1000)
}
