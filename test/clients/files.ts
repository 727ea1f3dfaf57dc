import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Writes files with names and sizes that a seed decides. */
export const writeTree = async (folder: string, sizes: readonly number[], seed: number): Promise<void> => {
  for (const [index, size] of sizes.entries()) {
    const path = join(folder, `dir ${index % 7}`, `file-${index} ä+&.bin`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytesOf(size, seed * 100_003 + index))
  }
}

/** Bytes that look random and are the same for the same seed. */
export const bytesOf = (size: number, seed: number): Buffer => {
  const bytes = Buffer.alloc(size)
  let block = createHash('sha256').update(String(seed)).digest()
  for (let at = 0; at < size; at += block.byteLength) {
    block.copy(bytes, at)
    block = createHash('sha256').update(block).digest()
  }
  return bytes
}

/** SHA-256 of every file under a folder, by its path in it. */
export const digestTree = async (folder: string): Promise<Map<string, string>> => {
  const digests = new Map<string, string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    digests.set(
      path.slice(folder.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
    )
  }
  return digests
}

/** @throws Error that names the first difference */
export const expectSameTree = async (a: string, b: string): Promise<void> => {
  const [x, y] = [await digestTree(a), await digestTree(b)]
  for (const path of new Set([...x.keys(), ...y.keys()])) {
    if (x.get(path) !== y.get(path)) throw new Error(`${path} differs between ${a} and ${b}`)
  }
  if (x.size === 0) throw new Error(`${a} has no files`)
}
