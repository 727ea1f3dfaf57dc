import type { Mesh, MeshPeer } from '../mesh.ts'

/** The peers among which homes are computed. Nodes with the same view compute the same homes. */
export interface PlacementView {
  /** Era of the agreed map that gave the view; 0: the node's own peer table gave it. */
  readonly epoch: number
  readonly peers: readonly MeshPeer[]
  /** Peers that are there and have no seat on the agreed map yet. @default none */
  readonly unseated?: readonly MeshPeer[]
}

/**
 * The view for `n` shards. Where the agreed map seats fewer peers than that, as in the first minutes of a network, the live peers that
 * have no seat yet are added: an object that could not be put would be worse than a shard that readers find by the placement record.
 */
export function viewFor(n: number, mesh: Pick<Mesh, 'placement'>): PlacementView {
  const view = mesh.placement()
  const { epoch, peers, unseated = [] } = view
  return peers.length >= n || unseated.length === 0 ? view : { epoch, peers: [...peers, ...unseated] }
}
