import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createFile, readSecret, replaceFile } from '../node/data/files.ts'
import { aboutPath } from './errors.ts'

/** One link that was printed by a put, with its key: whoever reads the book can read the objects. */
export interface BookEntry {
  readonly link: string
  readonly cid: string
  readonly name: string
  readonly plainBytes: number
  /** Milliseconds since the Unix epoch. */
  readonly putAtMs: number
}

/**
 * The book of links in the data folder of a node: `links.jsonl`, one entry a line, mode 0600. It is kept only where the
 * user asked for it: the file is the sign.
 */
export class LinksBook {
  readonly path: string

  constructor(dataFolder: string) {
    this.path = join(dataFolder, 'links.jsonl')
  }

  /** Starts the book. @returns false when there was one already */
  async start(): Promise<boolean> {
    return await this.#about(async () => await createFile(this.path, '', 0o600))
  }

  /** Removes the book with all its links. */
  async forget(): Promise<void> {
    await this.#about(async () => await rm(this.path, { force: true }))
  }

  /** Undefined when no book is kept. The newest entry of an object stands for it; a line that was cut short is left out. */
  async read(): Promise<BookEntry[] | undefined> {
    const text = await this.#about(async () => await readSecret(this.path))
    if (text === undefined) return undefined
    const entries = new Map<string, BookEntry>()
    for (const line of text.split('\n')) {
      const entry = parseEntry(line)
      if (entry === undefined) continue
      entries.delete(entry.cid)
      entries.set(entry.cid, entry)
    }
    return [...entries.values()]
  }

  /** Adds a link where a book is kept. @returns whether one is */
  async add(entry: BookEntry): Promise<boolean> {
    if ((await this.read()) === undefined) return false
    // The line begins with a newline, so that one that was cut short before it cannot take it along.
    await this.#about(
      async () => await appendFile(this.path, `\n${JSON.stringify(entry)}`, { mode: 0o600, flush: true })
    )
    return true
  }

  /** Takes the links of an object out. */
  async remove(cid: string): Promise<void> {
    const entries = await this.read()
    const left = entries?.filter((entry) => entry.cid !== cid)
    if (left === undefined || left.length === entries?.length) return
    const text = left.map((entry) => `${JSON.stringify(entry)}\n`).join('')
    await this.#about(async () => await replaceFile(this.path, text, 0o600))
  }

  async #about<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      throw aboutPath(this.path, error)
    }
  }
}

const parseEntry = (line: string): BookEntry | undefined => {
  try {
    const { link, cid, name, plainBytes, putAtMs } = JSON.parse(line) as BookEntry
    const isWhole = [link, cid, name].every((one) => typeof one === 'string') && Number.isFinite(putAtMs)
    return isWhole ? { link, cid, name, plainBytes, putAtMs } : undefined
  } catch {
    return undefined
  }
}
