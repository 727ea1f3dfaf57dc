/** Maximum unreached peers in the table from one introducer. */
export const MAX_STRANGERS_PER_INTRODUCER = 128
/** Maximum from all introducers; beyond it, the introducer with the most loses its oldest. */
export const MAX_STRANGERS = 1024

/**
 * Peers known only from reports, by the introducer that passed the report on. An introducer that floods the network with
 * nonexistent peers uses up only its own share.
 */
export class Strangers {
  readonly #introducers = new Map<string, string>()
  /** Oldest first. */
  readonly #byIntroducer = new Map<string, Set<string>>()

  mayCome(introducer: string): boolean {
    return (this.#byIntroducer.get(introducer)?.size ?? 0) < MAX_STRANGERS_PER_INTRODUCER
  }

  /** @returns the id of the stranger removed to make room, if any */
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
