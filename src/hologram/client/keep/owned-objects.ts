import type { CID } from 'multiformats/cid'
import type { Holdings } from '../../holdings.ts'
import { decodeOwned, encodeOwned } from './owned.ts'
import type { OwnedRecord } from './owned.ts'

/** An entry of the list of owned objects, or why it cannot be read. */
export type OwnedEntry =
  | { readonly cid: CID; readonly record: OwnedRecord }
  | { readonly cid: CID; readonly record: undefined; readonly error: unknown }

/**
 * The records of what this node's user put. Changes of one object take turns, and a change of an object that has been
 * removed meanwhile does nothing: a keeper at work must not bring it back.
 */
export class OwnedObjects {
  readonly #holdings: Holdings
  readonly #turns = new Map<string, Promise<unknown>>()
  /** Work under way for an object; it is aborted when its user removes the object. */
  readonly #works = new Map<string, Set<Work>>()
  readonly #removing = new Map<string, number>()
  /** Objects that one piece of work has to itself. */
  readonly #alone = new Set<string>()

  constructor(holdings: Holdings) {
    this.#holdings = holdings
  }

  async *list(): AsyncGenerator<OwnedEntry> {
    for await (const { cid, value } of this.#holdings.listOwned()) {
      let entry: OwnedEntry
      try {
        if (value === undefined) throw new Error('the entry does not match its checksum')
        entry = { cid, record: decodeOwned(value) }
      } catch (error) {
        entry = { cid, record: undefined, error }
      }
      yield entry
    }
  }

  /** Undefined when there is none. @throws HologramError 'CORRUPT', StoreError 'CORRUPT' */
  async read(cid: CID): Promise<OwnedRecord | undefined> {
    const value = await this.#holdings.getOwned(cid)
    return value && decodeOwned(value)
  }

  async write(cid: CID, record: OwnedRecord): Promise<void> {
    await this.#inTurn(cid, async () => this.#holdings.putOwned(cid, encodeOwned(record)))
  }

  /** Changes the record as it stands now; undefined when the object has been removed. */
  async update(cid: CID, change: (record: OwnedRecord) => OwnedRecord): Promise<OwnedRecord | undefined> {
    return this.#inTurn(cid, async () => {
      const record = await this.read(cid)
      if (record === undefined || this.#removing.has(cid.toString())) return undefined
      const changed = change(record)
      await this.#holdings.putOwned(cid, encodeOwned(changed))
      return changed
    })
  }

  /**
   * Does work for an object; the signal fires when `signal` does, or when the object is being removed.
   *
   * @throws the signal's reason; `Removed`, without having begun, when the object is being removed or changed
   */
  async working<R>(cid: CID, signal: AbortSignal, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const key = cid.toString()
    if (this.#removing.has(key) || this.#alone.has(key)) throw interrupted('The object is being changed.')
    const controller = new AbortController()
    const result = work(AbortSignal.any([signal, controller.signal]))
    const ended = result.then(
      () => {},
      () => {}
    )
    const entry = { controller, ended }
    const works = this.#works.get(key) ?? new Set()
    this.#works.set(key, works.add(entry))
    try {
      return await result
    } finally {
      works.delete(entry)
      if (works.size === 0 && this.#works.get(key) === works) this.#works.delete(key)
    }
  }

  /**
   * Ends what is under way for the object and keeps anything new from beginning until `work` is done. Removing the object ends
   * this work, too.
   *
   * @throws `Removed` when the object is being removed, or another such work is under way
   */
  async alone<R>(cid: CID, signal: AbortSignal, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const key = cid.toString()
    return this.working(cid, signal, async (working) => {
      const others = [...(this.#works.get(key) ?? [])]
      this.#alone.add(key)
      try {
        for (const { controller } of others) controller.abort(interrupted('The object is being changed.'))
        await Promise.all(others.map(async ({ ended }) => ended))
        working.throwIfAborted()
        return await work(working)
      } finally {
        this.#alone.delete(key)
      }
    })
  }

  /**
   * Ends what is under way for the object and keeps anything new from beginning; then does `work` and forgets the object.
   * A lease that is still being made would outrank a tombstone made beside it.
   */
  async removing<R>(cid: CID, work: () => Promise<R>): Promise<R> {
    const key = cid.toString()
    this.#removing.set(key, (this.#removing.get(key) ?? 0) + 1)
    const works = [...(this.#works.get(key) ?? [])]
    for (const { controller } of works) controller.abort(interrupted('The object is being removed.'))
    try {
      await Promise.all(works.map(async ({ ended }) => ended))
      const result = await work()
      await this.#inTurn(cid, async () => this.#holdings.deleteOwned(cid))
      return result
    } finally {
      const others = this.#removing.get(key)! - 1
      if (others === 0) this.#removing.delete(key)
      else this.#removing.set(key, others)
    }
  }

  async #inTurn<R>(cid: CID, task: () => Promise<R>): Promise<R> {
    const key = cid.toString()
    const result = (this.#turns.get(key) ?? Promise.resolve()).then(task)
    const turn = result.catch(() => {})
    this.#turns.set(key, turn)
    try {
      return await result
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key)
    }
  }
}

interface Work {
  readonly controller: AbortController
  /** Never rejects. */
  readonly ended: Promise<void>
}

/** Why work for an object ended before its time. */
export class Removed extends Error {
  override readonly name = 'Removed'
}

function interrupted(why: string): Removed {
  return new Removed(why)
}
