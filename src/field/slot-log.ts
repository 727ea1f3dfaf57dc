// The last changes of each slot, as this node saw them agreed. Local: nodes that joined later remember less.

import { ByteReader, ByteWriter, fromHex, toHex } from '../../fba/bytes.ts'
import { FIELD_LIMITS, HASH_BYTES } from './limits.ts'
import type { Change } from './types.ts'

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
}

const VERSION = 1
const TYPES: ReadonlyArray<Change['type']> = ['create', 'set', 'add', 'max', 'union']

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
  }
}

export function encodeLog(entries: readonly LogEntry[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(VERSION).u32(entries.length)
  for (const { version, round, closedAtMs, id, author, type, detail } of entries) {
    writer.u64(version).u64(round).u64(closedAtMs).raw(fromHex(id)).text(author)
    writer.u8(TYPES.indexOf(type)).text(detail)
  }
  return writer.finish()
}

/** @throws EncodingError */
export function decodeLog(bytes: Uint8Array): LogEntry[] {
  const reader = new ByteReader(bytes, 'log of a slot')
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  const entries = reader.list(FIELD_LIMITS.logEntries, () => ({
    ...{ version: reader.u64(), round: reader.u64(), closedAtMs: reader.u64() },
    ...{ id: toHex(reader.raw(HASH_BYTES)), author: reader.text(64) },
    ...{ type: TYPES[reader.u8()], detail: reader.text(64) }
  }))
  reader.end()
  return entries
}
