// Proof of the last changes of a slot: the slot as it was agreed on names the last hash of the chain over its changes, so a log
// that leads there is the one that the validators saw, with nothing left out, put in, or put elsewhere.

import { ByteReader, ByteWriter } from '../../fba/bytes.ts'
import type { ProofVerifier, QuorumSet } from '../../fba/index.ts'
import type { SlotName } from './name.ts'
import { historyOf, NO_HISTORY, readLog, writeLog } from './slot-log.ts'
import type { LogEntry, SlotLog } from './slot-log.ts'
import { decodeSlotProof, encodeSlotProof, verifySlotProof } from './slot-proof.ts'
import type { ProvenSlot, SlotProof } from './slot-proof.ts'

export interface LogProof {
  readonly slot: SlotProof
  readonly log: SlotLog
}

/** What a proof of a log shows. */
export interface ProvenLog extends ProvenSlot {
  /** Changes that followed one another up to the slot that is shown, oldest first. */
  readonly changes: readonly LogEntry[]
  /** They begin with the slot's first change. */
  readonly isWhole: boolean
}

/**
 * @param observer - whom the reader believes: his own quorum set
 * @returns undefined when the proof shows nothing
 */
export function verifyLogProof(
  name: SlotName,
  { slot, log }: LogProof,
  observer: QuorumSet,
  verifier: ProofVerifier
): ProvenLog | undefined {
  const proven = verifySlotProof(name, slot, observer, verifier)
  if (proven?.stored === undefined) return undefined
  if (historyOf(log, (bytes) => verifier.sha256(bytes)) !== proven.stored.history) return undefined
  // A slot of which an earlier version has made changes has a chain that begins later.
  const isWhole = log.before === NO_HISTORY && log.entries[0]?.version === 1
  return { ...proven, changes: log.entries, isWhole }
}

/** Proofs of slots begin with 1. */
const VERSION = 2
const MAX_SLOT_PROOF_BYTES = 64 * 1024 * 1024

/** Whether bytes are meant as a proof of a log, and not as one of a slot alone. */
export const isLogProof = (bytes: Uint8Array): boolean => bytes[0] === VERSION

/** As it is kept in a file: with the name of the slot. */
export const encodeLogProof = (name: SlotName, { slot, log }: LogProof): Uint8Array<ArrayBuffer> =>
  writeLog(new ByteWriter().u8(VERSION).bytes(encodeSlotProof(name, slot)), log).finish()

/** @throws EncodingError */
export function decodeLogProof(bytes: Uint8Array): { readonly name: SlotName; readonly proof: LogProof } {
  const reader = new ByteReader(bytes, 'proof of a log')
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  const { name, proof: slot } = decodeSlotProof(reader.bytes(MAX_SLOT_PROOF_BYTES))
  const log = readLog(reader)
  reader.end()
  return { name, proof: { slot, log } }
}
