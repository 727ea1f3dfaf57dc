// Proof of what a slot held after a round: the next round's decision names that state by its hash.

import { compareBytes, EncodingError } from '../../fba/bytes.ts'
import { verifyExternalization } from '../../fba/index.ts'
import type { ExternalizationProof, ProofVerifier, QuorumSet } from '../../fba/index.ts'
import { slotId } from './name.ts'
import type { SlotName } from './name.ts'
import { decodeRoundValue } from './round-value.ts'
import { bucketOf, decodeBucket, decodeHeader, isEmptyBucket } from './state.ts'
import type { SlotEntry } from './state.ts'

export interface SlotProof {
  /** That round `decision.slotIndex` was decided, by statements of validators. */
  readonly decision: ExternalizationProof
  /** Header of the state before that round. */
  readonly header: Uint8Array
  /** The bucket of the slot in that state; empty when no slot is in it. */
  readonly bucket: Uint8Array
}

/** What a proof shows. */
export interface ProvenSlot {
  /** The round after which the slot was so. */
  readonly round: number
  readonly closedAtMs: number
  /** Undefined: there was no such slot. */
  readonly entry: SlotEntry | undefined
}

/**
 * @param observer - whom the reader believes: his own quorum set
 * @returns undefined when the proof shows nothing
 */
export function verifySlotProof(
  name: SlotName,
  { decision, header: headerBytes, bucket }: SlotProof,
  observer: QuorumSet,
  verifier: ProofVerifier
): ProvenSlot | undefined {
  const sha256 = (bytes: Uint8Array): Uint8Array => verifier.sha256(bytes)
  try {
    if (!verifyExternalization(decision, observer, verifier)) return undefined
    const { previous } = decodeRoundValue(decision.value)
    if (compareBytes(previous, sha256(headerBytes)) !== 0) return undefined
    const header = decodeHeader(headerBytes)
    if (header.round !== decision.slotIndex - 1) return undefined
    const id = slotId(name, sha256)
    const hash = header.buckets[bucketOf(id)]
    const { round, closedAtMs } = header
    if (isEmptyBucket(hash)) return { round, closedAtMs, entry: undefined }
    if (compareBytes(hash, sha256(bucket)) !== 0) return undefined
    return { round, closedAtMs, entry: decodeBucket(bucket, bucketOf(id), sha256).get(id) }
  } catch (error) {
    if (error instanceof EncodingError) return undefined
    throw error
  }
}
