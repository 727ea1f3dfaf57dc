import type { CID } from 'multiformats/cid'
import type { Suspect } from './suspects.ts'

/** An object that waits for its repair. Times are on the monotonic clock. */
export interface QueuedRepair {
  readonly cid: CID
  readonly dueMs: number
  /** Shards, or copies, over those that are needed. */
  readonly spare: number
  /** For a person. */
  readonly reason: string
  /** The next pause after a failure, in grace times. */
  readonly backoff: number
  /** There is something to look at though none of its peers is lost. */
  readonly mustLook: boolean
  readonly suspects: readonly Suspect[]
}

/** Objects that wait for repair, each once. Pure. */
export class RepairQueue {
  readonly #waiting = new Map<string, QueuedRepair>()

  get size(): number {
    return this.#waiting.size
  }

  has(cid: CID): boolean {
    return this.#waiting.has(cid.toString())
  }

  /** An object that waits already waits no longer for it, and keeps what was found before. */
  add(repair: QueuedRepair): void {
    const key = repair.cid.toString()
    const known = this.#waiting.get(key)
    this.#waiting.set(
      key,
      known === undefined
        ? repair
        : {
            ...repair,
            dueMs: Math.min(repair.dueMs, known.dueMs),
            backoff: known.backoff,
            mustLook: repair.mustLook || known.mustLook,
            suspects: merged(known.suspects, repair.suspects)
          }
    )
  }

  delete(cid: CID): void {
    this.#waiting.delete(cid.toString())
  }

  /** Takes out the most endangered of the repairs that are due and fit. */
  take(nowMs: number, fits: (cid: CID) => boolean): QueuedRepair | undefined {
    let first: QueuedRepair | undefined
    for (const repair of this.#waiting.values()) {
      if (repair.dueMs > nowMs || !fits(repair.cid)) continue
      if (first === undefined || isBefore(repair, first)) first = repair
    }
    if (first !== undefined) this.delete(first.cid)
    return first
  }

  /** How many wait, by their spare shards. */
  bySpare(): Map<number, number> {
    const counts = new Map<number, number>()
    for (const { spare } of this.#waiting.values()) counts.set(spare, (counts.get(spare) ?? 0) + 1)
    return counts
  }
}

const isBefore = (a: QueuedRepair, b: QueuedRepair): boolean =>
  a.spare < b.spare || (a.spare === b.spare && a.dueMs < b.dueMs)

function merged(before: readonly Suspect[], after: readonly Suspect[]): Suspect[] {
  const key = ({ peer, shard }: Suspect): string => `${shard ?? ''} ${peer.toString()}`
  return [...new Map([...before, ...after].map((suspect) => [key(suspect), suspect])).values()]
}
