import { isLive } from '../records/lease.ts'
import { decodeStoredManifest, type Manifest } from '../records/manifest.ts'
import { leasedShapes } from '../records/kept-shape.ts'
import { notFound } from './refusal.ts'
import { ShardTree } from './shard-tree.ts'
import type { CID } from 'multiformats/cid'
import type { ShardReader } from '../holdings.ts'
import type { HolderContext } from './context.ts'

export interface OpenedShard {
  readonly reader: ShardReader
  readonly tree: ShardTree
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
    const { holdings, trees, clock, nowMs } = this.#context
    const leases = await holdings.leases(cid)
    if (!leases.some((lease) => isLive(lease, nowMs()))) throw notFound()
    const reader = await holdings.openShard(cid, shard)
    if (reader === undefined) throw notFound()
    try {
      const manifest = await holdings.getManifest(cid)
      if (manifest === undefined) throw notFound()
      const name = `${cid.toString()} ${shard}`
      const yieldTurn = async (): Promise<void> => await clock.turn()
      const open = async (root: Uint8Array): Promise<ShardTree> =>
        await ShardTree.open({ cache: trees, name, reader, root, yieldTurn })
      return { reader, tree: await this.#openTree(cid, decodeStoredManifest(manifest), shard, open) }
    } catch (error) {
      await reader.close()
      throw error
    }
  }

  /** Of a shard that the manifest does not have: under the root in a lease. Lessees may state different ones. */
  async #openTree(
    cid: CID,
    { n, roots }: Manifest,
    shard: number,
    open: (root: Uint8Array) => Promise<ShardTree>
  ): Promise<ShardTree> {
    if (shard < n) return await open(roots[shard])
    const stated = (await leasedShapes(this.#context, cid)).flatMap(({ shape }) => {
      const root = shape?.roots[shard - n]
      return root === undefined ? [] : [root]
    })
    let failure: unknown = notFound()
    for (const root of stated) {
      try {
        return await open(root)
      } catch (error) {
        // A root that is not this shard's, or a disk that fails: the last one is told when no root opens it.
        failure = error
      }
    }
    throw failure
  }
}
