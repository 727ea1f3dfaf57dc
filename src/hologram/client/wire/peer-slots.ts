interface Slots {
  taken: number
  readonly waiting: Array<() => void>
}

/** So many at a time for each key; the others wait in line. */
export class PeerSlots {
  readonly #max: number
  readonly #slots = new Map<string, Slots>()

  constructor(max: number) {
    this.#max = max
  }

  /** @returns gives the slot back; idempotent @throws the signal's reason when it fires first */
  async take(key: string, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    const slots = this.#slots.get(key) ?? { taken: 0, waiting: [] }
    this.#slots.set(key, slots)
    if (slots.taken >= this.#max) await wait(slots, signal)
    else slots.taken++
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      const next = slots.waiting.shift()
      // The slot goes to the next in line as it is.
      if (next !== undefined) next()
      else if (--slots.taken === 0) this.#slots.delete(key)
    }
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
