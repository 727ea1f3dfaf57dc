/** For how long peers have been gone, on a monotonic clock. Pure: who is there comes in. */
export class Absence {
  readonly #goneSinceMs = new Map<string, number>()

  /** Notes which of the peers that matter are there now. Those that no longer matter are forgotten. */
  note(peers: Iterable<string>, live: ReadonlySet<string>, monotonicMs: number): void {
    const matter = new Set(peers)
    for (const peer of this.#goneSinceMs.keys()) {
      if (live.has(peer) || !matter.has(peer)) this.#goneSinceMs.delete(peer)
    }
    for (const peer of matter) {
      if (!live.has(peer) && !this.#goneSinceMs.has(peer)) this.#goneSinceMs.set(peer, monotonicMs)
    }
  }

  /** 0 for a peer that is there. */
  goneMs(peer: string, monotonicMs: number): number {
    const sinceMs = this.#goneSinceMs.get(peer)
    return sinceMs === undefined ? 0 : monotonicMs - sinceMs
  }

  /** Peers that have been gone for at least `graceMs`. */
  lost(graceMs: number, monotonicMs: number): string[] {
    return [...this.#goneSinceMs]
      .filter(([, sinceMs]) => monotonicMs - sinceMs >= graceMs)
      .map(([peer]) => peer)
  }
}
