// What a batch does to the slots: a function of the state and the batch alone, so that every node computes the same.

import { compareBytes } from '../../fba/bytes.ts'
import { FIELD_LIMITS } from './limits.ts'
import { slotId } from './name.ts'
import { detailOf, extendHistory, NO_HISTORY, valueHashOf } from './slot-log.ts'
import type { LogEntry } from './slot-log.ts'
import { bucketOf, encodeEntry, liveEntry } from './state.ts'
import type { FieldState, SlotChanges, SlotEntry, StoredEntry } from './state.ts'
import { fitsInteger } from './transaction.ts'
import type { Outcome, Refusal, Sha256, SignedTransaction, StoredValue, Transaction } from './types.ts'

export interface Applied {
  readonly changes: SlotChanges
  /** In the order in which the transactions were applied. */
  readonly outcomes: readonly Outcome[]
  /** New changes of slots by id, oldest first. */
  readonly log: ReadonlyMap<string, readonly LogEntry[]>
}

export interface RoundTime {
  readonly round: number
  readonly closedAtMs: number
}

/**
 * @param transactions - in the order of `orderOf`
 */
export function applyBatch(
  state: FieldState,
  transactions: readonly SignedTransaction[],
  time: RoundTime,
  sha256: Sha256
): Applied {
  const work = new Work(state, time, sha256)
  const outcomes = transactions.map((signed) => work.apply(signed, slotId(signed.transaction.slot, sha256)))
  return { changes: work.changes, outcomes, log: work.log }
}

/** Slots that nobody has changed, or that were removed, so long ago that the round which is closed now drops them. */
export function idleSlots(state: FieldState, closedAtMs: number): string[] {
  const idle: string[] = []
  for (const [id, { changedAtMs, value }] of state.entries()) {
    const { idleMs, removedMs } = FIELD_LIMITS
    if (changedAtMs < closedAtMs - (value.kind === 'removed' ? removedMs : idleMs)) idle.push(id)
  }
  return idle
}

class Work {
  readonly changes = new Map<string, StoredEntry | undefined>()
  readonly log = new Map<string, LogEntry[]>()
  readonly #state: FieldState
  readonly #time: RoundTime
  readonly #sha256: Sha256
  readonly #owned = new Map<string, number>()
  /** Bytes by which buckets have grown. */
  readonly #growth = new Map<number, number>()
  #totalGrowth = 0

  constructor(state: FieldState, time: RoundTime, sha256: Sha256) {
    this.#state = state
    this.#time = time
    this.#sha256 = sha256
  }

  apply({ id, transaction }: SignedTransaction, slot: string): Outcome {
    const { round, closedAtMs } = this.#time
    const before = this.changes.has(slot) ? this.changes.get(slot) : this.#state.get(slot)
    const next = nextValue(transaction, before, closedAtMs)
    if (typeof next === 'string') return this.#refused(id, slot, next, before)
    const { author, change } = transaction
    const version = (before?.version ?? 0) + 1
    const logged: LogEntry = {
      ...{ id, round, version, closedAtMs, author, type: change.type, detail: detailOf(change) },
      valueHash: valueHashOf(next, this.#sha256)
    }
    const entry: StoredEntry = {
      name: transaction.slot,
      writers: change.type === 'create' ? change.writers : before!.writers,
      value: next,
      version,
      changedRound: round,
      changedAtMs: closedAtMs,
      changedBy: id,
      history: extendHistory(before?.history ?? NO_HISTORY, logged, this.#sha256)
    }
    if (!this.#hasRoom(slot, entry, before)) return this.#refused(id, slot, 'FULL', before)
    this.changes.set(slot, entry)
    this.log.set(slot, [...(this.log.get(slot) ?? []), logged])
    return { id, slot, round, refusal: undefined, version: entry.version, winner: undefined }
  }

  #refused(id: string, slot: string, refusal: Refusal, before: StoredEntry | undefined): Outcome {
    const isLost = refusal === 'CONFLICT' || refusal === 'EXISTS' || refusal === 'REMOVED'
    return {
      ...{ id, slot, refusal, round: this.#time.round, version: before?.version ?? 0 },
      winner: isLost ? before?.changedBy : undefined
    }
  }

  /** Takes the room too. */
  #hasRoom(slot: string, entry: StoredEntry, before: StoredEntry | undefined): boolean {
    const { slotsPerOwner, bucketBytes, stateBytes } = FIELD_LIMITS
    const { owner } = entry.name
    const bucket = bucketOf(slot)
    const growth = encodeEntry(entry).length - (before === undefined ? 0 : encodeEntry(before).length)
    const inBucket = (this.#growth.get(bucket) ?? 0) + growth
    const owned = (this.#owned.get(owner) ?? this.#state.ownedBy(owner)) + (before === undefined ? 1 : 0)
    if (growth > 0) {
      if (owned > slotsPerOwner) return false
      if (this.#state.bucketLength(bucket) + inBucket + 8 > bucketBytes) return false
      if (this.#state.bytes + this.#totalGrowth + growth > stateBytes) return false
    }
    this.#owned.set(owner, owned)
    this.#growth.set(bucket, inBucket)
    this.#totalGrowth += growth
    return true
  }
}

function nextValue(
  { change, author }: Transaction,
  stored: StoredEntry | undefined,
  closedAtMs: number
): StoredValue | Refusal {
  const before = liveEntry(stored)
  if (change.type === 'create') {
    if (before !== undefined) return 'EXISTS'
    // Until then changes of the removed slot may come: they must not meet the new one.
    const isRecent = stored !== undefined && closedAtMs < stored.changedAtMs + FIELD_LIMITS.lifetimeMs
    return isRecent ? 'REMOVED' : change.value
  }
  if (before === undefined) return 'NO_SLOT'
  if (change.type === 'remove') {
    if (!isNamed(before, author)) return 'NOT_ALLOWED'
    return before.version === change.expected ? { kind: 'removed' } : 'CONFLICT'
  }
  if (!mayWrite(before, author)) return 'NOT_ALLOWED'
  const { value } = before
  switch (change.type) {
    case 'set':
      if (value.kind !== 'bytes') return 'WRONG_KIND'
      return before.version === change.expected ? { kind: 'bytes', bytes: change.bytes } : 'CONFLICT'
    case 'add': {
      if (value.kind !== 'integer') return 'WRONG_KIND'
      const integer = value.integer + change.delta
      return fitsInteger(integer) ? { kind: 'integer', integer } : 'OVERFLOW'
    }
    case 'max':
      if (value.kind !== 'integer') return 'WRONG_KIND'
      return change.integer > value.integer ? { kind: 'integer', integer: change.integer } : value
    case 'union': {
      if (value.kind !== 'set') return 'WRONG_KIND'
      const items = union(value.items, change.items)
      const bytes = items.reduce((sum, { length }) => sum + length, 0)
      const fits = items.length <= FIELD_LIMITS.setItems && bytes <= FIELD_LIMITS.valueBytes
      return fits ? { kind: 'set', items } : 'FULL'
    }
  }
}

function mayWrite(entry: SlotEntry, author: string): boolean {
  return entry.writers === 'anyone' || isNamed(entry, author)
}

function isNamed({ name, writers }: SlotEntry, author: string): boolean {
  return author === name.owner || (writers !== 'anyone' && writers.includes(author))
}

/** Both ascend. */
function union(a: readonly Uint8Array[], b: readonly Uint8Array[]): Uint8Array[] {
  const all = [...a, ...b].sort(compareBytes)
  return all.filter((item, i) => i === 0 || compareBytes(all[i - 1], item) !== 0)
}
