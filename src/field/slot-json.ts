// A slot as JSON, for programs: what the HTTP interface and the command line show.

import { slotNameText } from './name.ts'
import type { SlotEntry } from './state.ts'
import type { SlotKind, SlotValue } from './types.ts'

export interface SlotJson {
  /** PEER/LABEL */
  readonly name: string
  /** The peers that may change it besides its owner. */
  readonly writers: 'anyone' | readonly string[]
  readonly kind: SlotKind
  /** base64url; of an integer its decimal digits; of a set its items in base64url. */
  readonly value: string | readonly string[]
  readonly version: number
  readonly changedRound: number
  /** Milliseconds since the Unix epoch, as the validators closed the round. */
  readonly changedAtMs: number
  /** Id of the transaction that changed it last. */
  readonly changedBy: string
}

export function slotJson(entry: SlotEntry): SlotJson {
  return {
    name: slotNameText(entry.name),
    writers: entry.writers === 'anyone' ? 'anyone' : [...entry.writers],
    kind: entry.value.kind,
    value: valueJson(entry.value),
    version: entry.version,
    changedRound: entry.changedRound,
    changedAtMs: entry.changedAtMs,
    changedBy: entry.changedBy
  }
}

function valueJson(value: SlotValue): string | string[] {
  switch (value.kind) {
    case 'bytes':
      return base64(value.bytes)
    case 'integer':
      return String(value.integer)
    case 'set':
      return value.items.map(base64)
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
