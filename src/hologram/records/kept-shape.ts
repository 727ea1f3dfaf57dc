import { isLive, shapeInLease } from './lease.ts'
import { shapeOf } from './shape.ts'
import type { CID } from 'multiformats/cid'
import type { Holdings, StoredLease } from '../holdings.ts'
import type { Manifest } from './manifest.ts'
import type { ObjectShape, ShapedLease } from './shape.ts'

export interface KeptLeases {
  readonly holdings: Pick<Holdings, 'leases'>
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: () => number
}

/** What the live ones of some kept leases ask for. */
export function shapesOf(leases: readonly StoredLease[], nowMs: number): ShapedLease[] {
  return leases.filter((lease) => isLive(lease, nowMs)).map(({ signed }) => ({ shape: shapeInLease(signed) }))
}

/** What the live leases that are kept here ask for. */
export async function leasedShapes({ holdings, nowMs }: KeptLeases, cid: CID): Promise<ShapedLease[]> {
  return shapesOf(await holdings.leases(cid), nowMs())
}

/** What the live leases that are kept here make of the object. */
export async function keptShape(context: KeptLeases, cid: CID, manifest: Manifest): Promise<ObjectShape> {
  return shapeOf(manifest, await leasedShapes(context, cid))
}
