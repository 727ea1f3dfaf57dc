import { Status } from '../../../protocols/generated/object.js'
import type { Bandwidth } from '../wire/bandwidth.ts'
import { Refusal } from './refusal.ts'

/** Uploads from fuller peers that are taken at once: many of them find an empty peer at the same time. */
const MAX_AT_ONCE = 16
/** What the others should wait: about as long as a shard of some MiB takes. */
const RETRY_AFTER_MS = 1_000

/** Keeps what fuller peers bring from getting in the way of what users do. */
export class FillIntake {
  readonly #pace: Bandwidth
  #open = 0

  /** @param pace - taken for each block, in addition to the caps of the node */
  constructor(pace: Bandwidth) {
    this.#pace = pace
  }

  /** @returns to be called once when the upload has ended @throws Refusal BUSY */
  enter(): () => void {
    if (this.#open >= MAX_AT_ONCE) {
      throw new Refusal(Status.BUSY, 'enough peers fill this one already', RETRY_AFTER_MS)
    }
    this.#open++
    return () => this.#open--
  }

  async take(bytes: number, signal: AbortSignal): Promise<void> {
    await this.#pace.take(bytes, signal)
  }
}
