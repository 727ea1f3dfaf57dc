import { FlowNetwork } from './max-flow.ts'

/** A live holder. */
export interface WedgeHolder {
  readonly id: string
  /** Whole shards that it has. */
  readonly shards: readonly number[]
  /** Shards that its link carries in the time that there is. @default all that it has */
  readonly carries?: number
}

export interface LayerWedge {
  readonly k: number
  /** Different shards that reach the reader: the smaller of k and the minimum cut between reader and holders. */
  readonly reached: number
  /** All k reach it: the layer comes back whole, and otherwise not at all, but for data rows that are there as they are. */
  readonly isRebuilt: boolean
  /** Stored bytes of the layer that come back. */
  readonly bytes: number
  /** Which holder sends which shard; k of them when the layer is rebuilt. */
  readonly sources: ReadonlyMap<number, string>
}

export interface Wedge {
  readonly layers: readonly LayerWedge[]
  /** Stored bytes that come back, of all layers. */
  readonly bytes: number
}

/**
 * What these holders can rebuild (Lemma 1.2.1 of the thesis): the maximum flow from the object through holders, links and shards
 * to the reader, layer by layer. A shard counts once, however many hold it; a link carries so many shards. For a
 * maximum-distance-separable code the bound is met: a layer comes back exactly when the flow is k.
 *
 * @param layers - with the stored bytes of each
 */
export function wedgeOf(
  layers: ReadonlyArray<{ readonly k: number; readonly length: number }>,
  holders: readonly WedgeHolder[]
): Wedge {
  const found = layers.map((layer) => layerWedge(layer, holders))
  return { layers: found, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function layerWedge(
  { k, length }: { readonly k: number; readonly length: number },
  holders: readonly WedgeHolder[]
): LayerWedge {
  const shards = [...new Set(holders.flatMap((holder) => holder.shards))]
  // 0: the object; then holders, shards, one node that lets k through, and the reader.
  const shardNode = new Map(shards.map((shard, i) => [shard, 1 + holders.length + i]))
  const gate = 1 + holders.length + shards.length
  const network = new FlowNetwork(gate + 2)
  const sends = holders.flatMap((holder, i) => {
    network.connect(0, 1 + i, Math.max(0, holder.carries ?? holder.shards.length))
    return holder.shards.map((shard) => ({
      shard,
      id: holder.id,
      flow: network.connect(1 + i, shardNode.get(shard)!, 1)
    }))
  })
  for (const shard of shards) network.connect(shardNode.get(shard)!, gate, 1)
  network.connect(gate, gate + 1, k)
  const reached = network.run(0, gate + 1)
  const sources = new Map(sends.filter(({ flow }) => flow() > 0).map(({ shard, id }) => [shard, id]))
  const isRebuilt = reached >= k
  return { k, reached, isRebuilt, bytes: isRebuilt ? length : 0, sources }
}
