import type { MeshPeer } from '../mesh.ts'

/** The peers among which homes are computed. Nodes with the same view compute the same homes. */
export interface PlacementView {
  /** Era of the agreed map that gave the view; 0: the node's own peer table gave it. */
  readonly epoch: number
  readonly peers: readonly MeshPeer[]
}
