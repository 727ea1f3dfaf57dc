// Audits: holders challenge one another for random blocks, with Merkle proofs, and hand what fails to repair.
// May not enter: keys, names and owners; how repair works; sockets, disks.
export { Auditor, type AuditorComponents } from './auditor.ts'
export { auditSettings, type AuditInit } from './settings.ts'
export type { AuditStats } from './counts.ts'
export { verifyObject } from './verify.ts'
