/** Without a value: a removal. */
export interface RecordChange {
  readonly key: string
  readonly value?: Uint8Array
}

/** What must outlive the process. Keys are short texts. */
export interface AgreementRecords {
  /** Applies all changes or none; durable when resolved. */
  write: (changes: readonly RecordChange[]) => Promise<void>
  get: (key: string) => Promise<Uint8Array | undefined>
  /** Entries whose key starts with `prefix`, in the order of their keys. */
  list: (prefix: string) => Promise<ReadonlyArray<{ readonly key: string; readonly value: Uint8Array }>>
}

/** Records that are gone with the process: for a node that only follows, and for tests. */
export class MemoryRecords implements AgreementRecords {
  readonly #entries = new Map<string, Uint8Array>()

  async write(changes: readonly RecordChange[]): Promise<void> {
    for (const { key, value } of changes) {
      if (value === undefined) this.#entries.delete(key)
      else this.#entries.set(key, value)
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#entries.get(key)
  }

  async list(prefix: string): Promise<Array<{ key: string; value: Uint8Array }>> {
    return [...this.#entries]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ key, value }))
  }
}
