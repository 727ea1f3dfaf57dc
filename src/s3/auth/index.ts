// Who sends a request, and whether its body is what its head says: Signature Version 4, chunks, checksums.
// May not enter: sockets, the clock, what a request asks for, who may do what.
export { authenticate, type AccessKey, type SignedRequest } from './authenticate.ts'
export type { BodyDigests, VerifiedBody } from './body.ts'
export { CHECKSUM_ALGORITHMS, summerOf, type ChecksumAlgorithm } from './checksum.ts'
