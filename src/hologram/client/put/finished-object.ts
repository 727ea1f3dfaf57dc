import type { CID } from 'multiformats/cid'
import { encodeManifest, manifestCid } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { ClientContext } from '../context.ts'
import { makeLease } from './publish.ts'
import type { SignedLease } from './publish.ts'

/** A finished manifest with its id, and this node's lease on it. */
export interface FinishedObject {
  readonly cid: CID
  readonly manifest: Manifest
  /** The manifest as dag-cbor. */
  readonly bytes: Uint8Array
  readonly lease: SignedLease
}

/** Gives an object its id, and signs a lease on it. @throws HologramError 'BAD_MANIFEST' */
export async function finishObject(
  context: ClientContext,
  manifest: Manifest,
  leaseMs: number
): Promise<FinishedObject> {
  const bytes = encodeManifest(manifest)
  const cid = manifestCid(bytes)
  return { cid, manifest, bytes, lease: await makeLease(context, cid, { leaseMs }) }
}
