import type { CID } from 'multiformats/cid'
import { openLeaseOfAnyTime } from '../../records/lease.ts'
import type { ClientContext } from '../context.ts'
import type { SignedLease } from './publish.ts'

/**
 * Sequence of our lease on the object among those that a holder says it keeps; 0 when there is none.
 *
 * @param given - the lease on the object that the holder was given: what is the same byte for byte needs no check
 */
export async function keptSequence(
  { mesh }: ClientContext,
  cid: CID,
  leases: readonly Uint8Array[],
  given: Pick<SignedLease, 'sequence' | 'signed'>
): Promise<number> {
  for (const signed of leases) {
    if (Buffer.compare(signed, given.signed) === 0) return given.sequence
    const lease = await openLeaseOfAnyTime(mesh.networkId, signed)
    const sequence = Number(lease.sequence)
    const isOurs = lease.lessee.equals(mesh.self) && lease.cid.equals(cid)
    if (isOurs && Number.isSafeInteger(sequence)) return sequence
  }
  return 0
}
