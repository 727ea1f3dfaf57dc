// Which values of a round may be voted for, what this node proposes, and how candidates are combined. It depends on the
// value, the transactions that it names and the agreed state before it; on this node's clock only while a value is new.

import { compareBytes, toHex } from '../../fba/bytes.ts'
import type { ValidationLevel } from '../../fba/index.ts'
import { FIELD_LIMITS } from './limits.ts'
import type { Payloads } from './payloads.ts'
import { decodeRoundValue, encodeBatch, encodeRoundValue, readRoundValue } from './round-value.ts'
import type { RoundValue } from './round-value.ts'
import type { FieldHeader } from './state.ts'
import { isWindowFull } from './state.ts'
import type { SignedTransaction } from './types.ts'

/** The state before the round in question. */
export interface Before {
  readonly header: FieldHeader
  readonly hash: Uint8Array
  /** Whether a transaction was tried within the window of the header. */
  readonly wasTried: (id: string) => boolean
}

export interface Verdict {
  readonly level: ValidationLevel
  /** A batch or transactions that are not here. */
  readonly missing: readonly string[]
}

const INVALID: Verdict = { level: 'invalid', missing: [] }

/** @param before - undefined while this node does not know it */
export function judge(
  bytes: Uint8Array,
  before: Before | undefined,
  isNominating: boolean,
  { payloads, nowMs }: { readonly payloads: Payloads; readonly nowMs: number }
): Verdict {
  const value = readRoundValue(bytes)
  if (value === undefined) return INVALID
  if (isNominating && value.closedAtMs > nowMs + FIELD_LIMITS.clockAheadMs) return INVALID
  if (before !== undefined && !follows(value, before)) return INVALID
  const ids = payloads.batch(toHex(value.batch))
  if (ids === undefined) return { level: 'maybe-valid', missing: [toHex(value.batch)] }
  const found = ids.flatMap((id) => payloads.transaction(id) ?? [])
  const isInTime = found.every(({ transaction }) => fitsTime(transaction.expiresAtMs, value.closedAtMs))
  const bytesOfAll = found.reduce((sum, signed) => sum + signed.bytes.length, 0)
  if (!isInTime || bytesOfAll > FIELD_LIMITS.batchBytes) return INVALID
  if (before !== undefined && ids.some((id) => before.wasTried(id))) return INVALID
  if (before !== undefined && ids.length > 0 && isWindowFull(before.header)) return INVALID
  const missing = ids.filter((id) => payloads.transaction(id) === undefined)
  return { level: missing.length > 0 || before === undefined ? 'maybe-valid' : 'valid', missing }
}

/** A value of what waits. The batch may be empty: that commits to the state before it. */
export function propose(
  waiting: Iterable<SignedTransaction>,
  before: Before,
  { payloads, nowMs }: { readonly payloads: Payloads; readonly nowMs: number }
): Uint8Array {
  const closedAtMs = Math.max(nowMs, before.header.closedAtMs + 1)
  const ids = isWindowFull(before.header) ? [] : fitting(waiting, closedAtMs, (id) => before.wasTried(id))
  return encodeRoundValue({ closedAtMs, previous: before.hash, batch: payloads.addBatch(encodeBatch(ids)) })
}

/** The union of the candidates, closed at the latest time of all. */
export function combine(
  candidates: readonly Uint8Array[],
  before: Before | undefined,
  payloads: Payloads
): Uint8Array {
  const values = candidates.map(decodeRoundValue)
  const closedAtMs = Math.max(...values.map((value) => value.closedAtMs))
  // A candidate has been confirmed, so a quorum has its transactions; this node may still lack some.
  const all = new Set(values.flatMap(({ batch }) => payloads.batch(toHex(batch)) ?? []))
  const found = [...all].sort().flatMap((id) => payloads.transaction(id) ?? [])
  const ids = fitting(found, closedAtMs, (id) => before?.wasTried(id) === true)
  const batch = payloads.addBatch(encodeBatch(ids))
  return encodeRoundValue({ closedAtMs, previous: values[0].previous, batch })
}

function fitting(
  transactions: Iterable<SignedTransaction>,
  closedAtMs: number,
  isOut: (id: string) => boolean
): string[] {
  const ids: string[] = []
  let room: number = FIELD_LIMITS.batchBytes
  for (const { id, transaction, bytes } of transactions) {
    if (ids.length === FIELD_LIMITS.batchTransactions) break
    if (!fitsTime(transaction.expiresAtMs, closedAtMs) || bytes.length > room || isOut(id)) continue
    ids.push(id)
    room -= bytes.length
  }
  return ids
}

function fitsTime(expiresAtMs: number, closedAtMs: number): boolean {
  return expiresAtMs > closedAtMs && expiresAtMs <= closedAtMs + FIELD_LIMITS.lifetimeMs
}

function follows({ closedAtMs, previous }: RoundValue, { header, hash }: Before): boolean {
  return closedAtMs > header.closedAtMs && compareBytes(previous, hash) === 0
}
