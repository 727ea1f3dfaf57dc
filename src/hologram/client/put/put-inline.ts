import { createHash } from 'node:crypto'
import type { PutResult } from '../../objects.ts'
import { viewFor } from '../../placement/placement-view.ts'
import { placementSeed } from '../../records/seed.ts'
import { inlineFormFields } from './form.ts'
import { adopt, refuse } from './put-job.ts'
import type { PutJob } from './put-job.ts'
import { checkPeers } from './put-plan.ts'
import { placeManifest } from './publish.ts'
import { leaseAbove } from './give-lease.ts'
import { finishObject } from './finished-object.ts'

/** Puts a small object in its manifest: n - k + 1 copies outlive the loss of n - k peers. */
export async function putInline(job: PutJob, bytes: Uint8Array): Promise<PutResult> {
  const { context, options, plan, progress, signal } = job
  const copies = { k: 1, n: plan.n - plan.k + 1, margin: plan.margin }
  checkPeers(copies, viewFor(copies.n, context.mesh).peers.length, options.allowFewerShards ?? false)
  const object = await finishObject(
    context,
    {
      version: 1,
      ...inlineFormFields(options.tensor, bytes.byteLength),
      size: bytes.byteLength,
      sealed: options.sealed ?? false,
      code: 'rs8',
      n: copies.n,
      blockBytes: plan.blockBytes,
      roots: [],
      seed: placementSeed(bytes),
      digest: createHash('sha256').update(bytes).digest(),
      inline: bytes
    },
    job.leaseMs
  )
  const { cid, manifest, lease } = object
  const placed = await placeManifest(
    context,
    { cid, manifest: object.bytes, lease, holders: [] },
    copies.n,
    signal
  )
  const leased = await leaseAbove(context, object, [], placed, job.leaseMs, signal)
  const kept = leased.homes
  const stored = kept.map((peer, shard) => ({ shard, peer }))
  if (stored.length < 1 + copies.margin) {
    return refuse(job, leased.object, 'a copy', {
      holders: stored,
      required: 1 + copies.margin,
      ...placed.failures
    })
  }
  await adopt(job, leased.object, stored)
  const codedBytes = kept.length * bytes.byteLength
  progress.sent(codedBytes)
  for (const { shard } of stored) progress.acknowledged(shard)
  const missing = Array.from({ length: copies.n - kept.length }, (_, i) => ({
    shard: kept.length + i,
    reason: 'no peer took the copy'
  }))
  return { cid, manifest, stored, missing, tolerates: kept.length - 1, codedBytes }
}
