import type { CID } from 'multiformats/cid'
import { openLeaseOfAnyTime } from '../../records/lease.ts'
import type { ClientContext } from '../context.ts'

/** Sequence of our lease on the object among those that a holder says it keeps; 0 when there is none. */
export async function keptSequence(
  { mesh }: ClientContext,
  cid: CID,
  leases: readonly Uint8Array[]
): Promise<number> {
  for (const signed of leases) {
    const lease = await openLeaseOfAnyTime(mesh.networkId, signed)
    const sequence = Number(lease.sequence)
    const isOurs = lease.lessee.equals(mesh.self) && lease.cid.equals(cid)
    if (isOurs && Number.isSafeInteger(sequence)) return sequence
  }
  return 0
}
