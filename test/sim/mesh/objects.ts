// What the simulated users store, and what is known about it.

import { createHash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { neededShards } from '../../../src/hologram/index.ts'
import type { CodeName } from '../../../src/hologram/index.ts'
import type { Prng } from '../engine/index.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

/** Sizes are spread evenly over their logarithm: many small objects, few large ones. */
const MIN_BYTES = 256

export interface StoredObject {
  readonly cid: CID
  readonly sha256: string
  readonly size: number
  /** Shards needed to read it; 1 for an object that is copied whole. */
  readonly k: number
  /** Shards, or copies. */
  readonly n: number
  readonly owner: SimNode
  /** False once losses for good have left fewer than k shards: nothing is promised any more. */
  isEntitled: boolean
}

export function randomSize(prng: Prng, maxBytes: number): number {
  return Math.floor(MIN_BYTES * (maxBytes / MIN_BYTES) ** prng.unit())
}

/** Content that is the same for the same number, and compresses and repeats nowhere. */
export function content(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const words = new Uint32Array(bytes.buffer, 0, size >> 2)
  let state = Math.imul(number + 1, 0x9e3779b9) >>> 0
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  for (let i = words.length * 4; i < size; i++) bytes[i] = (number + i) & 0xff
  return bytes
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Puts object `number` from `owner`. @throws what the put throws */
export async function putObject(
  world: World,
  owner: SimNode,
  number: number,
  size: number,
  code?: CodeName
): Promise<StoredObject> {
  const bytes = content(number, size)
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < size; at += 65_536) yield bytes.subarray(at, at + 65_536)
  }
  const options = { name: `object-${number}`, sizeHint: size, code }
  const { cid, manifest } = await owner.hologram!.put(pieces(), options)
  world.trace('put', owner.host, cid.toString(), size)
  const k = manifest.inline === undefined ? neededShards(manifest) : 1
  return { cid, sha256: digestOf(bytes), size, k, n: manifest.n, owner, isEntitled: true }
}

/** Reads a whole object. @returns whether the bytes are those that were put @throws what the get throws */
export async function readObject(world: World, reader: SimNode, object: StoredObject): Promise<boolean> {
  const { bytes } = await reader.hologram!.get(object.cid)
  const hash = createHash('sha256')
  for await (const piece of bytes) hash.update(piece)
  const isRight = hash.digest('hex') === object.sha256
  world.trace('read', reader.host, object.cid.toString(), String(isRight))
  return isRight
}

/** Different shards (or whole copies) of an object on the disks of running nodes, as the stores themselves say. */
export async function liveShards(world: World, object: StoredObject): Promise<number> {
  const shards = new Set<number>()
  for (const node of world.nodes) {
    if (node.store === undefined) continue
    if (object.k === 1) {
      if ((await node.store.getManifest(object.cid)) !== undefined) shards.add(node.host)
    } else {
      for (const shard of await node.store.shardsOf(object.cid)) shards.add(shard)
    }
  }
  return shards.size
}
