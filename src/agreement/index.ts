// Epoch by epoch, the validators agree on one set of signed reports; from it every peer computes the same map. Runs fba/
// with durable records, payloads fetched before a vote, and catch-up for those that were away.
// May not enter: sockets, disks, libp2p; they come in as AgreementLink and AgreementRecords. Nor what a map means (MapRules).
export { Agreement } from './agreement.ts'
export type { AgreementComponents, AgreementInit, AgreementLogger, AgreementStatus } from './agreement.ts'
export { AgreementError } from './errors.ts'
export type { AgreementErrorCode } from './errors.ts'
export {
  decodeEpochValue,
  encodeEpochValue,
  MAX_EPOCH_REPORTS,
  MAX_INLINE_VALUE_BYTES,
  NO_MAP_HASH
} from './epoch-value.ts'
export type { EpochValue } from './epoch-value.ts'
export type { AgreementLink, AskOptions, MapQuestion, Question, Reply } from './link.ts'
export type { MapRules, ReadReport } from './map-rules.ts'
export { Outbox } from './outbox.ts'
export { Questions } from './questions.ts'
export { MemoryRecords } from './records.ts'
export type { AgreementRecords, RecordChange } from './records.ts'
export { answerQuestion, askForDecision, gossipOutcome, optional, sha256 } from './exchange.ts'
export type { EpochOutcome } from './exchange.ts'
export { Timers } from './timers.ts'
