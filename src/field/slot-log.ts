// The last changes of each slot. A slot's entry in the state has the last hash of a chain over all of its changes, so whoever
// is shown the state can check the log.

import { ByteReader, ByteWriter, fromHex, toHex } from '../../fba/bytes.ts'
import { FIELD_LIMITS, HASH_BYTES } from './limits.ts'
import { CHANGES, writeStoredValue } from './transaction.ts'
import type { Change, Sha256, StoredValue } from './types.ts'

export interface LogEntry {
  readonly version: number
  readonly round: number
  readonly closedAtMs: number
  /** Id of the transaction. */
  readonly id: string
  readonly author: string
  readonly type: Change['type']
  /** In words: '+5', '12 bytes', '2 items'. */
  readonly detail: string
  /** SHA-256 of the value afterwards, hexadecimal. */
  readonly valueHash: string
}

/** Changes of one slot that follow one another. */
export interface SlotLog {
  /** Hash of the chain before the first of them, hexadecimal; zeros before a slot's first change. */
  readonly before: string
  /** Oldest first. */
  readonly entries: readonly LogEntry[]
}

export const NO_HISTORY = '00'.repeat(HASH_BYTES)
const VERSION = 2
/** Without hashes of values, and of no chain. */
const UNCHAINED = 1
const MAX_TEXT = 64
const DOMAIN = new TextEncoder().encode('thhe/field/history/1\0')

export function detailOf(change: Change): string {
  switch (change.type) {
    case 'create':
      return change.value.kind
    case 'set':
      return `${change.bytes.length} bytes`
    case 'add':
      return change.delta < 0n ? String(change.delta) : `+${change.delta}`
    case 'max':
      return String(change.integer)
    case 'union':
      return `${change.items.length} items`
    case 'remove':
      return ''
  }
}

export const valueHashOf = (value: StoredValue, sha256: Sha256): string =>
  toHex(sha256(writeStoredValue(new ByteWriter(), value).finish()))

/** The chain with one more change, hexadecimal. */
export function extendHistory(history: string, entry: LogEntry, sha256: Sha256): string {
  const writer = new ByteWriter().raw(DOMAIN).raw(fromHex(history))
  return toHex(sha256(writeLogEntry(writer, entry).finish()))
}

/** The chain after a log. */
export const historyOf = ({ before, entries }: SlotLog, sha256: Sha256): string =>
  entries.reduce((history, entry) => extendHistory(history, entry, sha256), before)

/** A slot before some changes. */
export interface Before {
  /** End of the chain. */
  readonly history: string
  /** Version, and the transaction that made it; undefined before the first. */
  readonly last: { readonly version: number; readonly id: string } | undefined
}

/**
 * A log with newer changes; of too many the oldest are left out. A log that does not end where they begin, since rounds were passed
 * over, is left out. Only what falls out of the log is hashed: the ends of the log tell whether it fits.
 */
export function extendLog(
  log: SlotLog | undefined,
  { history, last }: Before,
  entries: readonly LogEntry[],
  sha256: Sha256
): SlotLog {
  const end = log?.entries.at(-1)
  const isJoined = end !== undefined && isChained(end) && end.version === last?.version && end.id === last.id
  const all = isJoined ? [...log!.entries, ...entries] : entries
  const before = isJoined ? log!.before : history
  const surplus = Math.max(0, all.length - FIELD_LIMITS.logEntries)
  return {
    before: historyOf({ before, entries: all.slice(0, surplus) }, sha256),
    entries: all.slice(surplus)
  }
}

/** Entries of earlier versions have no hash of a value, and are in no chain. */
const isChained = ({ valueHash }: LogEntry): boolean => valueHash !== NO_HISTORY

export function writeLogEntry(writer: ByteWriter, entry: LogEntry): ByteWriter {
  const { version, round, closedAtMs, id, author, type, detail, valueHash } = entry
  writer.u64(version).u64(round).u64(closedAtMs).raw(fromHex(id)).text(author)
  return writer.u8(CHANGES.indexOf(type)).text(detail).raw(fromHex(valueHash))
}

function readLogEntry(reader: ByteReader, hasHash = true): LogEntry {
  const fields = {
    ...{ version: reader.u64(), round: reader.u64(), closedAtMs: reader.u64() },
    ...{ id: toHex(reader.raw(HASH_BYTES)), author: reader.text(MAX_TEXT) }
  }
  const type = CHANGES[reader.u8()] as Change['type'] | undefined
  if (type === undefined) throw reader.error('unknown-type')
  const detail = reader.text(MAX_TEXT)
  return { ...fields, type, detail, valueHash: hasHash ? toHex(reader.raw(HASH_BYTES)) : NO_HISTORY }
}

export function writeLog(writer: ByteWriter, { before, entries }: SlotLog): ByteWriter {
  writer.raw(fromHex(before)).u32(entries.length)
  for (const entry of entries) writeLogEntry(writer, entry)
  return writer
}

export function readLog(reader: ByteReader): SlotLog {
  const before = toHex(reader.raw(HASH_BYTES))
  return { before, entries: reader.list(FIELD_LIMITS.logEntries, () => readLogEntry(reader)) }
}

export const encodeLog = (log: SlotLog): Uint8Array<ArrayBuffer> =>
  writeLog(new ByteWriter().u8(VERSION), log).finish()

/** @throws EncodingError */
export function decodeLog(bytes: Uint8Array): SlotLog {
  const reader = new ByteReader(bytes, 'log of a slot')
  const version = reader.u8()
  if (version !== VERSION && version !== UNCHAINED) throw reader.error('unknown-type')
  const log =
    version === VERSION
      ? readLog(reader)
      : {
          before: NO_HISTORY,
          entries: reader.list(FIELD_LIMITS.logEntries, () => readLogEntry(reader, false))
        }
  reader.end()
  return log
}
