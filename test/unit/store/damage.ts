// Damage that a disk does, for tests.
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'

/** The file of the only shard under `shards/` with this suffix. */
export async function shardFile(store: string, suffix: '.blocks' | '.leaves'): Promise<string> {
  const files = await shardFiles(store)
  return files.find((name) => name.endsWith(suffix))!
}

export async function shardFiles(store: string): Promise<string[]> {
  const names = await readdir(join(store, 'shards'), { recursive: true })
  return names
    .filter((name) => name.endsWith('.blocks') || name.endsWith('.leaves'))
    .map((name) => join(store, 'shards', name))
}

export async function flipBit(path: string, position: number): Promise<void> {
  const file = await open(path, 'r+')
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position)
  buffer[0] ^= 4
  await file.write(buffer, 0, 1, position)
  await file.close()
}

/** One copy of the index, or both. */
export type Copies = readonly ('index' | 'mirror')[]
export const BOTH: Copies = ['index', 'mirror']

/** Flips a bit in the value of every entry of a kind, in a store that is closed. */
export async function damageEntries(store: string, kind: string, copies: Copies): Promise<void> {
  for (const copy of copies) {
    const level = new ClassicLevel<Buffer, Buffer>(join(store, copy), {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer'
    })
    const end = String.fromCharCode(kind.charCodeAt(0) + 1)
    for await (const [key, value] of level.iterator({ gte: Buffer.from(kind), lt: Buffer.from(end) })) {
      value[20 % value.length] ^= 1
      await level.put(key, value)
    }
    await level.close()
  }
}
