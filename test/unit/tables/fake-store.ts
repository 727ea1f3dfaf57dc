import type { PeerId } from '@libp2p/interface'
import { DEFAULT_HEAD_SETTINGS, HeadError, openHead, type Head } from '../../../src/heads/index.ts'
import { newest } from '../../../src/heads/head.ts'
import { KeptHeadsStore } from '../../../src/heads/kept.ts'
import type { Clock, RandomSource } from '../../../src/clock/index.ts'
import type { TableStore } from '../../../src/tables/index.ts'

export const NETWORK = new Uint8Array(32).fill(7)

/** Random bits that a seed decides (xorshift32). */
export const seeded = (seed: number): RandomSource => {
  let state = (seed * 2654435761 + 1) >>> 0 || 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 255),
    unit: () => next() / 2 ** 32
  }
}

export interface Weather {
  /** Chance that a message is lost, each way. */
  readonly loss: number
  readonly maxDelayMs: number
}

const KEEPERS = 7
const TIMEOUT_MS = 500

/**
 * A mesh for tables: objects in memory, and seven keepers of heads that keep them by the node's own rules, behind messages that
 * are delayed and lost. Every gateway has a connection of its own, which a test cuts to crash it.
 */
export class FakeMesh {
  readonly objects = new Map<string, Uint8Array>()
  readonly #keepers: KeptHeadsStore[] = []
  readonly #clock: Clock
  readonly #random: RandomSource
  weather: Weather = { loss: 0, maxDelayMs: 5 }
  /** Keepers that do not answer. */
  readonly down = new Set<number>()
  #nextId = 1

  constructor(clock: Clock, random: RandomSource) {
    this.#clock = clock
    this.#random = random
    for (let i = 0; i < KEEPERS; i++) {
      this.#keepers.push(
        new KeptHeadsStore({
          records: { write: async () => {}, list: async () => [] },
          networkId: NETWORK,
          clock,
          settings: DEFAULT_HEAD_SETTINGS,
          onDropped: () => {}
        })
      )
    }
  }

  connect(): { readonly store: TableStore; readonly cut: () => void } {
    let isCut = false
    const alive = (): void => {
      if (isCut) throw new Error('cut off')
    }
    const store: TableStore = {
      put: async (bytes) => {
        await this.#travel(alive)
        const reference = new TextEncoder().encode(`object-${this.#nextId++}`)
        this.objects.set(String(reference), Uint8Array.from(bytes))
        await this.#travel(alive)
        return reference
      },
      get: async (reference) => {
        await this.#travel(alive)
        const bytes = this.objects.get(String(reference))
        if (bytes === undefined) throw new Error('there is no such object')
        return bytes
      },
      remove: async (reference) => {
        await this.#travel(alive)
        this.objects.delete(String(reference))
      },
      publish: async (_name, signed) => {
        const head = await openHead(NETWORK, signed, this.#clock.nowMs())
        const answers = await this.#ask(alive, async (keeper) => (await keeper.put(head, undefined))!)
        const heads = newest(answers.flat())
        if (heads[0].sequence > head.sequence)
          throw new HeadError('STALE_HEAD', 'A newer head is kept.', { sequence: heads[0].sequence })
        return { confirmed: answers.length, keepers: KEEPERS, heads }
      },
      resolve: async (name: PeerId) => {
        const answers = await this.#ask(alive, async (keeper) => keeper.get(name.toString()))
        const heads = newest(answers.flat())
        if (heads.length === 0) throw new HeadError('NO_HEAD', 'Nothing is kept.', { keepers: KEEPERS })
        const version = versionOf(heads)
        const agreed = answers.filter((one) => versionOf(one) === version).length
        return { heads, answered: answers.length, agreed, keepers: KEEPERS }
      }
    }
    return { store, cut: () => void (isCut = true) }
  }

  async #ask(
    alive: () => void,
    ask: (keeper: KeptHeadsStore) => Promise<readonly Head[]>
  ): Promise<Array<readonly Head[]>> {
    alive()
    const answers: Array<readonly Head[]> = []
    const majority = Promise.withResolvers<void>()
    const asked = this.#keepers.map(async (keeper, index) => {
      await this.#delay()
      if (this.#isLost() || this.down.has(index)) return
      const heads = await ask(keeper)
      await this.#delay()
      if (this.#isLost()) return
      answers.push(heads)
      if (answers.length > KEEPERS / 2) majority.resolve()
    })
    const timeout = Promise.withResolvers<void>()
    const cancel = this.#clock.after(TIMEOUT_MS, () => timeout.resolve())
    await Promise.race([majority.promise, Promise.all(asked), timeout.promise])
    cancel()
    alive()
    const taken = [...answers]
    if (taken.length > KEEPERS / 2) return taken
    throw new HeadError('NO_MAJORITY', 'Too few answered.', { answered: taken.length, keepers: KEEPERS })
  }

  async #travel(alive: () => void): Promise<void> {
    alive()
    await this.#delay()
    alive()
  }

  async #delay(): Promise<void> {
    await this.#clock.sleep(this.#random.unit() * this.weather.maxDelayMs)
  }

  #isLost(): boolean {
    return this.#random.unit() < this.weather.loss
  }
}

const versionOf = (heads: readonly Head[]): string =>
  heads.map(({ sequence, value }) => `${sequence} ${String(value)}`).join()
