import type { PutOptions } from '../../objects.ts'

/** Tells the caller of a put how far it is. */
export class ProgressReport {
  readonly #onProgress: PutOptions['onProgress']
  readonly #acknowledged = new Set<number>()
  #readBytes = 0
  #sentBytes = 0

  constructor(onProgress: PutOptions['onProgress']) {
    this.#onProgress = onProgress
  }

  /** Passes the source on, counting its bytes. */
  async *reading(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#readBytes += chunk.byteLength
      this.#report()
      yield chunk
    }
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes
    this.#report()
  }

  acknowledged(shard: number): void {
    this.#acknowledged.add(shard)
    this.#report()
  }

  #report(): void {
    this.#onProgress?.({
      readBytes: this.#readBytes,
      sentBytes: this.#sentBytes,
      shardsAcknowledged: this.#acknowledged.size
    })
  }
}
