// What validators were heard to say, held against itself and against what they wrote down.
import { areContradictory, isNewerStatement } from '../../fba/index.ts'
import { toHex } from '../../fba/bytes.ts'
import type { Envelope, SlotRecord, Statement } from '../../fba/index.ts'

/** Two statements of one validator on one slot that no honest validator can have signed both. */
export interface Contradiction {
  readonly validator: string
  readonly slot: number
  readonly first: string
  readonly second: string
}

/** A statement that was heard, although what its validator wrote down before it was killed does not cover it. */
export interface Forgotten {
  readonly validator: string
  readonly slot: number
  readonly statement: string
}

/** Slots behind the last decision whose records a validator may have removed. */
const SLOTS_KEPT = 12

const isNomination = (statement: Statement): boolean => statement.type === 'nominate'

export class Statements {
  readonly contradictions: Contradiction[] = []
  readonly forgotten: Forgotten[] = []
  readonly #verify: (envelope: Envelope) => boolean
  readonly #heard = new Map<string, Map<number, Statement[]>>()
  readonly #signatures = new Set<string>()
  readonly #listeners = new Set<(validator: string) => void>()
  /** Statements whose signature is not that of the validator that they name. */
  unsigned = 0

  constructor(verify: (envelope: Envelope) => boolean) {
    this.#verify = verify
  }

  /** Different statements heard. */
  get count(): number {
    return this.#signatures.size
  }

  /** The highest slot that `validator` was heard on; 0 when it was never heard. */
  lastSlotOf(validator: string): number {
    return Math.max(0, ...(this.#heard.get(validator)?.keys() ?? []))
  }

  /** Resolves with the next statement of `validator` that was not heard before; rejects when `signal` aborts. */
  async nextOf(validator: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const listener = (speaker: string): void => {
      if (speaker === validator) resolve()
    }
    const onAbort = (): void => reject(signal.reason as Error)
    this.#listeners.add(listener)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      await promise
    } finally {
      this.#listeners.delete(listener)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Holds an envelope against all that its author was heard to say on the slot. Idempotent. */
  add(envelope: Envelope): void {
    const key = toHex(envelope.signature)
    if (this.#signatures.has(key)) return
    if (!this.#verify(envelope)) {
      this.unsigned++
      return
    }
    this.#signatures.add(key)
    const { statement } = envelope
    const { nodeId: validator, slotIndex: slot } = statement
    const slots = this.#heard.get(validator) ?? new Map<number, Statement[]>()
    this.#heard.set(validator, slots)
    const before = slots.get(slot) ?? []
    for (const other of before.filter((one) => areContradictory(one, statement))) {
      this.contradictions.push({ validator, slot, first: printed(other), second: printed(statement) })
    }
    slots.set(slot, [...before, statement])
    for (const listener of this.#listeners) listener(validator)
  }

  /**
   * Holds the durable records of a validator that has just been killed against what it was heard to say: every statement must be
   * the written one or an earlier one. The written statements count as said from then on.
   *
   * @param decidedSlot - of the last decision that the validator wrote down
   */
  checkRecords(validator: string, records: readonly SlotRecord[], decidedSlot: number): void {
    const bySlot = new Map(records.map((record) => [record.slotIndex, record]))
    for (const [slot, statements] of this.#heard.get(validator) ?? []) {
      if (slot <= decidedSlot - SLOTS_KEPT) continue
      const record = bySlot.get(slot)
      for (const statement of statements) {
        const written = (isNomination(statement) ? record?.nomination : record?.ballot)?.statement
        if (written === undefined || isNewerStatement(written, statement)) {
          this.forgotten.push({ validator, slot, statement: printed(statement) })
        }
      }
    }
    for (const { nomination, ballot } of records) {
      for (const envelope of [nomination, ballot]) if (envelope !== undefined) this.add(envelope)
    }
  }
}

const printed = (statement: Statement): string =>
  JSON.stringify(statement, (_, value: unknown) =>
    value instanceof Uint8Array ? `${toHex(value.subarray(0, 8))}…` : value
  )
