/** Peers in the table that have not been reached yet and came by one introducer. */
export const MAX_STRANGERS_PER_INTRODUCER = 128
/** In all; beyond, the introducer with the most loses its oldest. */
export const MAX_STRANGERS = 1024

/**
 * Peers known from reports only, by the peer that passed the report on. Whoever floods the network with keys of peers that
 * do not exist uses up its own share.
 */
export class Strangers {
  readonly #introducers = new Map<string, string>()
  /** Oldest first. */
  readonly #byIntroducer = new Map<string, Set<string>>()

  mayCome(introducer: string): boolean {
    return (this.#byIntroducer.get(introducer)?.size ?? 0) < MAX_STRANGERS_PER_INTRODUCER
  }

  /** @returns the id of the stranger that has to give way, if one has */
  add(id: string, introducer: string): string | undefined {
    let crowded: string | undefined
    if (this.#introducers.size >= MAX_STRANGERS) {
      const [most] = [...this.#byIntroducer.values()].sort((a, b) => b.size - a.size)
      crowded = most.values().next().value as string
      this.remove(crowded)
    }
    this.#introducers.set(id, introducer)
    const ids = this.#byIntroducer.get(introducer) ?? new Set()
    this.#byIntroducer.set(introducer, ids.add(id))
    return crowded
  }

  remove(id: string): void {
    const introducer = this.#introducers.get(id)
    if (introducer === undefined) return
    this.#introducers.delete(id)
    const ids = this.#byIntroducer.get(introducer)
    ids?.delete(id)
    if (ids?.size === 0) this.#byIntroducer.delete(introducer)
  }

  introducerOf(id: string): string | undefined {
    return this.#introducers.get(id)
  }
}
