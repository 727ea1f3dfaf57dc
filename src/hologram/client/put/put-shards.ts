import { createHash } from 'node:crypto'
import { Layout } from '../../records/layout.ts'
import type { PutResult } from '../../objects.ts'
import { placementSeed } from '../../records/seed.ts'
import { completeObject } from '../keep/complete.ts'
import type { ShardOutcomes } from './fan-out.ts'
import { formFields } from './form.ts'
import { HomePlan } from './home-plan.ts'
import { adopt, refuse } from './put-job.ts'
import type { PutJob } from './put-job.ts'
import { checkPeers } from './put-plan.ts'
import { publishManifest } from './publish.ts'
import { sealObject } from './finished-object.ts'
import type { SealedObject } from './finished-object.ts'
import type { SegmentBytes } from './segmenter.ts'
import { survive } from '../survive.ts'
import { upload } from './upload.ts'

/** Puts an object of more than one block as n shards. `head` is what has been read of its segments already. */
export async function putShards(
  job: PutJob,
  head: readonly SegmentBytes[],
  rest: AsyncIterable<SegmentBytes>
): Promise<PutResult> {
  const { context, options, plan } = job
  const seed = placementSeed(head[0].data.subarray(0, head[0].length))
  const homes = new HomePlan(seed, plan, context.mesh.peers())
  checkPeers(plan, homes.homes.length, options.allowFewerShards ?? false)
  const { object, outcomes } = await uploadAll(job, seed, homes, concatenated(head, rest))
  const { holders, missing } = await topUp(job, object, outcomes)
  const required = plan.k + plan.margin
  if (holders.length < required) {
    const reasons = missing.map(({ shard, reason }) => `shard ${shard}: ${reason}`)
    return refuse(job, object, 'a shard', { holders, required, reasons })
  }
  const { cid, manifest, lease, bytes } = object
  const kept = await publishManifest(context, { cid, manifest: bytes, lease, holders }, plan.n, job.signal)
  if (kept.length <= plan.margin) {
    const found = {
      holders: kept.map((peer, shard) => ({ shard, peer })),
      required: plan.margin + 1,
      reasons: []
    }
    return refuse(job, object, 'the manifest', found)
  }
  await adopt(job, object, holders)
  return {
    cid,
    manifest,
    stored: holders,
    missing,
    tolerates: Math.min(holders.length - plan.k, kept.length - 1),
    warning: homes.warning,
    codedBytes: plan.n * new Layout(manifest).shardBytes
  }
}

async function uploadAll(
  job: PutJob,
  seed: Uint8Array,
  homes: HomePlan,
  segments: AsyncIterable<SegmentBytes>
): Promise<{ object: SealedObject; outcomes: ShardOutcomes }> {
  const { context, options, progress } = job
  const { k, n, margin, blockBytes } = job.plan
  const hash = createHash('sha256')
  let size = 0
  const measured = async function* (): AsyncGenerator<SegmentBytes> {
    for await (const segment of segments) {
      hash.update(segment.data.subarray(0, segment.length))
      size += segment.length
      yield segment
    }
  }
  const expectedLayers = options.tensor?.layers ?? [{ k, length: options.sizeHint ?? 0 }]
  let object: SealedObject | undefined
  const seal = async (roots: ReadonlyMap<number, Uint8Array>): Promise<SealedObject> => {
    object = await sealObject(
      context,
      {
        version: 1,
        ...formFields(options.tensor, { k, length: size }),
        size,
        sealed: options.sealed ?? false,
        code: 'rs8',
        n,
        blockBytes,
        roots: [...roots.values()],
        seed,
        digest: hash.digest()
      },
      job.leaseMs
    )
    return object
  }
  const outcomes = await upload(context, measured(), {
    n,
    blockBytes,
    seed,
    expectedShardBytes: new Layout({ blockBytes, layers: expectedLayers }).shardBytes,
    plan: homes,
    shards: Array.from({ length: n }, (_, shard) => shard),
    required: k + margin,
    minimum: k,
    seal,
    signal: job.signal,
    onSent: (bytes) => progress.sent(bytes),
    onAcknowledged: (shard) => progress.acknowledged(shard)
  })
  return { object: object!, outcomes: withHomeless(outcomes, homes) }
}

/** Rebuilds missing shards at once when the put would fail without them. */
async function topUp(job: PutJob, object: SealedObject, outcomes: ShardOutcomes): Promise<ShardOutcomes> {
  const { k, margin } = job.plan
  if (outcomes.holders.length >= k + margin || outcomes.holders.length < k) return outcomes
  try {
    return await completeObject(job.context, object, outcomes.holders, job.signal)
  } catch (error) {
    job.signal.throwIfAborted()
    survive(job.context, 'top-up', { cid: object.cid, error })
    return outcomes
  }
}

function withHomeless({ holders, missing }: ShardOutcomes, { homeless }: HomePlan): ShardOutcomes {
  const without = homeless.map((shard) => ({ shard, reason: 'there are fewer peers than shards' }))
  return { holders, missing: [...missing, ...without] }
}

async function* concatenated(
  head: readonly SegmentBytes[],
  rest: AsyncIterable<SegmentBytes>
): AsyncGenerator<SegmentBytes> {
  yield* head
  yield* rest
}
