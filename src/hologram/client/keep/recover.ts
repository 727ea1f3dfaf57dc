import type { CID } from 'multiformats/cid'
import { isLive, shapeInLease } from '../../records/lease.ts'
import { decodeManifest } from '../../records/manifest.ts'
import { shapedBy } from '../../records/shape.ts'
import { openPlacement } from '../../records/placement-record.ts'
import type { ClientContext } from '../context.ts'
import { ownedRecordOf } from './owned.ts'
import type { OwnedRecord } from './owned.ts'

/**
 * Makes the record of an owned object anew from what this node keeps of it: manifest, own lease, placement record. Only
 * the name cannot be had again.
 *
 * @returns undefined when there is no manifest, or no lease of ours that runs
 */
export async function recoverRecord(context: ClientContext, cid: CID): Promise<OwnedRecord | undefined> {
  const { holdings, mesh, clock, owned, settings } = context
  const bytes = await holdings.getManifest(cid)
  const leases = await holdings.leases(cid)
  const lease = leases.find(({ lessee }) => lessee === mesh.self.toString())
  if (bytes === undefined || lease === undefined || !isLive(lease, clock.nowMs())) return undefined
  const placement = await holdings.getPlacement(cid)
  const placed =
    placement === undefined
      ? []
      : await openPlacement(mesh.networkId, placement, clock.nowMs()).then(
          ({ holders }) => holders,
          // It is a hint; the check that follows finds the holders without it.
          () => []
        )
  const shape = shapeInLease(lease.signed)
  const record = {
    ...ownedRecordOf(shapedBy(decodeManifest(bytes), shape), {
      name: '',
      createdAtMs: clock.nowMs(),
      leaseMs: settings.leaseMs,
      leaseSequence: Number(lease.sequence),
      leaseExpiresAtMs: lease.expiresAtMs,
      holders: placed
    }),
    ...(shape && { shape }),
    // Nobody has been asked yet: the next round does.
    checkedMs: 0
  }
  await owned.write(cid, record)
  return record
}
