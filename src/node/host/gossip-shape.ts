// Shapes gossipsub's meshes by distance, by its own hooks: the nearest peers get a score of the application, opportunistic
// grafting brings them into the mesh, and pruning keeps them and a few at random.
import { nearestFirst } from '../../manifold/gossip/index.ts'
import { gaugeBy } from '../metrics.ts'
import { agreementTopic, reportsTopic } from './gossip.ts'
import type { PeerId } from '@libp2p/interface'
import type { GossipsubOpts } from '@libp2p/gossipsub'
import type { Cancel, Clock } from '../../clock/index.ts'
import type { Module } from '../module.ts'
import type { Host } from './host.ts'

/** Links of a mesh that pruning keeps by score, and in all: the 2 others are random (src/manifold/gossip/mesh-choice.ts). */
const NEAR_LINKS = 4
const LINKS = 6
/** A smaller mesh takes others in. With 5 links at least, a median link that is near means 3 near ones. */
const LEAST_LINKS = 5
/** Links above which a mesh is pruned; 12 is gossipsub's own. A mesh that is pruned seldom keeps far links for long. */
const MAX_LINKS = 9
/** A near peer's score. First deliveries (P2) give 10 at most, so nothing else takes a peer over the threshold. */
const NEAR_SCORE = 12
const GRAFT_BELOW_SCORE = 11
/** Heartbeats, of a second, between two attempts to better a mesh whose median link is not near. */
const GRAFT_TICKS = 10
/**
 * Longer messages are not sent to all connected peers by their author, only into the mesh: peers beside it hear of them
 * (IHAVE) and pull what they lack.
 */
export const MAX_FLOOD_BYTES = 4096
const REFRESH_MS = 10_000

/** Options of gossipsub with which near peers come into the meshes and stay there. */
export const SHAPED_MESH: Partial<GossipsubOpts> = {
  D: LINKS,
  Dlo: LEAST_LINKS,
  Dhi: MAX_LINKS,
  Dscore: NEAR_LINKS,
  opportunisticGraftTicks: GRAFT_TICKS
}
export const SHAPED_THRESHOLDS = { opportunisticGraftThreshold: GRAFT_BELOW_SCORE } as const

/** Which of the connected peers count as near. Without known distances nobody does, and gossip is as gossipsub has it. */
export class GossipShape {
  #near: ReadonlySet<string> = new Set()

  /** Ids of the near peers. */
  get near(): ReadonlySet<string> {
    return this.#near
  }

  /** gossipsub's P5. */
  readonly score = (id: string): number => (this.#near.has(id) ? NEAR_SCORE : 0)

  /** @param connected - peers with a direct connection and their round-trip times, those that are known */
  update(connected: ReadonlyArray<{ readonly peer: string; readonly rttMs: number }>): void {
    this.#near = new Set(
      nearestFirst(connected)
        .slice(0, NEAR_LINKS)
        .map(({ peer }) => peer)
    )
  }
}

export interface GossipShapeInit {
  readonly host: Host
  /** Measured or predicted round-trip time, microseconds. */
  readonly rttMicros: (peer: PeerId) => number | undefined
  /** First part of the network's topics. */
  readonly prefix: string
  readonly clock: Clock
}

/** Version 17 has this; its interface leaves it out. */
const meshOf = (host: Host, topic: string): readonly string[] =>
  (host.services.pubsub as unknown as { getMeshPeers: (topic: string) => string[] }).getMeshPeers(topic)

/** Keeps the shape up to date. List it after the peers, whose distances it needs. */
export const gossipShapeModule = (
  shape: GossipShape | undefined,
  { host, rttMicros, prefix, clock }: GossipShapeInit
): Module => {
  let cancel: Cancel | undefined
  const refresh = (): void => {
    shape?.update(
      host.getPeers().flatMap((peer) => {
        const micros = rttMicros(peer)
        const isDirect = host.getConnections(peer).some(({ direct }) => direct)
        return micros === undefined || !isDirect ? [] : [{ peer: peer.toString(), rttMs: micros / 1000 }]
      })
    )
    cancel = clock.after(REFRESH_MS, refresh)
  }
  return {
    name: 'gossip shape',
    start: () => {
      if (shape !== undefined) refresh()
    },
    stop: () => cancel?.(),
    metrics: (registry) => {
      gaugeBy(registry, 'thhe_gossip_links', 'Links of the gossip meshes, near and others', 'kind', () => {
        const links = [reportsTopic(prefix), agreementTopic(prefix)].flatMap((topic) => meshOf(host, topic))
        const near = links.filter((id) => shape?.near.has(id) === true).length
        return { near, other: links.length - near }
      })
    }
  }
}
