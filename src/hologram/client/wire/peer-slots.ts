/** What goes on with one peer, and what waits in line for it. */
export interface SlotUse {
  readonly taken: number
  readonly waiting: number
}

interface Slots {
  taken: number
  readonly waiting: Array<() => void>
}

/** A limit on what goes on with each peer at the same time; the rest waits in line. Peers are named by their ids as text. */
export class PeerSlots {
  readonly #max: (peer: string) => number
  readonly #slots = new Map<string, Slots>()

  /** @param max - read whenever a slot is taken or given back, so that a controller can move it; below 1 counts as 1 */
  constructor(max: (peer: string) => number) {
    this.#max = max
  }

  use(peer: string): SlotUse {
    const { taken, waiting } = this.#slots.get(peer) ?? { taken: 0, waiting: [] }
    return { taken, waiting: waiting.length }
  }

  /** @returns gives the slot back; idempotent @throws the signal's reason when it fires first */
  async take(peer: string, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    const slots = this.#slots.get(peer) ?? { taken: 0, waiting: [] }
    this.#slots.set(peer, slots)
    if (slots.waiting.length > 0 || !this.#hasRoom(peer, slots)) await wait(slots, signal)
    else slots.taken++
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      slots.taken--
      this.#admit(peer, slots)
      if (slots.taken === 0) this.#slots.delete(peer)
    }
  }

  #admit(peer: string, slots: Slots): void {
    while (slots.waiting.length > 0 && this.#hasRoom(peer, slots)) {
      slots.taken++
      slots.waiting.shift()!()
    }
  }

  #hasRoom(peer: string, { taken }: Slots): boolean {
    return taken < Math.max(1, this.#max(peer))
  }
}

async function wait(slots: Slots, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => {
    slots.waiting.splice(slots.waiting.indexOf(resolve), 1)
    reject(signal?.reason as Error)
  }
  slots.waiting.push(resolve)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await promise
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
