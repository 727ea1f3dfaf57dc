import type { CID } from 'multiformats/cid'
import { encodeManifest, manifestCid } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { ClientContext } from '../context.ts'
import { makeLease } from './publish.ts'
import type { SignedLease } from './publish.ts'

/** A finished manifest with its id, and this node's lease on it. */
export interface SealedObject {
  readonly cid: CID
  readonly manifest: Manifest
  /** The manifest as dag-cbor. */
  readonly bytes: Uint8Array
  readonly lease: SignedLease
}

/** @throws HologramError 'BAD_MANIFEST' */
export async function sealObject(
  context: ClientContext,
  manifest: Manifest,
  leaseMs: number
): Promise<SealedObject> {
  const bytes = encodeManifest(manifest)
  const cid = manifestCid(bytes)
  return { cid, manifest, bytes, lease: await makeLease(context, cid, { leaseMs }) }
}
