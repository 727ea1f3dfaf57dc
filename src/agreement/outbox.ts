import { toHex } from '../../fba/bytes.ts'
import type { Envelope, SlotRecord } from '../../fba/index.ts'

export interface OutboxInit {
  /** Makes the record durable. */
  readonly save: (record: SlotRecord) => Promise<void>
  readonly publish: (envelope: Envelope) => Promise<void>
  /** The record could not be made durable: the envelope is not sent. */
  readonly onSaveFailure: (error: unknown, record: SlotRecord) => void
  readonly onPublishFailure: (error: unknown, envelope: Envelope) => void
}

/**
 * Own envelopes on their way out: the record first, then the envelope, one after another. What has not been made durable
 * leaves this node by no way, not even as an answer: after a crash it would have been said and forgotten.
 */
export class Outbox {
  readonly #init: OutboxInit
  #last: Promise<void> = Promise.resolve()
  /** Signatures of own envelopes whose records are durable, by slot. */
  readonly #durable = new Map<number, Set<string>>()

  constructor(init: OutboxInit) {
    this.#init = init
  }

  send(envelope: Envelope, record: SlotRecord): void {
    this.#last = this.#last.then(async () => this.#send(envelope, record))
  }

  /** What a restored record holds was made durable by an earlier process. */
  noteDurable(envelope: Envelope): void {
    const { slotIndex } = envelope.statement
    const signatures = this.#durable.get(slotIndex) ?? new Set()
    this.#durable.set(slotIndex, signatures.add(toHex(envelope.signature)))
  }

  isDurable({ statement, signature }: Envelope): boolean {
    return this.#durable.get(statement.slotIndex)?.has(toHex(signature)) === true
  }

  forgetBefore(slot: number): void {
    for (const index of this.#durable.keys()) if (index < slot) this.#durable.delete(index)
  }

  /** Resolves when everything that was handed over is out, or has failed. */
  async settled(): Promise<void> {
    await this.#last
  }

  async #send(envelope: Envelope, record: SlotRecord): Promise<void> {
    try {
      await this.#init.save(record)
    } catch (error) {
      this.#init.onSaveFailure(error, record)
      return
    }
    this.noteDurable(envelope)
    try {
      await this.#init.publish(envelope)
    } catch (error) {
      // Nobody may be there to hear it; peers ask for it.
      this.#init.onPublishFailure(error, envelope)
    }
  }
}
