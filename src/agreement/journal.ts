// What this node must not forget: what it said on slots, the values and reports that it vouched for, and the last decision.

import { ByteReader, ByteWriter, toHex } from '../../fba/bytes.ts'
import { decodeSlotRecord, encodeSlotRecord, statementValues } from '../../fba/index.ts'
import type { SlotRecord } from '../../fba/index.ts'
import { AgreementError } from './errors.ts'
import { MAX_PAYLOAD_BYTES } from './payloads.ts'
import type { AgreementRecords, RecordChange } from './records.ts'
import { VALUE_NAME_BYTES } from './value-pool.ts'

/** Slots kept for peers that lag, as `Scp` keeps them. */
const SLOTS_KEPT = 12
const MAX_VALUE_BYTES = 16 * 1024

/** The decision of a slot with the map that follows from it. */
export interface Decision {
  readonly slot: number
  /** The bytes of the value, not its name. */
  readonly value: Uint8Array
  readonly map: Uint8Array
}

/** What the statements of a slot record name, by SHA-256 in hexadecimal. */
export interface Vouched {
  readonly values: ReadonlyMap<string, Uint8Array>
  readonly reports: ReadonlyMap<string, Uint8Array>
}

/** Keys sort by slot. */
const slotKey = (slot: number): string => `slot/${String(slot).padStart(16, '0')}`
const payloadKey = (hash: string): string => `payload/${hash}`
const valueKey = (name: string): string => `value/${name}`
const DECISION_KEY = 'decision'

export class Journal {
  readonly #records: AgreementRecords
  readonly #slots = new Set<number>()
  readonly #payloads = new Set<string>()
  /** The last slot in which this node named each value that is on disk. */
  readonly #values = new Map<string, number>()

  constructor(records: AgreementRecords) {
    this.#records = records
  }

  /** @throws AgreementError 'BAD_RECORD' */
  async read(): Promise<{
    readonly decision: Decision | undefined
    readonly slots: readonly SlotRecord[]
    readonly payloads: readonly Uint8Array[]
    readonly values: readonly Uint8Array[]
  }> {
    const [decision, slots, payloads, values] = await Promise.all([
      this.#records.get(DECISION_KEY),
      this.#records.list('slot/'),
      this.#records.list('payload/'),
      this.#records.list('value/')
    ])
    for (const { key } of payloads) this.#payloads.add(key.slice('payload/'.length))
    for (const { key } of values) this.#values.set(key.slice('value/'.length), 0)
    try {
      const records = slots.map(({ value }) => decodeSlotRecord(value))
      for (const { slotIndex } of records) this.#slots.add(slotIndex)
      // Earlier versions put whole values into statements. Nobody takes such statements any more, so nothing contradicts them.
      const ours = records.filter((record) =>
        namedIn(record).every(({ byteLength }) => byteLength === VALUE_NAME_BYTES)
      )
      for (const record of ours) {
        for (const name of namedIn(record)) this.#noteValue(toHex(name), record.slotIndex)
      }
      return {
        decision: decision && decodeDecision(decision),
        slots: ours,
        payloads: payloads.map(({ value }) => value),
        values: values.map(({ value }) => value)
      }
    } catch (cause) {
      throw new AgreementError('BAD_RECORD', 'What this node said on the map cannot be read back.', { cause })
    }
  }

  /** Makes a slot's record durable together with the values and reports that its statements name. */
  async saveSlot(record: SlotRecord, { values, reports }: Vouched): Promise<void> {
    const changes: RecordChange[] = [{ key: slotKey(record.slotIndex), value: encodeSlotRecord(record) }]
    for (const [hash, value] of reports) {
      if (!this.#payloads.has(hash)) changes.push({ key: payloadKey(hash), value })
    }
    for (const [name, value] of values) {
      if (!this.#values.has(name)) changes.push({ key: valueKey(name), value })
    }
    await this.#records.write(changes)
    this.#slots.add(record.slotIndex)
    for (const hash of reports.keys()) this.#payloads.add(hash)
    for (const name of values.keys()) this.#noteValue(name, record.slotIndex)
  }

  /**
   * Makes a decision durable, and forgets slots that nobody asks for any more, the values of decided slots, and payloads that
   * `keeps` does not want.
   */
  async saveDecision(decision: Decision, keeps: (hash: string) => boolean): Promise<void> {
    const slots = [...this.#slots].filter((slot) => slot <= decision.slot - SLOTS_KEPT)
    const payloads = [...this.#payloads].filter((hash) => !keeps(hash))
    const values = [...this.#values].filter(([, slot]) => slot <= decision.slot).map(([name]) => name)
    await this.#records.write([
      { key: DECISION_KEY, value: encodeDecision(decision) },
      ...slots.map((slot) => ({ key: slotKey(slot) })),
      ...payloads.map((hash) => ({ key: payloadKey(hash) })),
      ...values.map((name) => ({ key: valueKey(name) }))
    ])
    for (const slot of slots) this.#slots.delete(slot)
    for (const hash of payloads) this.#payloads.delete(hash)
    for (const name of values) this.#values.delete(name)
  }

  #noteValue(name: string, slot: number): void {
    this.#values.set(name, Math.max(slot, this.#values.get(name) ?? 0))
  }
}

/** Names of all values in this node's own statements on a slot. */
export function namedIn({ nomination, ballot }: SlotRecord): Uint8Array[] {
  return [nomination, ballot].flatMap((envelope) =>
    envelope === undefined ? [] : statementValues(envelope.statement)
  )
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
