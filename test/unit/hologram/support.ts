import { createCipheriv, createHash } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { leafHash, MerkleTree } from '../../../encoder/index.ts'
import { Layout } from '../../../src/hologram/records/layout.ts'
import { signLease } from '../../../src/hologram/records/lease.ts'
import {
  encodeManifest,
  manifestCid,
  type Layer,
  type Manifest
} from '../../../src/hologram/records/manifest.ts'
import { placementSeed } from '../../../src/hologram/records/seed.ts'
import { isFramingError, type FramingErrorCode } from '../../../protocols/framing/index.ts'
import { isHologramError, type HologramErrorCode } from '../../../src/hologram/errors.ts'
import type { Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { Signer } from '../../../protocols/signed.ts'

export const NETWORK = new Uint8Array(32).fill(0xab)
export const OTHER_NETWORK = new Uint8Array(32).fill(0xcd)
/** When tests happen: 2030-01-01. */
export const NOW_MS = Date.UTC(2030, 0, 1)
export const DAY_MS = 24 * 60 * 60 * 1000

/** Peer number `number`, the same in every run. */
export async function signer(number: number): Promise<Signer> {
  const seed = createHash('sha256').update(`peer ${number}`).digest()
  const key = await generateKeyPairFromSeed('Ed25519', seed)
  return { peer: peerIdFromPrivateKey(key), sign: (bytes) => key.sign(bytes) }
}

/** Bytes that look random and are the same in every run. */
export function noise(length: number, seed = 1): Uint8Array {
  const key = createHash('sha256').update(`noise ${seed}`).digest()
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16))
  return Uint8Array.from(cipher.update(new Uint8Array(length)))
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

export interface CodedObject {
  readonly manifest: Manifest
  readonly bytes: Uint8Array
  readonly cid: CID
  /** shards[i] are the blocks of shard i. */
  readonly shards: readonly Uint8Array[][]
}

/**
 * An object whose shards are right in size and under their roots. What is in the blocks is noise: holders do not
 * decode.
 */
export function codedObject(
  geometry: { n?: number; blockBytes?: number; layers?: Layer[]; seed?: number } = {}
): CodedObject {
  const { n = 4, blockBytes = 256, layers = [{ k: 2, length: 2000 }], seed = 1 } = geometry
  const layout = new Layout({ blockBytes, layers })
  const shards = Array.from({ length: n }, (_, shard) =>
    Array.from({ length: layout.segments }, (_, index) =>
      noise(layout.blockBytesAt(index), seed * 1000 + shard * 100 + index)
    )
  )
  const manifest: Manifest = {
    version: 1,
    kind: layers.length > 1 ? 'tensor' : 'blob',
    size: layout.size,
    sealed: false,
    code: 'rs8',
    n,
    blockBytes,
    layers,
    roots: shards.map((blocks) => new MerkleTree(Buffer.concat(blocks.map(leafHash))).root),
    seed: placementSeed(noise(32, seed)),
    digest: sha256(noise(32, seed)),
    ...(layers.length > 1 ? { tensor: Uint8Array.of(1) } : {})
  }
  const bytes = encodeManifest(manifest)
  return { manifest, bytes, cid: manifestCid(bytes), shards }
}

export function inlineManifest(content: Uint8Array, n = 3): Manifest {
  return {
    version: 1,
    kind: 'blob',
    size: content.byteLength,
    sealed: false,
    code: 'rs8',
    n,
    blockBytes: 65536,
    layers: [{ k: 1, length: content.byteLength }],
    roots: [],
    seed: placementSeed(content),
    digest: sha256(content),
    inline: content
  }
}

export async function leaseOn(
  cid: CID,
  lessee: Signer,
  fields: { sequence?: bigint; expiresAtMs?: number; tombstone?: boolean; network?: Uint8Array } = {}
): Promise<Uint8Array> {
  const { sequence = 1n, expiresAtMs = NOW_MS + DAY_MS, tombstone = false, network = NETWORK } = fields
  return await signLease(network, { cid, sequence, expiresAtMs, tombstone }, lessee)
}

/** The error that `run` throws or rejects with. */
export async function errorOf(run: () => unknown): Promise<unknown> {
  try {
    await run()
  } catch (error) {
    return error
  }
  throw new Error('expected an error')
}

/** The code of the HologramError or FramingError that `run` throws; any other error is thrown on. */
export async function codeOf(run: () => unknown): Promise<HologramErrorCode | FramingErrorCode> {
  const error = await errorOf(run)
  if (isHologramError(error) || isFramingError(error)) return error.code
  throw error
}

/** Makes a stream behave as it does when the peer's window is full and a lot waits to be sent. */
export function stalledStream(stream: Stream): { drain: () => void } {
  const send = stream.send.bind(stream)
  let waiting = 0
  Object.defineProperty(stream, 'writeBufferLength', { get: () => waiting })
  stream.send = (data) => {
    send(data)
    stream.writableNeedsDrain = true
    waiting = 2 ** 24
    return false
  }
  const drain = () => {
    waiting = 0
    stream.dispatchEvent(new Event('drain'))
  }
  return { drain }
}
