/** Shards of an object at most, however many peers there are: more would make small objects slow. */
const MAX_SHARDS = 20

/** Peers that hold no shard of an object. With so many down, a put still finds a peer for every shard. */
const sparePeers = (peers: number): number => (peers >= 6 ? 2 : peers >= 3 ? 1 : 0)

/**
 * The code that fits a network of `peers` peers: a spare peer or two, and half of the shards may be lost.
 *
 * @param peers - at least 1
 */
export const codeFor = (peers: number): { readonly k: number; readonly n: number } => {
  const n = Math.min(MAX_SHARDS, peers - sparePeers(peers))
  return { k: Math.max(1, Math.floor(n / 2)), n }
}
