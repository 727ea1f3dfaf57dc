import type { HotObject } from './hot-objects.ts'

export interface DilationSettings {
  /** A node whose heat is forecast to pass this spreads its hottest object. */
  readonly hotAt: number
  /** Only peers below this heat are given copies. */
  readonly coolBelow: number
  /** An object counts as the cause when it is at least this share of what the node serves. */
  readonly causeShare: number
  /** Periods between two decisions about one object: the effect of the first must be seen before the second. */
  readonly settlePeriods: number
  /** Copies that one holder makes of its shard of one object. */
  readonly maxCopies: number
  /** Periods for which a copy must be cool before it is dropped. */
  readonly coolPeriods: number
  /** A copy is cool when it serves less than this share of what it served at its best. */
  readonly coolShare: number
  /** Dilations and contractions of one node in an hour. */
  readonly maxActionsPerHour: number
}

export const DEFAULT_DILATION: DilationSettings = {
  hotAt: 0.7,
  coolBelow: 0.5,
  causeShare: 0.2,
  settlePeriods: 3,
  maxCopies: 7,
  coolPeriods: 30,
  coolShare: 0.1,
  maxActionsPerHour: 60
}

/** A peer that may take a copy. */
export interface DilationPeer {
  readonly id: string
  readonly heat: number
  /** Predicted milliseconds from the readers or, where that is unknown, from this node. */
  readonly distanceMs: number
}

export interface Dilation {
  readonly key: string
  /** How many copies are made now. */
  readonly copies: number
  readonly reason: string
}

export interface Contraction {
  readonly key: string
  readonly reason: string
}

interface Spread {
  copies: number
  decidedAt: number
}

interface Copy {
  bestBytes: number
  coolFor: number
  readonly sinceMs: number
}

const HOUR_MS = 3_600_000

/**
 * When a holder gives copies of its shard of a hot object to cool peers, and when a peer drops such a copy. Each decision
 * doubles the copies, so that a load of any size is met in a logarithmic number of steps; each waits for the effect of the
 * one before. A budget of actions an hour bounds what a wrong sensor or an adversary can cause.
 */
export class DilationPolicy {
  readonly #settings: DilationSettings
  readonly #spread = new Map<string, Spread>()
  readonly #copies = new Map<string, Copy>()
  #actionsMs: number[] = []
  #period = 0

  constructor(settings: DilationSettings = DEFAULT_DILATION) {
    this.#settings = settings
  }

  /** Copies kept here for other holders. */
  get kept(): number {
    return this.#copies.size
  }

  /** This node has taken a copy of a shard of the object. */
  noteCopy(key: string, nowMs: number): void {
    this.#copies.set(key, { bestBytes: 0, coolFor: 0, sinceMs: nowMs })
  }

  /** The copy is gone, or must stay because nobody else has the shard. */
  forgetCopy(key: string): void {
    this.#copies.delete(key)
  }

  /** Ends a control period. @param heat - as it is, and as it is forecast */
  decide(
    heat: { readonly now: number; readonly forecast: number },
    hottest: readonly HotObject[],
    totalBytes: number,
    nowMs: number
  ): Dilation[] {
    this.#period++
    const { hotAt, causeShare, settlePeriods, maxCopies } = this.#settings
    const peak = Math.max(heat.now, heat.forecast)
    this.#forgetOldSpreads()
    if (peak < hotAt || totalBytes <= 0) return []
    const causes = hottest.filter(({ bytes }) => bytes >= causeShare * totalBytes)
    return causes.flatMap(({ key, bytes }) => {
      const spread = this.#spread.get(key) ?? { copies: 0, decidedAt: -Infinity }
      if (this.#period - spread.decidedAt < settlePeriods || spread.copies >= maxCopies) return []
      if (!this.#mayAct(nowMs)) return []
      const copies = Math.min(maxCopies - spread.copies, Math.max(1, spread.copies))
      this.#spread.set(key, { copies: spread.copies + copies, decidedAt: this.#period })
      const share = Math.round((100 * bytes) / totalBytes)
      const when =
        heat.now >= hotAt ? `heat is ${heat.now.toFixed(2)}` : `heat is forecast to reach ${peak.toFixed(2)}`
      return [{ key, copies, reason: `${when}, and ${share} % of what this node serves is this object` }]
    })
  }

  /** Copies that have become cool. @param bytesOf - what the node served of an object in a period, smoothed */
  coolCopies(bytesOf: (key: string) => number, nowMs: number): Contraction[] {
    const { coolPeriods, coolShare } = this.#settings
    return [...this.#copies].flatMap(([key, copy]) => {
      const bytes = bytesOf(key)
      copy.bestBytes = Math.max(copy.bestBytes, bytes)
      const isCool = bytes <= coolShare * copy.bestBytes
      copy.coolFor = isCool ? copy.coolFor + 1 : 0
      if (copy.coolFor < coolPeriods || !this.#mayAct(nowMs)) return []
      copy.coolFor = 0
      const minutes = Math.round((nowMs - copy.sinceMs) / 60_000)
      return [{ key, reason: `the object has cooled down; the copy was kept for ${minutes} minutes` }]
    })
  }

  #mayAct(nowMs: number): boolean {
    this.#actionsMs = this.#actionsMs.filter((atMs) => nowMs - atMs < HOUR_MS)
    if (this.#actionsMs.length >= this.#settings.maxActionsPerHour) return false
    this.#actionsMs.push(nowMs)
    return true
  }

  /** What was spread long ago starts from one copy again: the copies have been dropped since. */
  #forgetOldSpreads(): void {
    const { coolPeriods } = this.#settings
    for (const [key, { decidedAt }] of this.#spread) {
      if (this.#period - decidedAt > 4 * coolPeriods) this.#spread.delete(key)
    }
  }
}

/**
 * The peers that take copies: `count` of them, drawn one after another as the cooler and nearer of two random ones (the power
 * of two choices; Mitzenmacher, 2001), so that many hot holders do not all choose the one coolest peer.
 */
export function choosePeers(
  peers: readonly DilationPeer[],
  count: number,
  unit: () => number,
  { coolBelow }: Pick<DilationSettings, 'coolBelow'> = DEFAULT_DILATION
): DilationPeer[] {
  const pool = peers.filter(({ heat }) => heat < coolBelow)
  const chosen: DilationPeer[] = []
  while (chosen.length < count && pool.length > 0) {
    const [a, b] = [Math.floor(unit() * pool.length), Math.floor(unit() * pool.length)]
    const better = costOf(pool[a]) <= costOf(pool[b]) ? a : b
    chosen.push(...pool.splice(better, 1))
  }
  return chosen
}

/** Predicted time, stretched by the heat of the peer as an M/M/1 queue would stretch it. */
function costOf({ heat, distanceMs }: DilationPeer): number {
  return (1 + distanceMs) / Math.max(0.05, 1 - heat)
}
