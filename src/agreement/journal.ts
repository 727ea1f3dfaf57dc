// What this node must not forget: what it said on slots, the payloads that it vouched for, and the last decision.

import { ByteReader, ByteWriter } from '../../fba/bytes.ts'
import { decodeSlotRecord, encodeSlotRecord } from '../../fba/index.ts'
import type { SlotRecord } from '../../fba/index.ts'
import { AgreementError } from './errors.ts'
import { MAX_PAYLOAD_BYTES } from './payloads.ts'
import type { AgreementRecords, RecordChange } from './records.ts'

/** Slots kept for peers that lag, as `Scp` keeps them. */
const SLOTS_KEPT = 12
const MAX_VALUE_BYTES = 16 * 1024

/** The decision of a slot with the map that follows from it. */
export interface Decision {
  readonly slot: number
  readonly value: Uint8Array
  readonly map: Uint8Array
}

/** Keys sort by slot. */
const slotKey = (slot: number): string => `slot/${String(slot).padStart(16, '0')}`
const payloadKey = (hash: string): string => `payload/${hash}`
const DECISION_KEY = 'decision'

export class Journal {
  readonly #records: AgreementRecords
  readonly #slots = new Set<number>()
  readonly #payloads = new Set<string>()

  constructor(records: AgreementRecords) {
    this.#records = records
  }

  /** @throws AgreementError 'BAD_RECORD' */
  async read(): Promise<{
    readonly decision: Decision | undefined
    readonly slots: readonly SlotRecord[]
    readonly payloads: readonly Uint8Array[]
  }> {
    const [decision, slots, payloads] = await Promise.all([
      this.#records.get(DECISION_KEY),
      this.#records.list('slot/'),
      this.#records.list('payload/')
    ])
    for (const { key } of payloads) this.#payloads.add(key.slice('payload/'.length))
    try {
      const records = slots.map(({ value }) => decodeSlotRecord(value))
      for (const { slotIndex } of records) this.#slots.add(slotIndex)
      return {
        decision: decision && decodeDecision(decision),
        slots: records,
        payloads: payloads.map(({ value }) => value)
      }
    } catch (cause) {
      throw new AgreementError('BAD_RECORD', 'What this node said on the map cannot be read back.', { cause })
    }
  }

  /** Makes a slot's record durable together with the payloads that its statements name. */
  async saveSlot(record: SlotRecord, payloads: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const changes: RecordChange[] = [{ key: slotKey(record.slotIndex), value: encodeSlotRecord(record) }]
    for (const [hash, value] of payloads) {
      if (!this.#payloads.has(hash)) changes.push({ key: payloadKey(hash), value })
    }
    await this.#records.write(changes)
    this.#slots.add(record.slotIndex)
    for (const hash of payloads.keys()) this.#payloads.add(hash)
  }

  /** Makes a decision durable, and forgets slots that nobody asks for any more and payloads that `keeps` does not want. */
  async saveDecision(decision: Decision, keeps: (hash: string) => boolean): Promise<void> {
    const slots = [...this.#slots].filter((slot) => slot <= decision.slot - SLOTS_KEPT)
    const payloads = [...this.#payloads].filter((hash) => !keeps(hash))
    await this.#records.write([
      { key: DECISION_KEY, value: encodeDecision(decision) },
      ...slots.map((slot) => ({ key: slotKey(slot) })),
      ...payloads.map((hash) => ({ key: payloadKey(hash) }))
    ])
    for (const slot of slots) this.#slots.delete(slot)
    for (const hash of payloads) this.#payloads.delete(hash)
  }
}

function encodeDecision({ slot, value, map }: Decision): Uint8Array {
  return new ByteWriter().u64(slot).bytes(value).bytes(map).finish()
}

function decodeDecision(bytes: Uint8Array): Decision {
  const reader = new ByteReader(bytes, 'decision')
  const decision = {
    slot: reader.u64(),
    value: reader.bytes(MAX_VALUE_BYTES).slice(),
    map: reader.bytes(MAX_PAYLOAD_BYTES).slice()
  }
  reader.end()
  return decision
}
