// Whom placement may use: the seats of the agreed map, or this node's own table where the map cannot say.
import { peerIdFromString } from '@libp2p/peer-id'
import { MAP_LIMITS } from '../../manifold/map/index.ts'
import type { MeshPeer } from '../../hologram/mesh.ts'
import type { PlacementView } from '../../hologram/placement/placement-view.ts'
import type { AgreedMap } from '../../manifold/map/index.ts'

/** A map that was closed longer ago says too little of who is there: the quorum has been lost for long. */
export const MAX_MAP_AGE_MS = 600_000
/** Of the peers that this node knows to be there, at least three of four must have a seat. */
const SEATED = { of: 4, least: 3 } as const

export interface PlacementSources {
  /** The newest agreed map; undefined where there is none. */
  readonly map: AgreedMap | undefined
  readonly nowMs: number
  /** Live peers that lend space, by this node's own table: what placement uses without a map. */
  readonly live: readonly MeshPeer[]
  /** Whether this node was connected with the peer and has lost it, or the peer is being emptied. */
  readonly isGone: (id: string) => boolean
}

/**
 * Nodes with the same map compute the same homes. A peer that this node knows to be gone is left out: only the homes of what it
 * held move to the next in rank, for as long as it is gone.
 *
 * @returns the table's view, with epoch 0, when there is no map, it is too old, or it lacks too many of the live peers
 */
export const choosePlacement = ({ map, nowMs, live, isGone }: PlacementSources): PlacementView => {
  const table = { epoch: 0, peers: live }
  if (map === undefined || map.era === 0 || nowMs - map.closedAtMs > MAX_MAP_AGE_MS) return table
  const seated = seatsOf(map)
  const known = live.filter(({ id }) => seated.has(id.toString())).length
  // A full map cannot have more peers; nodes that know different ones of the others must compute the same homes.
  const isFull = map.peers.length >= MAP_LIMITS.peers
  if (!isFull && known * SEATED.of < live.length * SEATED.least) return table
  const peers = [...seated].flatMap(([id, peer]) => (isGone(id) ? [] : [peer]))
  const unseated = live.filter(({ id }) => !seated.has(id.toString()) && !isGone(id.toString()))
  return peers.length === 0 ? table : { epoch: map.era, peers, unseated }
}

/** The same map is asked for with every object. */
const seats = new WeakMap<AgreedMap, ReadonlyMap<string, MeshPeer>>()

const seatsOf = (map: AgreedMap): ReadonlyMap<string, MeshPeer> => {
  const known = seats.get(map)
  if (known !== undefined) return known
  const found = new Map(
    map.peers.flatMap(({ id, freeBytes, seat }) => {
      if (seat === undefined) return []
      const { capacityBytes, reliabilityPpm, domain: failureDomain } = seat
      return [[id, { id: peerIdFromString(id), capacityBytes, freeBytes, reliabilityPpm, failureDomain }]]
    })
  )
  seats.set(map, found)
  return found
}
