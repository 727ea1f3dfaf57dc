import { writeAllCounted } from './entries.ts'
import { changeBytes } from './database.ts'
import { StoreError } from './errors.ts'
import { noteKey, noteNameOf } from './records.ts'
import type { StoreParts } from './parts.ts'

/** A change of one note; without a value, a removal. */
export interface NoteChange {
  readonly key: string
  readonly value?: Uint8Array
}

/**
 * Small durable records of another room of the node, under their own namespace: its statements in an agreement, named
 * heads. Like all that a node keeps for itself, they count against the quota but are never refused.
 */
export class Notes {
  readonly #parts: StoreParts
  readonly #namespace: string

  /** @param namespace - 1 to 32 characters of a-z, 0-9 and - */
  constructor(parts: StoreParts, namespace: string) {
    if (!/^[a-z0-9-]{1,32}$/.test(namespace)) throw new RangeError(`"${namespace}" cannot name a namespace.`)
    this.#parts = parts
    this.#namespace = namespace
  }

  /**
   * Applies all changes or none; durable when it resolves.
   *
   * @throws StoreError 'DISK_FULL' | 'WRITE_FAILED'
   */
  async write(changes: readonly NoteChange[]): Promise<void> {
    const { database, locks } = this.#parts
    await locks.run(`notes ${this.#namespace}`, async () => {
      const entries = changes.map(({ key, value }) => ({ key: noteKey(this.#namespace, key), value }))
      let bytes = 0
      for (const entry of entries) bytes += changeBytes(entry) - (await database.storedBytes(entry.key))
      await writeAllCounted(this.#parts, entries, bytes, { enforce: false })
    })
  }

  /** Undefined if there is none. @throws StoreError 'CORRUPT' */
  async get(key: string): Promise<Uint8Array | undefined> {
    return await this.#parts.database.get(noteKey(this.#namespace, key))
  }

  /**
   * Entries whose key starts with `prefix`, ascending.
   *
   * @param onDamaged - told of damaged entries, which are left out; without it they end the list
   * @throws StoreError 'CORRUPT' if one of them is damaged and nobody is to be told
   */
  async list(
    prefix: string,
    onDamaged?: (key: string) => void
  ): Promise<Array<{ key: string; value: Uint8Array }>> {
    const found: Array<{ key: string; value: Uint8Array }> = []
    for await (const { key, value } of this.#parts.database.entries(noteKey(this.#namespace, prefix))) {
      const name = noteNameOf(key)
      if (value !== undefined) found.push({ key: name, value })
      else if (onDamaged !== undefined) onDamaged(name)
      else throw new StoreError('CORRUPT', `The note ${this.#namespace}/${name} is damaged.`)
    }
    return found
  }
}
