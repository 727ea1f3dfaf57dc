import { cp, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { systemDisk } from '../../../src/store/disk.ts'
import { Locks } from '../../../src/store/locks.ts'
import type { Disk, DiskFile } from '../../../src/store/index.ts'

/** What becomes of bytes that were written and not synced: the file ends before them, or they read as zeros. */
export type Loss = 'cut' | 'zeros'

/**
 * A disk that knows what would survive a power failure: contents up to the last sync of the file, and names up to
 * the last sync of their folder. `onStep` is called before each operation that changes something.
 */
export class FrailDisk implements Disk {
  readonly #steps = new Locks()
  readonly #onStep: () => Promise<void>
  /** Synced length by path, of files written since the disk came up. */
  readonly #synced = new Map<string, number>()
  /** Newest first: how to take back the changes of names that are not durable yet. */
  #undo: Array<{ directory: string; apply: (root: string) => Promise<void> }> = []
  #buried = 0
  readonly #root: string

  constructor(root: string, onStep: () => Promise<void>) {
    this.#root = root
    this.#onStep = onStep
  }

  /** Copies the folder to `target` as it would be found after the power went now. */
  async survivors(target: string, loss: Loss): Promise<void> {
    await cp(this.#root, target, { recursive: true })
    for (const [path, length] of this.#synced) {
      const file = this.#in(target, path)
      const size = await systemDisk.sizeOf(file)
      if (size === undefined || size <= length) continue
      await truncate(file, length)
      if (loss === 'zeros') await truncate(file, size)
    }
    for (const { apply } of this.#undo) await apply(target)
  }

  create = async (path: string): Promise<DiskFile> =>
    await this.#step(async () => {
      const file = await systemDisk.create(path)
      this.#synced.set(path, 0)
      this.#note(path, async (root) => await rm(this.#in(root, path), { force: true }))
      return this.#frail(path, file)
    })

  open = async (path: string, mode: 'read' | 'update'): Promise<DiskFile> =>
    this.#frail(path, await systemDisk.open(path, mode))

  rename = async (from: string, to: string): Promise<void> =>
    await this.#step(async () => {
      await systemDisk.rename(from, to)
      this.#moveSynced(from, to)
      this.#note(to, async (root) => await rename(this.#in(root, to), this.#in(root, from)))
    })

  remove = async (path: string): Promise<boolean> =>
    await this.#step(async () => {
      if ((await systemDisk.sizeOf(path)) === undefined) return false
      // Kept aside in the folder itself, so that the copy has it too.
      const grave = join(this.#root, `buried-${this.#buried++}`)
      await rename(path, grave)
      this.#moveSynced(path, grave)
      this.#note(path, async (root) => await rename(this.#in(root, grave), this.#in(root, path)))
      return true
    })

  syncDirectory = async (path: string): Promise<void> =>
    await this.#step(async () => {
      await systemDisk.syncDirectory(path)
      this.#undo = this.#undo.filter(({ directory }) => directory !== path)
    })

  makeDirectory = async (path: string): Promise<void> =>
    await this.#step(async () => {
      if ((await systemDisk.sizeOf(path)) !== undefined) return
      await systemDisk.makeDirectory(path)
      this.#note(path, async (root) => await rm(this.#in(root, path), { recursive: true, force: true }))
    })

  list = systemDisk.list
  sizeOf = systemDisk.sizeOf
  availableBytes = systemDisk.availableBytes

  #frail(path: string, file: DiskFile): DiskFile {
    let named = path
    const track = (): string => {
      while (this.#renamed.has(named)) named = this.#renamed.get(named)!
      return named
    }
    return {
      ...file,
      write: async (bytes, position) =>
        await this.#step(async () => {
          const durable = this.#synced.get(track()) ?? (await file.size())
          this.#synced.set(track(), Math.min(durable, position))
          await file.write(bytes, position)
        }),
      sync: async () =>
        await this.#step(async () => {
          await file.sync()
          this.#synced.set(track(), await file.size())
        })
    }
  }

  /** One operation at a time, so that what would survive is well defined before each. */
  async #step<T>(operation: () => Promise<T>): Promise<T> {
    return await this.#steps.run('', async () => {
      await this.#onStep()
      return await operation()
    })
  }

  /** Where files that are open went, so that a later sync counts for them. */
  readonly #renamed = new Map<string, string>()

  #moveSynced(from: string, to: string): void {
    const length = this.#synced.get(from)
    this.#synced.delete(from)
    if (length !== undefined) this.#synced.set(to, length)
    this.#renamed.delete(to)
    this.#renamed.set(from, to)
  }

  #note(path: string, apply: (root: string) => Promise<void>): void {
    this.#undo.unshift({ directory: join(path, '..'), apply })
  }

  #in(root: string, path: string): string {
    return join(root, path.slice(this.#root.length))
  }
}
