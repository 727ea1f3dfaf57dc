import type { PeerId } from '@libp2p/interface'
import type { Mesh } from '../mesh.ts'
import type { PeerExperience } from './find/experience.ts'
import type { ObjectClient } from './wire/object-client.ts'
import type { StreamLines } from './wire/stream-lines.ts'

/** What this node knows of one peer from its own puts, gets and requests. */
export interface PeerStats {
  /** Round-trip time in microseconds; undefined while none is known. */
  readonly rttMicros: number | undefined
  /** Streams of put/1 and get/1, and requests of object/1, that are under way with the peer. */
  readonly inFlight: number
  /** Streams and requests that wait here until there is room for them at the peer. */
  readonly waiting: number
  /** Smoothed time from asking for a block to its arrival: the round trip and the service time. Undefined before a sample. */
  readonly blockMs: number | undefined
  /** Smoothed mean deviation of that time. */
  readonly blockDeviationMs: number | undefined
  /** Smoothed rate of blocks while the peer was sending. */
  readonly bytesPerSecond: number | undefined
  /** Smoothed time of a request of object/1, dialling included. Undefined before a sample. */
  readonly requestMs: number | undefined
}

export interface PeerStatsSources {
  readonly mesh: Mesh
  readonly lines: StreamLines
  readonly objects: ObjectClient
  readonly experience: PeerExperience
}

export function peerStats({ mesh, lines, objects, experience }: PeerStatsSources, peer: PeerId): PeerStats {
  const [streams, requests] = [lines.use(peer), objects.use(peer)]
  const blocks = experience.blocksOf(peer)
  return {
    rttMicros: mesh.rttMicros(peer),
    inFlight: streams.taken + requests.taken,
    waiting: streams.waiting + requests.waiting,
    blockMs: blocks?.latencyMs,
    blockDeviationMs: blocks?.deviationMs,
    bytesPerSecond: blocks && blocks.bytesPerMs * 1000,
    requestMs: experience.requestMsOf(peer)
  }
}
