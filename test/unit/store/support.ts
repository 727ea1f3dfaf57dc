import { createCipheriv, createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { systemClock, type Clock } from '../../../src/clock/index.ts'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import type { KeepObjectOptions, KeepOutcome, StoredLease } from '../../../src/hologram/holdings.ts'
import type { Store } from '../../../src/store/index.ts'

export const DAY_MS = 24 * 60 * 60 * 1000
export const PLENTY_BYTES = 1024 ** 3
const DAG_CBOR = 0x71

/** The machine's clock with another wall time. */
export const clockAt = (nowMs: () => number): Clock => ({ ...systemClock, nowMs })

/** A folder for the tests of one suite, removed after each. */
export function useFolder(): () => string {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thhe-store-'))
  })
  afterEach(async () => await rm(folder, { recursive: true, force: true }))
  return () => join(folder, 'store')
}

/** Bytes that are the same for the same seed, and unlike those of another. */
export function bytesOf(seed: string, length: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest()
  return new Uint8Array(createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(length)))
}

export async function cidOf(bytes: Uint8Array): Promise<CID> {
  return CID.createV1(DAG_CBOR, await sha256.digest(bytes))
}

/** A shard, its object, and the upload it comes in by. */
export interface Sample {
  readonly cid: CID
  readonly manifest: Uint8Array
  readonly upload: Uint8Array
  readonly shard: number
  readonly blocks: readonly Uint8Array[]
}

/** Blocks of several sizes, as at the end of a layer. */
export async function sample(
  seed: string,
  blockSizes: readonly number[] = [4096, 4096, 320, 64],
  shard = 2
): Promise<Sample> {
  const manifest = bytesOf(`manifest ${seed}`, 300)
  return {
    cid: await cidOf(manifest),
    manifest,
    upload: createHash('sha256').update(`upload ${seed}`).digest(),
    shard,
    blocks: blockSizes.map((size, i) => bytesOf(`block ${seed} ${i}`, size))
  }
}

export async function storeSample(
  store: Store,
  { cid, manifest, upload, shard, blocks }: Sample
): Promise<void> {
  const open = await store.openUpload(upload, shard, 0)
  for (const block of blocks) await open.append(block, leafHash(block))
  await open.commit(cid, manifest)
}

/** All blocks of a shard as the store gives them back; undefined when it does not hold it. */
export async function readSample(
  store: Store,
  { cid, shard }: Pick<Sample, 'cid' | 'shard'>
): Promise<Uint8Array[] | undefined> {
  const reader = await store.openShard(cid, shard)
  if (reader === undefined) return undefined
  try {
    const blocks: Uint8Array[] = []
    for (let i = 0; i < reader.blocks; i++) blocks.push(await reader.read(i))
    return blocks
  } finally {
    await reader.close()
  }
}

export function leavesOf(blocks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(blocks.map(leafHash)))
}

export function leaseOf(lease: Partial<StoredLease> = {}): StoredLease {
  const whole = { lessee: 'lessee', sequence: 1n, expiresAtMs: DAY_MS, tombstone: false, ...lease }
  return { signed: bytesOf(`${whole.lessee} ${whole.sequence}`, 120), ...whole }
}

/** Keeps a placement record beside a manifest and a lease, as a holder does. */
export async function keepPlacement(
  store: Store,
  { cid, manifest }: Pick<Sample, 'cid' | 'manifest'>,
  { record, sequence }: { record: Uint8Array; sequence: bigint },
  { lease = leaseOf(), ...options }: Partial<KeepObjectOptions> & { lease?: StoredLease } = {}
): Promise<KeepOutcome> {
  const placement = { record, sequence }
  return await store.keepObject(cid, { manifest, lease, placement }, { nowMs: 0, ...options })
}

/** Keeps a manifest, with a lease of the kind that `leaseOf` makes. */
export async function keepManifest(
  store: Store,
  cid: CID,
  manifest: Uint8Array,
  options: Partial<KeepObjectOptions> = {}
): Promise<KeepOutcome> {
  return await store.keepObject(cid, { manifest, lease: leaseOf() }, { nowMs: 0, ...options })
}

export const plain = (bytes: Uint8Array | undefined): Uint8Array | undefined => bytes && new Uint8Array(bytes)

/** The `code` that a promise rejects with; 'resolved' when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error)
  }
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
