/** What goes on with one peer, and what waits in line for it. */
export interface SlotUse {
  readonly taken: number
  readonly waiting: number
}

export interface TakeOptions {
  readonly signal?: AbortSignal
  /** Called whenever somebody joins the line while the slot is held: who does not need it just now may give it back. */
  readonly onAwaited?: () => void
}

interface Slots {
  taken: number
  readonly waiting: Array<() => void>
  /** Of those who hold a slot and want to know. */
  readonly holders: Set<() => void>
}

/** Peers whose own limit is remembered. */
const MAX_REMEMBERED = 1024

/**
 * A limit on what goes on with each peer at the same time; the rest waits in line. Peers are named by their ids as text.
 *
 * A peer may take less than the limit. What it takes is learnt as TCP learns it (additive increase, multiplicative decrease:
 * Chiu and Jain, 1989): half after it was busy, and one more after as many successes.
 */
export class PeerSlots {
  readonly #max: (peer: string) => number
  readonly #slots = new Map<string, Slots>()
  /** What a peer takes that was busy, the latest last; others take what the limit says. */
  readonly #learnt = new Map<string, number>()

  /** @param max - read whenever a slot is taken or given back, so that a controller can move it; below 1 counts as 1 */
  constructor(max: (peer: string) => number) {
    this.#max = max
  }

  use(peer: string): SlotUse {
    const { taken = 0, waiting = [] } = this.#slots.get(peer) ?? {}
    return { taken, waiting: waiting.length }
  }

  /** @returns gives the slot back; idempotent @throws the signal's reason when it fires first */
  async take(peer: string, { signal, onAwaited }: TakeOptions = {}): Promise<() => void> {
    signal?.throwIfAborted()
    const slots = this.#slots.get(peer) ?? { taken: 0, waiting: [], holders: new Set() }
    this.#slots.set(peer, slots)
    if (slots.waiting.length > 0 || !this.#hasRoom(peer, slots)) await wait(slots, signal)
    else slots.taken++
    if (onAwaited !== undefined) slots.holders.add(onAwaited)
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      if (onAwaited !== undefined) slots.holders.delete(onAwaited)
      slots.taken--
      this.#admit(peer, slots)
      if (slots.taken === 0) this.#slots.delete(peer)
    }
  }

  /** The peer had too much. To be called before the slot is given back. */
  wasBusy(peer: string): void {
    const taken = Math.min(this.#slots.get(peer)?.taken ?? 1, this.#limit(peer))
    this.#learnt.delete(peer)
    this.#learnt.set(peer, Math.max(1, Math.floor(taken / 2)))
    const [oldest] = this.#learnt.keys()
    if (this.#learnt.size > MAX_REMEMBERED) this.#learnt.delete(oldest)
  }

  /** The peer did what it was asked for. */
  hasServed(peer: string): void {
    const learnt = this.#learnt.get(peer)
    if (learnt === undefined) return
    const more = learnt + 1 / learnt
    if (more < this.#max(peer)) this.#learnt.set(peer, more)
    else this.#learnt.delete(peer)
  }

  #admit(peer: string, slots: Slots): void {
    while (slots.waiting.length > 0 && this.#hasRoom(peer, slots)) {
      slots.taken++
      slots.waiting.shift()!()
    }
  }

  #hasRoom(peer: string, { taken }: Slots): boolean {
    return taken < this.#limit(peer)
  }

  #limit(peer: string): number {
    return Math.max(1, Math.min(this.#max(peer), Math.floor(this.#learnt.get(peer) ?? Infinity)))
  }
}

async function wait(slots: Slots, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => {
    slots.waiting.splice(slots.waiting.indexOf(resolve), 1)
    reject(signal?.reason as Error)
  }
  slots.waiting.push(resolve)
  for (const onAwaited of [...slots.holders]) onAwaited()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await promise
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
