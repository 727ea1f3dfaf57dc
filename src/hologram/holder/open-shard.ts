import { setImmediate } from 'node:timers/promises'
import { equals } from 'uint8arrays/equals'
import { isLive } from '../records/lease.ts'
import { decodeManifest } from '../records/manifest.ts'
import { AuditTree } from '../../../encoder/merkle/audit-tree.ts'
import { notFound } from './refusal.ts'
import type { CID } from 'multiformats/cid'
import type { ShardReader } from '../holdings.ts'
import type { HolderContext } from './context.ts'

export interface OpenedShard {
  readonly reader: ShardReader
  readonly tree: AuditTree
}

/** The shard that a reader's stream is about: kept open from request to request, until one asks for another. */
export class OpenShard {
  readonly #context: HolderContext
  #current: { readonly cid: CID; readonly shard: number; readonly opened: OpenedShard } | undefined

  constructor(context: HolderContext) {
    this.#context = context
  }

  /** @throws Refusal NOT_FOUND when it is not held, or when no lease keeps the object alive any more */
  async open(cid: CID, shard: number): Promise<OpenedShard> {
    const current = this.#current
    if (current !== undefined && current.shard === shard && current.cid.equals(cid)) return current.opened
    await this.close()
    const opened = await this.#open(cid, shard)
    this.#current = { cid, shard, opened }
    return opened
  }

  async close(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    await current?.opened.reader.close()
  }

  async #open(cid: CID, shard: number): Promise<OpenedShard> {
    const { holdings, trees, nowMs } = this.#context
    const leases = await holdings.leases(cid)
    if (!leases.some((lease) => isLive(lease, nowMs()))) throw notFound()
    const reader = await holdings.openShard(cid, shard)
    if (reader === undefined) throw notFound()
    try {
      const tree = await trees.get(cid, shard, async () => this.#buildTree(cid, shard, reader))
      return { reader, tree }
    } catch (error) {
      await reader.close()
      throw error
    }
  }

  /** Paths from damaged leaves would make a liar of us: the root must be the manifest's. */
  async #buildTree(cid: CID, shard: number, reader: ShardReader): Promise<AuditTree> {
    const manifest = await this.#context.holdings.getManifest(cid)
    if (manifest === undefined) throw notFound()
    const tree = await AuditTree.build(await reader.leaves(), setImmediate)
    if (!equals(tree.root, decodeManifest(manifest).roots[shard])) {
      throw new Error(`the leaf hashes of shard ${shard} of ${cid.toString()} are damaged`)
    }
    return tree
  }
}
