import { createHash } from 'node:crypto'
import { Uint8ArrayList } from 'uint8arraylist'
import { leafHash } from '../../../encoder/index.ts'
import { isLive } from '../../../src/hologram/records/lease.ts'
import { CID } from 'multiformats/cid'
import type {
  Collected,
  HeldShard,
  Holdings,
  KeepObjectOptions,
  KeepOutcome,
  KeptObject,
  ShardReader,
  ShardUpload,
  StoredLease,
  StoredStatement,
  UploadOptions,
  UploadSummary
} from '../../../src/hologram/holdings.ts'

interface Blocks {
  readonly blocks: Uint8Array[]
  readonly leaves: Uint8Array[]
}

export interface MemoryHoldingsInit {
  /** @default none */
  readonly quotaBytes?: number
}

/** The error of a store, which is known by its code. */
export function storeError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** Holdings without a disk, for tests of what stands on them. Keeps to the contract, durability aside. */
export class MemoryHoldings implements Holdings {
  readonly shards = new Map<string, Blocks>()
  /** Damaged blocks by shard, as a test sets them. */
  readonly badBlocks = new Map<string, number>()
  readonly manifests = new Map<string, Uint8Array>()
  readonly placements = new Map<string, { record: Uint8Array; sequence: bigint }>()
  readonly leasesByObject = new Map<string, Map<string, StoredLease>>()
  readonly owned = new Map<string, { cid: CID; value: Uint8Array }>()
  readonly oneShots = new Set<string>()
  readonly #uploads = new Map<string, Blocks>()
  readonly #open = new Set<string>()
  readonly #quotaBytes: number
  #usedBytes = 0

  constructor({ quotaBytes = Infinity }: MemoryHoldingsInit = {}) {
    this.#quotaBytes = quotaBytes
  }

  get openUploads(): number {
    return this.#open.size
  }

  async openUpload(
    upload: Uint8Array,
    shard: number,
    expectedBytes: number,
    { oneShot = false }: UploadOptions = {}
  ): Promise<ShardUpload> {
    const key = `${Buffer.from(upload).toString('hex')} ${shard}`
    if (oneShot) this.oneShots.add(key)
    if (this.#open.has(key)) throw storeError('UPLOAD_BUSY')
    if (this.#usedBytes + expectedBytes > this.#quotaBytes) throw storeError('QUOTA_EXCEEDED')
    this.#open.add(key)
    const held = this.#uploads.get(key) ?? { blocks: [], leaves: [] }
    this.#uploads.set(key, held)
    return {
      blocksHeld: held.blocks.length,
      bytesHeld: held.blocks.reduce((sum, { byteLength }) => sum + byteLength, 0),
      heldDigest: createHash('sha256').update(Buffer.concat(held.leaves)).digest(),
      append: async (block, leaf) => {
        if (this.#usedBytes + block.byteLength > this.#quotaBytes) throw storeError('QUOTA_EXCEEDED')
        this.#usedBytes += block.byteLength
        held.blocks.push(new Uint8ArrayList(block).slice())
        held.leaves.push(Uint8Array.from(leaf))
      },
      leaves: () => new Uint8Array(Buffer.concat(held.leaves)),
      reset: async () => {
        held.blocks.length = 0
        held.leaves.length = 0
      },
      commit: async (cid, manifest) => {
        this.shards.set(`${cid.toString()} ${shard}`, held)
        this.manifests.set(cid.toString(), manifest)
        this.#uploads.delete(key)
      },
      abandon: async () => {
        this.#uploads.delete(key)
        this.#open.delete(key)
      },
      close: async () => {
        this.#open.delete(key)
      }
    }
  }

  async *listUploads(): AsyncGenerator<UploadSummary> {
    for (const [key, { blocks }] of this.#uploads) {
      const sizeBytes = blocks.reduce((sum, { byteLength }) => sum + byteLength, 0)
      const oneShot = this.oneShots.has(key)
      yield {
        shard: Number(key.split(' ')[1]),
        sizeBytes,
        touchedAtMs: 0,
        oneShot,
        isOpen: this.#open.has(key)
      }
    }
  }

  async openShard(cid: CID, shard: number): Promise<ShardReader | undefined> {
    const held = this.shards.get(`${cid.toString()} ${shard}`)
    if (held === undefined) return undefined
    return {
      blocks: held.blocks.length,
      read: async (index, options) => {
        options?.signal?.throwIfAborted()
        const block = held.blocks[index]
        if (Buffer.compare(leafHash(block), held.leaves[index]) !== 0) throw storeError('CORRUPT')
        return block
      },
      leaves: async () => new Uint8Array(Buffer.concat(held.leaves)),
      leafRange: async (first, count) =>
        new Uint8Array(Buffer.concat(held.leaves.slice(first, first + count))),
      subtreeRoots: async () => undefined,
      close: async () => {}
    }
  }

  async dropShards(
    cid: CID,
    first = 0,
    isUnwanted: (leases: readonly StoredLease[]) => boolean = () => true
  ): Promise<void> {
    if (!isUnwanted(await this.leases(cid))) return
    for (const shard of await this.shardsOf(cid))
      if (shard >= first) this.shards.delete(`${cid.toString()} ${shard}`)
  }

  async dropShard(cid: CID, shard: number): Promise<void> {
    this.shards.delete(`${cid.toString()} ${shard}`)
  }

  async shardsOf(cid: CID): Promise<number[]> {
    return [...this.shards.keys()]
      .map((key) => key.split(' '))
      .filter(([id]) => id === cid.toString())
      .map(([, shard]) => Number(shard))
      .sort((a, b) => a - b)
  }

  async heldShards(cid: CID): Promise<HeldShard[]> {
    const shards = await this.shardsOf(cid)
    return shards.map((shard) => ({
      shard,
      badBlocks: this.badBlocks.get(`${cid.toString()} ${shard}`) ?? 0
    }))
  }

  async *listShards(): AsyncGenerator<never> {}

  async keepObject(
    cid: CID,
    { manifest, lease, placement }: KeptObject,
    { maxLeases = Infinity, nowMs }: KeepObjectOptions
  ): Promise<KeepOutcome> {
    const kept = await this.leases(cid)
    const earlier = kept.find(({ lessee }) => lessee === lease.lessee)
    if (earlier === undefined && kept.length >= maxLeases) return { outcome: 'too-many-leases' }
    if (earlier !== undefined && earlier.sequence >= lease.sequence && !isLive(earlier, nowMs))
      return { outcome: 'ended' }
    await this.putLease(cid, lease)
    this.manifests.set(cid.toString(), manifest)
    const known = this.placements.get(cid.toString())
    if (placement !== undefined && (known === undefined || known.sequence < placement.sequence)) {
      this.placements.set(cid.toString(), placement)
    }
    return { outcome: 'kept', lease: this.leasesByObject.get(cid.toString())!.get(lease.lessee)! }
  }

  async getManifest(cid: CID): Promise<Uint8Array | undefined> {
    return this.manifests.get(cid.toString())
  }

  async getPlacement(cid: CID): Promise<Uint8Array | undefined> {
    return this.placements.get(cid.toString())?.record
  }

  readonly statementsByObject = new Map<string, Map<string, StoredStatement>>()

  async putStatement(cid: CID, statement: StoredStatement, maxStatements: number): Promise<void> {
    const statements = this.statementsByObject.get(cid.toString()) ?? new Map<string, StoredStatement>()
    this.statementsByObject.set(cid.toString(), statements)
    const earlier = statements.get(statement.holder)
    if (earlier === undefined && statements.size >= maxStatements) return
    if (earlier === undefined || earlier.sequence < statement.sequence)
      statements.set(statement.holder, statement)
  }

  async statements(cid: CID): Promise<StoredStatement[]> {
    return [...(this.statementsByObject.get(cid.toString())?.values() ?? [])]
  }

  async *listObjects(): AsyncGenerator<CID> {
    for (const id of this.manifests.keys()) yield CID.parse(id)
  }

  async putLease(cid: CID, lease: StoredLease): Promise<boolean> {
    const leases = this.leasesByObject.get(cid.toString()) ?? new Map<string, StoredLease>()
    this.leasesByObject.set(cid.toString(), leases)
    const earlier = leases.get(lease.lessee)
    if (earlier !== undefined && earlier.sequence >= lease.sequence) return false
    leases.set(lease.lessee, lease)
    return true
  }

  async leases(cid: CID): Promise<StoredLease[]> {
    return [...(this.leasesByObject.get(cid.toString())?.values() ?? [])]
  }

  async putOwned(cid: CID, value: Uint8Array): Promise<void> {
    this.owned.set(cid.toString(), { cid, value })
  }

  async getOwned(cid: CID): Promise<Uint8Array | undefined> {
    return this.owned.get(cid.toString())?.value
  }

  async deleteOwned(cid: CID): Promise<void> {
    this.owned.delete(cid.toString())
  }

  async *listOwned(): AsyncGenerator<{ cid: CID; value: Uint8Array }> {
    yield* this.owned.values()
  }

  async usage(): Promise<{ quotaBytes: number; usedBytes: number; freeBytes: number }> {
    const quotaBytes = this.#quotaBytes
    return { quotaBytes, usedBytes: this.#usedBytes, freeBytes: quotaBytes - this.#usedBytes }
  }

  async collectGarbage(): Promise<Collected> {
    return { freedBytes: 0, removedObjects: 0, removedUploads: 0, clockTrusted: true }
  }
}
