import type { MeshPeer } from '../mesh.ts'

// Which peers are so much emptier than this one that shards move there. Pure: what peers report comes in, with the time.

type Reported = Pick<MeshPeer, 'id' | 'capacityBytes' | 'freeBytes' | 'isDraining'>

export interface GradientSettings {
  /** A peer must have been there for this long without a break: one that comes and goes is not worth the bytes. */
  readonly settleMs: number
  /** Peers that this node has seen join count as newcomers for this long. */
  readonly provenMs: number
  /** Shards begin to move to a peer whose load is below this share of this node's own. @default 0.75 */
  readonly beginBelow?: number
  /** They stop when its load has reached this share: far from `beginBelow`, so that it does not begin again. @default 0.95 */
  readonly stopAt?: number
}

/** What a peer has reported last, and what it was given since. */
interface Known {
  readonly sinceMs: number
  capacityBytes: number
  freeBytes: number
  givenBytes: number
}

/** Load is the used share of what a peer lends: 0 is empty, 1 is full. */
export class Gradient {
  readonly #settings: Required<GradientSettings>
  readonly #known = new Map<string, Known>()
  readonly #targets = new Set<string>()
  /** When each peer was first and last there; forgotten once it has been away for as long as newcomers prove themselves. */
  readonly #met = new Map<string, { readonly firstMs: number; lastMs: number }>()
  #self = ''
  #startedMs: number | undefined
  #nowMs = 0

  constructor({ settleMs, provenMs, beginBelow = 0.75, stopAt = 0.95 }: GradientSettings) {
    this.#settings = { settleMs, provenMs, beginBelow, stopAt }
  }

  /** Peers to which shards move. */
  get targets(): ReadonlySet<string> {
    return this.#targets
  }

  /** Undefined for a peer that lends nothing or is not there. */
  load(peer: string): number | undefined {
    const known = this.#known.get(peer)
    if (known === undefined) return undefined
    const { capacityBytes, freeBytes, givenBytes } = known
    return Math.max(0, capacityBytes - freeBytes + givenBytes) / capacityBytes
  }

  /**
   * Whether the peer has joined while this node ran, and not long ago. Of those that were there when this node had settled itself,
   * it cannot tell.
   */
  isNewcomer(peer: string): boolean {
    const { settleMs, provenMs } = this.#settings
    const firstMs = this.#met.get(peer)?.firstMs
    if (firstMs === undefined || this.#startedMs === undefined) return false
    return firstMs > this.#startedMs + settleMs && this.#nowMs - firstMs < provenMs
  }

  /** Takes in the newest reports. @param peers - live ones, this node among them */
  note(self: string, peers: Iterable<Reported>, monotonicMs: number): void {
    this.#self = self
    this.#startedMs ??= monotonicMs
    this.#nowMs = monotonicMs
    const there = new Set<string>()
    for (const { id, capacityBytes, freeBytes, isDraining } of peers) {
      if (isDraining === true || capacityBytes <= 0) continue
      const key = id.toString()
      there.add(key)
      this.#met.set(key, { firstMs: this.#met.get(key)?.firstMs ?? monotonicMs, lastMs: monotonicMs })
      const known = this.#known.get(key)
      const isNews = known?.freeBytes !== freeBytes || known.capacityBytes !== capacityBytes
      if (!isNews) continue
      // A new report has what it was given before.
      this.#known.set(key, {
        sinceMs: known?.sinceMs ?? monotonicMs,
        capacityBytes,
        freeBytes,
        givenBytes: 0
      })
    }
    for (const key of this.#known.keys()) if (!there.has(key)) this.#known.delete(key)
    for (const [key, { lastMs }] of this.#met) {
      if (monotonicMs - lastMs > this.#settings.provenMs) this.#met.delete(key)
    }
    this.#choose(monotonicMs)
  }

  /**
   * Whether the peer is still no fuller than this node once it has `bytes` more and this node as many less. While every move keeps
   * to this, the sum of capacity times load squared falls with each, so moves come to an end whatever homes peers compute.
   */
  fits(peer: string, bytes: number): boolean {
    const [target, own] = [this.#known.get(peer), this.#known.get(this.#self)]
    if (target === undefined || own === undefined) return false
    if (target.freeBytes - target.givenBytes <= bytes) return false
    return (
      this.load(peer)! + bytes / target.capacityBytes <= this.load(this.#self)! - bytes / own.capacityBytes
    )
  }

  /** The peer has `bytes` more than its newest report says, and this node as many less. */
  noteMove(peer: string, bytes: number): void {
    for (const [key, moved] of [
      [peer, bytes],
      [this.#self, -bytes]
    ] as const) {
      const known = this.#known.get(key)
      if (known !== undefined) known.givenBytes += moved
    }
  }

  #choose(monotonicMs: number): void {
    const { settleMs, beginBelow, stopAt } = this.#settings
    const own = this.load(this.#self)
    for (const key of this.#targets) {
      const load = this.load(key)
      if (own === undefined || load === undefined || load >= stopAt * own) this.#targets.delete(key)
    }
    if (own === undefined) return
    for (const [key, { sinceMs }] of this.#known) {
      if (key === this.#self || monotonicMs - sinceMs < settleMs) continue
      if (this.load(key)! < beginBelow * own) this.#targets.add(key)
    }
  }
}
