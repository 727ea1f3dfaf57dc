import type { PeerId } from '@libp2p/interface'

/** What a request cost. */
export interface ServedRequest {
  /** Blocks, or 1. */
  readonly units: number
  readonly tookMs: number
  readonly failed: boolean
}

/** Why a request is not served now. */
export interface RefusedRequest {
  readonly retryAfterMs: number
  /** A sentence for a person. */
  readonly reason: string
}

/** A peer that may take a copy of a shard. */
export interface CopyCandidate {
  readonly id: string
  /** Round-trip time, milliseconds. */
  readonly distanceMs: number
}

/**
 * What a controller decides about the requests that this node serves and makes, and what it is told about them. Structural:
 * `src/homeostat` has this shape and knows nothing of this room.
 */
export interface Steering {
  /** A request arrives. @returns a function to call, once, when it is done; or why it is refused */
  enter: (isBackground: boolean) => ((request: ServedRequest) => void) | RefusedRequest
  /** Block bytes of an object went out; the sender waited so long for room on the line. */
  noteServed: (object: string, bytes: number, isBackground: boolean, waitedMs: number) => void
  /** The disk took this long for one block. */
  noteDiskRead: (elapsedMs: number) => void
  /** The peer answered BUSY. */
  noteBusy: (peer: string) => void
  /** The predicted time of a holder is multiplied by this: more than 1 for one that should be spared. Drawn anew at each call. */
  factor: (peer: string) => number
  /** How many spare shards an object needs at the least, given its holders and their failure domains; `most` at the most. */
  neededSpare: (
    holders: ReadonlyArray<{ readonly id: string; readonly domain: string }>,
    most: number
  ) => number
  /** Which of the candidates are given a copy of a shard: at most `count`. */
  choose: (candidates: readonly CopyCandidate[], count: number) => readonly string[]
  /** This node keeps a copy of a shard for a hot holder from now on. */
  noteCopy: (object: string) => void
  /** It keeps it no longer, or as an ordinary shard. */
  forgetCopy: (object: string) => void
}

const ignore = (): void => {}

/** Serves everybody, and takes holders as fast as experience says. */
export const UNSTEERED: Steering = {
  enter: () => ignore,
  noteServed: ignore,
  noteDiskRead: ignore,
  noteBusy: ignore,
  factor: () => 1,
  neededSpare: () => 0,
  choose: () => [],
  noteCopy: ignore,
  forgetCopy: ignore
}

/** A factor for each peer that stays the same for as long as the function is kept: one draw a peer and read. */
export function drawnFactors(steering: Pick<Steering, 'factor'>): (peer: PeerId) => number {
  const drawn = new Map<string, number>()
  return (peer) => {
    const key = peer.toString()
    const known = drawn.get(key) ?? steering.factor(key)
    drawn.set(key, known)
    return known
  }
}
