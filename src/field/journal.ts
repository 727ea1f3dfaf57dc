// What this node must not forget: what it said on rounds, what it vouched for, and the state after the last round.

import { EncodingError, toHex } from '../../fba/bytes.ts'
import { decodeSlotRecord, encodeSlotRecord } from '../../fba/index.ts'
import type { SlotRecord } from '../../fba/index.ts'
import { sha256 } from '../agreement/index.ts'
import type { AgreementRecords, RecordChange } from '../agreement/index.ts'
import { FieldError } from './errors.ts'
import { BUCKETS, ROUNDS_KEPT } from './limits.ts'
import { decodeLog, encodeLog, extendLog } from './slot-log.ts'
import type { Before, LogEntry, SlotLog } from './slot-log.ts'
import { decodeHeader, encodeHeader, FieldState } from './state.ts'
import type { Sha256 } from './types.ts'

const HEADER = 'header'
/** Keys sort by round. */
const recordKey = (round: number): string => `record/${String(round).padStart(16, '0')}`
const payloadKey = (hash: string): string => `payload/${hash}`
const bucketKey = (bucket: number): string => `bucket/${bucket.toString(16).padStart(2, '0')}`
const batchKey = (hash: string): string => `batch/${hash}`
const logKey = (slot: string): string => `log/${slot}`

export interface Remembered {
  readonly state: FieldState
  readonly records: readonly SlotRecord[]
  /** Batches and transactions that this node vouched for, as they travel. */
  readonly payloads: readonly Uint8Array[]
  /** Batches of the state's window. */
  readonly batches: readonly Uint8Array[]
}

export interface RoundSave {
  readonly state: FieldState
  /** Buckets that have changed since the last save. */
  readonly buckets: readonly number[]
  /** Batches of the window that may be new, by hash. */
  readonly batches: ReadonlyMap<string, Uint8Array>
  /** New changes of slots, and each slot before them. */
  readonly log: ReadonlyArray<{
    readonly id: string
    readonly before: Before
    readonly entries: readonly LogEntry[]
  }>
  /** Slots of which nothing is left. */
  readonly dropped: readonly string[]
  readonly keepsPayload: (hash: string) => boolean
}

export class Journal {
  readonly #records: AgreementRecords
  readonly #rounds = new Set<number>()
  readonly #payloads = new Set<string>()
  readonly #batches = new Set<string>()

  constructor(records: AgreementRecords) {
    this.#records = records
  }

  /** @throws FieldError 'BAD_RECORD' */
  async read(sha256: Sha256): Promise<Remembered> {
    const [header, buckets, records, payloads, batches] = await Promise.all([
      this.#records.get(HEADER),
      this.#records.list('bucket/'),
      this.#records.list('record/'),
      this.#records.list('payload/'),
      this.#records.list('batch/')
    ])
    for (const { key } of payloads) this.#payloads.add(key.slice('payload/'.length))
    for (const { key } of batches) this.#batches.add(key.slice('batch/'.length))
    const bytesOf = new Map(buckets.map(({ key, value }) => [key, value]))
    try {
      const state =
        header === undefined
          ? FieldState.genesis(sha256)
          : FieldState.from(
              sha256,
              decodeHeader(header),
              Array.from({ length: BUCKETS }, (_, i) => bytesOf.get(bucketKey(i)) ?? new Uint8Array(0))
            )
      const slots = records.map(({ value }) => decodeSlotRecord(value))
      for (const { slotIndex } of slots) this.#rounds.add(slotIndex)
      return { state, records: slots, payloads: payloads.map(valueOf), batches: batches.map(valueOf) }
    } catch (cause) {
      if (!(cause instanceof EncodingError)) throw cause
      throw new FieldError('BAD_RECORD', 'What this node agreed to cannot be read back.', {}, { cause })
    }
  }

  /** Whether a batch or a transaction that this node vouched for is durable. */
  hasPayload(hash: string): boolean {
    return this.#payloads.has(hash)
  }

  /** Makes what this node says durable, together with what it vouches for. */
  async saveRecord(record: SlotRecord, payloads: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const changes: RecordChange[] = [{ key: recordKey(record.slotIndex), value: encodeSlotRecord(record) }]
    for (const [hash, value] of payloads) {
      if (!this.#payloads.has(hash)) changes.push({ key: payloadKey(hash), value })
    }
    await this.#records.write(changes)
    this.#rounds.add(record.slotIndex)
    for (const hash of payloads.keys()) this.#payloads.add(hash)
  }

  /** Makes the state after a round durable, and forgets what nobody asks for any more. */
  async saveRound({ state, buckets, batches, log, dropped, keepsPayload }: RoundSave): Promise<void> {
    const { header } = state
    const window = new Set(header.tried.map(({ batch }) => toHex(batch)))
    const rounds = [...this.#rounds].filter((round) => round <= header.round - ROUNDS_KEPT)
    const payloads = [...this.#payloads].filter((hash) => !keepsPayload(hash))
    const oldBatches = [...this.#batches].filter((hash) => !window.has(hash))
    const newBatches = [...batches].filter(([hash]) => window.has(hash) && !this.#batches.has(hash))
    await this.#records.write([
      { key: HEADER, value: encodeHeader(header) },
      ...buckets.map((bucket) => {
        const value = state.bucketBytes(bucket)
        return value.length === 0 ? { key: bucketKey(bucket) } : { key: bucketKey(bucket), value }
      }),
      ...newBatches.map(([hash, value]) => ({ key: batchKey(hash), value })),
      ...(await this.#logChanges(log)),
      ...dropped.map((id) => ({ key: logKey(id) })),
      ...rounds.map((round) => ({ key: recordKey(round) })),
      ...payloads.map((hash) => ({ key: payloadKey(hash) })),
      ...oldBatches.map((hash) => ({ key: batchKey(hash) }))
    ])
    for (const round of rounds) this.#rounds.delete(round)
    for (const hash of payloads) this.#payloads.delete(hash)
    for (const hash of oldBatches) this.#batches.delete(hash)
    for (const [hash] of newBatches) this.#batches.add(hash)
  }

  /** The changes of a slot that are remembered here; undefined for none. */
  async log(slot: string): Promise<SlotLog | undefined> {
    const bytes = await this.#records.get(logKey(slot))
    return bytes === undefined ? undefined : decodeLog(bytes)
  }

  async #logChanges(log: RoundSave['log']): Promise<RecordChange[]> {
    return await Promise.all(
      log.map(async ({ id, before, entries }) => ({
        key: logKey(id),
        value: encodeLog(extendLog(await this.log(id), before, entries, sha256))
      }))
    )
  }
}

const valueOf = ({ value }: { readonly value: Uint8Array }): Uint8Array => value
