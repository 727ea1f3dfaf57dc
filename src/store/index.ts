// What a peer keeps on disk for the mesh: shards, uploads, manifests, placement records, leases, the quota.
// It knows neither networks nor object formats: CIDs, leaf hashes and signed records are opaque to it.
export { openStore, Store } from './store.ts'
export type { StoreInit } from './store.ts'
export { StoreError } from './errors.ts'
export type { StoreErrorCode } from './errors.ts'
export type { StoreHealth } from './health.ts'
export type { ScrubOptions, ScrubReport } from './scrub.ts'
export type { Disk, DiskFile } from './disk.ts'
export type { Level } from './level.ts'
export { Notes } from './notes.ts'
export type { NoteChange } from './notes.ts'
