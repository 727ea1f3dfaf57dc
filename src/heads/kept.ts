import { KeptHeads } from '../../protocols/generated/head.js'
import type { Clock } from '../clock/index.ts'
import { MAX_CONFLICTS, newest, openHead } from './head.ts'
import type { Head } from './head.ts'
import type { HeadSettings } from './settings.ts'

/** Small durable records. What resolves is on the disk. */
export interface HeadRecords {
  write: (changes: ReadonlyArray<{ readonly key: string; readonly value?: Uint8Array }>) => Promise<void>
  /** @param onDamaged - told of records that cannot be read, which are left out */
  list: (
    prefix: string,
    onDamaged: (key: string) => void
  ) => Promise<Array<{ readonly key: string; readonly value: Uint8Array }>>
}

export interface KeptInit {
  readonly records: HeadRecords
  readonly networkId: Uint8Array
  readonly clock: Pick<Clock, 'nowMs'>
  readonly settings: Pick<HeadSettings, 'maxNames' | 'maxShare'>
  /** Told of a record that cannot be read, or whose heads have expired; it is dropped. */
  readonly onDropped: (key: string, error: unknown) => void
}

interface Kept {
  readonly heads: readonly Head[]
  readonly broughtBy: string
}

/** The heads that this peer keeps for the mesh: in memory for reading, on the disk before anything is acknowledged. */
export class KeptHeadsStore {
  readonly #init: KeptInit
  readonly #kept = new Map<string, Kept>()
  /** Names of each network. */
  readonly #brought = new Map<string, number>()
  /** One change of a name at a time. */
  readonly #changes = new Map<string, Promise<unknown>>()

  constructor(init: KeptInit) {
    this.#init = init
  }

  /** Reads what was kept before. @throws what the records throw */
  async open(): Promise<void> {
    const { records, networkId, clock, onDropped } = this.#init
    const ended: Array<{ key: string }> = []
    const drop = (key: string, error: unknown): void => {
      onDropped(key, error)
      ended.push({ key })
    }
    const all = await records.list('', (key) => drop(key, new Error('the record is damaged')))
    for (const { key, value } of all) {
      try {
        const { heads: signed, broughtBy } = KeptHeads.decode(value)
        const heads = await Promise.all(signed.map(async (one) => openHead(networkId, one, clock.nowMs())))
        this.#set(key, { heads: newest(heads), broughtBy })
      } catch (error) {
        drop(key, error)
      }
    }
    if (ended.length > 0) await records.write(ended)
  }

  get size(): number {
    return this.#kept.size
  }

  names(): string[] {
    return [...this.#kept.keys()]
  }

  /** The newest heads of a name that have not expired. */
  get(name: string): readonly Head[] {
    const nowMs = this.#init.clock.nowMs()
    return (this.#kept.get(name)?.heads ?? []).filter(({ expiresAtMs }) => expiresAtMs > nowMs)
  }

  /**
   * Keeps a verified head, unless newer ones are kept. Durable when it resolves.
   *
   * @param broughtBy - the network that it came from; undefined for this node's own user
   * @returns what is kept of the name now; undefined when there is no room for another name
   * @throws what the records throw
   */
  async put(head: Head, broughtBy: string | undefined): Promise<readonly Head[] | undefined> {
    const name = head.name.toString()
    return await this.#inTurn(name, async () => {
      const known = this.#kept.get(name)
      const before = this.get(name)
      if (known === undefined && !this.#hasRoom(broughtBy)) return undefined
      const all = newest([...before, head])
      // Of too many at one time the first stay: whoever was told that he is alone must not be pushed out by those that follow.
      const heads = all.length > MAX_CONFLICTS ? before : all
      const isKept = heads.some(({ signed }) => signed === head.signed)
      if (!isKept) return heads
      const kept = { heads, broughtBy: known?.broughtBy ?? broughtBy ?? '' }
      const value = KeptHeads.encode({
        heads: heads.map(({ signed }) => Uint8Array.from(signed)),
        broughtBy: kept.broughtBy
      })
      await this.#init.records.write([{ key: name, value }])
      this.#set(name, kept)
      return heads
    })
  }

  /** Forgets the heads of a name. @throws what the records throw */
  async drop(name: string): Promise<void> {
    await this.#inTurn(name, async () => {
      if (!this.#kept.has(name)) return
      await this.#init.records.write([{ key: name }])
      this.#delete(name)
    })
  }

  #hasRoom(broughtBy: string | undefined): boolean {
    const { maxNames, maxShare } = this.#init.settings
    if (broughtBy === undefined) return true
    if (this.#kept.size >= maxNames) return false
    return (this.#brought.get(broughtBy) ?? 0) < maxNames * maxShare
  }

  #set(name: string, kept: Kept): void {
    this.#delete(name)
    this.#kept.set(name, kept)
    this.#brought.set(kept.broughtBy, (this.#brought.get(kept.broughtBy) ?? 0) + 1)
  }

  #delete(name: string): void {
    const known = this.#kept.get(name)
    if (known === undefined) return
    this.#kept.delete(name)
    const left = (this.#brought.get(known.broughtBy) ?? 1) - 1
    if (left === 0) this.#brought.delete(known.broughtBy)
    else this.#brought.set(known.broughtBy, left)
  }

  async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#changes.get(name) ?? Promise.resolve()
    const turn = before.then(work, work)
    const settled = turn.then(
      () => {},
      () => {}
    )
    this.#changes.set(name, settled)
    try {
      return await turn
    } finally {
      if (this.#changes.get(name) === settled) this.#changes.delete(name)
    }
  }
}
