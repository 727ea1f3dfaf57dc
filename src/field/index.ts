// Small state that the mesh agrees on: named slots, changed by signed transactions that validators put in one order.
// May not enter: sockets, disks, libp2p; they come in as FieldLink and AgreementRecords. Nor what a slot is used for.
export { Field } from './field.ts'
export type { FieldComponents, FieldInit, FieldStatus, ReceivedTransactions, SlotView } from './field.ts'
export { FieldError } from './errors.ts'
export type { FieldErrorCode } from './errors.ts'
export type { FieldLink } from './link.ts'
export { parseSlotName, slotId, slotNameText } from './name.ts'
export type { SlotName } from './name.ts'
export { openTransaction, signTransaction } from './transaction.ts'
export { decodeTransactions, encodeTransactions, MAX_GOSSIP_TRANSACTION_BYTES } from './transaction-gossip.ts'
export type { TransactionGossip } from './transaction-gossip.ts'
export { FIELD_LIMITS } from './limits.ts'
export { decodeLogProof, encodeLogProof, isLogProof, verifyLogProof } from './log-proof.ts'
export type { LogProof, ProvenLog } from './log-proof.ts'
export type { LogEntry } from './slot-log.ts'
export { decodeSlotProof, encodeSlotProof, verifySlotProof } from './slot-proof.ts'
export type { ProvenSlot, SlotProof } from './slot-proof.ts'
export type { Candidate } from './superposition.ts'
export type {
  Author,
  Change,
  Outcome,
  Refusal,
  SignedTransaction,
  SlotKind,
  SlotValue,
  Transaction,
  Writers
} from './types.ts'
export type { SlotEntry, StoredEntry } from './state.ts'
export { slotJson } from './slot-json.ts'
export type { SlotJson } from './slot-json.ts'
