// What the agreement has to know about reports and maps, and no more.

/** What of a report the agreement itself judges. */
export interface ReadReport {
  /** Who signed it. */
  readonly peer: string
  /** Grows with every report of a peer. */
  readonly sequence: bigint
  readonly issuedAtMs: number
  /** The `Signed` message as it came. */
  readonly signed: Uint8Array
}

/**
 * How a set of reports becomes a map. All of it is a function of the arguments alone, in integers, so that every peer
 * computes the same bytes.
 */
export interface MapRules<M> {
  /** Checks a signed report, signature included. @returns undefined for one that is not in order */
  read: (signed: Uint8Array) => ReadReport | undefined
  /** @param previous - the map of the slot before; undefined for the first */
  build: (
    previous: M | undefined,
    epoch: { readonly slot: number; readonly closedAtMs: number },
    reports: readonly ReadReport[]
  ) => M
  /** Ids of the peers on a map: they come first where a value has no room for all. */
  peersOf: (map: M) => Iterable<string>
  closedAtMsOf: (map: M) => number
  encode: (map: M) => Uint8Array
  /** @throws Error for bytes that are no map */
  decode: (bytes: Uint8Array) => M
  /** What changed between two encoded maps. @throws Error for bytes that are no maps */
  delta: (before: Uint8Array, after: Uint8Array) => Uint8Array
  /** The encoded map that a delta leads to: of a lying peer, any bytes. @throws Error for bytes that are no delta */
  patch: (before: Uint8Array, delta: Uint8Array) => Uint8Array
}
