import type { Mesh, MeshPeer } from '../mesh.ts'

/** The peers among which homes are computed. Nodes with the same view compute the same homes. */
export interface PlacementView {
  /** Era of the agreed map that gave the view; 0: the node's own peer table gave it. */
  readonly epoch: number
  readonly peers: readonly MeshPeer[]
}

/**
 * The view for `n` shards. Where the agreed map seats fewer peers than that, as in the first minutes of a network, the live peers that
 * have no seat yet are added: an object that could not be put would be worse than a shard that readers find by the placement record.
 */
export function viewFor(n: number, mesh: Pick<Mesh, 'placement' | 'peers'>): PlacementView {
  const view = mesh.placement()
  if (view.peers.length >= n) return view
  const seated = new Set(view.peers.map(({ id }) => id.toString()))
  const others = mesh
    .peers()
    .filter(({ id, isDraining }) => isDraining !== true && !seated.has(id.toString()))
  return { epoch: view.epoch, peers: [...view.peers, ...others] }
}
