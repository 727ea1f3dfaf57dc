import type { CID } from 'multiformats/cid'

/** A peer that holds a shard, as far as this node knows. */
export interface IndexedHolder {
  readonly shard: number
  readonly peer: string
  /** A record says so; else it is the computed home. */
  readonly isSaid: boolean
}

/** What is known here, without asking anybody, of who keeps an object. Peers are ids in their string form. */
export interface IndexedObject {
  readonly cid: CID
  readonly k: number
  readonly n: number
  readonly sizeBytes: number
  /** An object without shards, whose copies stand with its manifest. */
  readonly inline: boolean
  /** Who keeps which shard: the newest that was said or, where nothing was, the computed home. */
  readonly holders: readonly IndexedHolder[]
  /** Homes of the manifest. */
  readonly homes: readonly string[]
}

/**
 * Which objects each peer keeps something of, so that its loss leads to them without a look at any other. In memory; made
 * anew from the manifests and records on disk at each start.
 */
export class ObjectIndex {
  readonly #objects = new Map<string, IndexedObject>()
  readonly #byPeer = new Map<string, Set<string>>()

  get size(): number {
    return this.#objects.size
  }

  objects(): IterableIterator<IndexedObject> {
    return this.#objects.values()
  }

  peers(): IterableIterator<string> {
    return this.#byPeer.keys()
  }

  get(cid: CID): IndexedObject | undefined {
    return this.#objects.get(cid.toString())
  }

  /** Replaces what was known of the object. */
  set(object: IndexedObject): void {
    this.delete(object.cid)
    const key = object.cid.toString()
    this.#objects.set(key, object)
    for (const peer of peersOf(object)) {
      const objects = this.#byPeer.get(peer) ?? new Set()
      this.#byPeer.set(peer, objects.add(key))
    }
  }

  delete(cid: CID): void {
    const key = cid.toString()
    const object = this.#objects.get(key)
    if (object === undefined) return
    this.#objects.delete(key)
    for (const peer of peersOf(object)) {
      const objects = this.#byPeer.get(peer)
      objects?.delete(key)
      if (objects?.size === 0) this.#byPeer.delete(peer)
    }
  }

  /** Objects of which the peer keeps a shard or the manifest. */
  *objectsOf(peer: string): Generator<IndexedObject> {
    for (const key of [...(this.#byPeer.get(peer) ?? [])]) {
      const object = this.#objects.get(key)
      if (object !== undefined) yield object
    }
  }
}

export function peersOf({ holders, homes }: IndexedObject): Set<string> {
  return new Set([...holders.map(({ peer }) => peer), ...homes])
}
