// A file system in memory, for the store of a simulated node. What was not synced is gone after a crash: bytes past the
// last sync of a file, names past the last sync of their folder. Everything takes (virtual) time.

import { dirname } from 'node:path'
import type { Disk, DiskFile } from '../../../src/store/index.ts'
import type { Clock } from '../../../src/clock/index.ts'

export interface DiskTiming {
  readonly syncMs: number
  readonly bytesPerSecond: number
}

/** A fast solid-state disk, without a cache that survives power failure. */
const DEFAULT_TIMING: DiskTiming = { syncMs: 2, bytesPerSecond: 500e6 }
/** A change of names. It takes time so that a process that was killed changes nothing any more: its clock has stopped. */
const NAME_MS = 0.02

class FileContent {
  bytes = new Uint8Array(0)
  length = 0
  /** What survives a crash. */
  synced = new Uint8Array(0)

  write(part: Uint8Array, position: number): void {
    const end = position + part.byteLength
    if (end > this.bytes.byteLength) {
      const grown = new Uint8Array(Math.max(end, 2 * this.bytes.byteLength))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    this.bytes.set(part, position)
    this.length = Math.max(this.length, end)
  }

  sync(): void {
    this.synced = this.bytes.slice(0, this.length)
  }

  crash(): void {
    this.bytes = this.synced.slice()
    this.length = this.synced.byteLength
  }
}

export class SimFileSystem {
  readonly #timing: DiskTiming
  #files = new Map<string, FileContent>()
  /** Names as they are on the platter. */
  #durable = new Map<string, FileContent>()
  readonly #capacityBytes: number
  #isFull = false
  /** A disk does one thing after another. */
  #freeMs = 0

  constructor({ capacityBytes = 2 ** 40, timing = DEFAULT_TIMING } = {}) {
    this.#capacityBytes = capacityBytes
    this.#timing = timing
  }

  /** Every write fails from now on, as on a disk that others have filled. */
  fill(isFull = true): void {
    this.#isFull = isFull
  }

  /** Loses what was not synced. */
  crash(): void {
    this.#files = new Map(this.#durable)
    for (const content of new Set(this.#files.values())) content.crash()
    this.#freeMs = 0
  }

  /** Paths of files whose name ends with `suffix`. */
  paths(suffix: string): string[] {
    return [...this.#files.keys()].filter((path) => path.endsWith(suffix)).sort()
  }

  /** Flips one bit of a file, on the platter too: what a disk does over the years. */
  rot(path: string, position: number): void {
    const content = this.#files.get(path)
    if (content === undefined) throw new RangeError(`no file ${path}`)
    content.bytes[position] ^= 1
    if (position < content.synced.byteLength) content.synced[position] ^= 1
  }

  sizeOf(path: string): number | undefined {
    return this.#files.get(path)?.length
  }

  /** The view of one running process. */
  mount(clock: Clock): Disk {
    const wait = async (ms: number): Promise<void> => {
      const nowMs = clock.monotonicMs()
      this.#freeMs = Math.max(this.#freeMs, nowMs) + ms
      await clock.sleep(this.#freeMs - nowMs)
    }
    const transfer = async (bytes: number): Promise<void> =>
      await wait((bytes / this.#timing.bytesPerSecond) * 1000)
    const checkRoom = (): void => {
      if (this.#isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    const file = (content: FileContent): DiskFile => {
      const readSync = (target: Uint8Array, position: number): number => {
        const part = content.bytes.subarray(position, Math.min(content.length, position + target.byteLength))
        target.set(part)
        return part.byteLength
      }
      return {
        readSync,
        read: async (target, position) => {
          await transfer(target.byteLength)
          return readSync(target, position)
        },
        write: async (bytes, position) => {
          checkRoom()
          const copy = bytes.slice()
          await transfer(bytes.byteLength)
          content.write(copy, position)
        },
        truncate: async (length) => {
          await wait(NAME_MS)
          content.length = Math.min(content.length, length)
        },
        sync: async () => {
          await wait(this.#timing.syncMs)
          content.sync()
        },
        size: async () => content.length,
        close: async () => {}
      }
    }
    return {
      create: async (path) => {
        await wait(NAME_MS)
        checkRoom()
        if (this.#files.has(path)) throw Object.assign(new Error(`exists: ${path}`), { code: 'EEXIST' })
        const content = new FileContent()
        this.#files.set(path, content)
        return file(content)
      },
      open: async (path) => {
        const content = this.#files.get(path)
        if (content === undefined) throw Object.assign(new Error(`missing: ${path}`), { code: 'ENOENT' })
        return file(content)
      },
      rename: async (from, to) => {
        await wait(NAME_MS)
        const content = this.#files.get(from)
        if (content === undefined) throw Object.assign(new Error(`missing: ${from}`), { code: 'ENOENT' })
        this.#files.delete(from)
        this.#files.set(to, content)
      },
      remove: async (path) => {
        await wait(NAME_MS)
        return this.#files.delete(path)
      },
      makeDirectory: async () => {},
      list: async (directory) => {
        const names = new Set<string>()
        for (const path of this.#files.keys()) {
          if (path.startsWith(`${directory}/`)) names.add(path.slice(directory.length + 1).split('/')[0])
        }
        return [...names].sort()
      },
      sizeOf: async (path) => this.#files.get(path)?.length,
      syncDirectory: async (path) => {
        await wait(this.#timing.syncMs)
        for (const name of this.#durable.keys()) {
          if (dirname(name) === path && !this.#files.has(name)) this.#durable.delete(name)
        }
        for (const [name, content] of this.#files)
          if (dirname(name) === path) this.#durable.set(name, content)
      },
      availableBytes: async () => {
        if (this.#isFull) return 0
        let used = 0
        for (const { length } of this.#files.values()) used += length
        return this.#capacityBytes - used
      }
    }
  }
}
