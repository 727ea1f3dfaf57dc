import { mapSystemError } from './errors.ts'
import type { DiskFile } from './disk.ts'

/**
 * Appends to a file through a few large writes. At most two batches are in memory: one being filled, one being
 * written. A failed write sticks: every later call rejects with it. One call at a time.
 */
export class Appender {
  readonly #file: DiskFile
  readonly #batchBytes: number
  /** File offset of the batch being filled. */
  #position: number
  #batch: Uint8Array | undefined
  #filled = 0
  #writing: Uint8Array | undefined
  #written: Promise<void> = Promise.resolve()
  #spare: Uint8Array | undefined

  /** @param position - length of the file so far */
  constructor(file: DiskFile, position: number, batchBytes: number) {
    this.#file = file
    this.#position = position
    this.#batchBytes = batchBytes
  }

  /** Copies `bytes`; resolves as soon as the copy fits the memory bound. */
  async append(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length;) {
      this.#batch ??= this.#takeSpare() ?? new Uint8Array(this.#batchBytes)
      const part = bytes.subarray(taken, taken + this.#batchBytes - this.#filled)
      this.#batch.set(part, this.#filled)
      this.#filled += part.length
      taken += part.length
      if (this.#filled === this.#batchBytes) await this.#writeBatch()
    }
  }

  /** Resolves when the file system has everything appended so far. Does not sync. */
  async flush(): Promise<void> {
    if (this.#filled > 0) await this.#writeBatch()
    await this.#written
  }

  /** Appended bytes that may not be in the file yet, in order; they end where the next byte goes. */
  unwritten(): Uint8Array[] {
    return [this.#writing, this.#batch?.subarray(0, this.#filled)].filter((part) => part !== undefined)
  }

  #takeSpare(): Uint8Array | undefined {
    const spare = this.#spare
    this.#spare = undefined
    return spare
  }

  async #writeBatch(): Promise<void> {
    await this.#written
    const batch = this.#batch!
    const bytes = batch.subarray(0, this.#filled)
    this.#writing = bytes
    this.#batch = undefined
    this.#filled = 0
    this.#written = this.#file.write(bytes, this.#position).then(
      () => {
        this.#writing = undefined
        this.#spare = batch
      },
      (error: unknown) => {
        throw mapSystemError(error)
      }
    )
    // The next call reports the rejection; until then nothing awaits it.
    this.#written.catch(() => {})
    this.#position += bytes.length
  }
}
