/** A layer as it is spread over shards: each shard has a k-th of it, and any k of them give it back. */
export interface LayerCode {
  readonly k: number
  /** Bytes of the layer. */
  readonly length: number
}

/** Blocks of a shard, as docs/reference/protocols.md, "Layout", cuts them. */
export const BLOCK_BYTES = 65_536
const BLOCK_ALIGNMENT_BYTES = 64

/** Bytes of a layer in each shard: full blocks, then one that is as short as the rest allows. */
export function sliceBytes({ k, length }: LayerCode): number {
  const segmentBytes = k * BLOCK_BYTES
  const full = Math.floor(length / segmentBytes)
  const rest = Math.ceil((length - full * segmentBytes) / k)
  return full * BLOCK_BYTES + Math.ceil(rest / BLOCK_ALIGNMENT_BYTES) * BLOCK_ALIGNMENT_BYTES
}

/** Bytes of all layers in each shard. */
export function shardBytes(layers: readonly LayerCode[]): number {
  return layers.reduce((sum, layer) => sum + sliceBytes(layer), 0)
}
