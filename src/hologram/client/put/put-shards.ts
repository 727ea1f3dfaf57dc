import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { Layout } from '../../records/layout.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { PutResult } from '../../objects.ts'
import { viewFor } from '../../placement/placement-view.ts'
import { placementSeed } from '../../records/seed.ts'
import { completeObject } from '../keep/complete.ts'
import type { ShardOutcomes } from './fan-out.ts'
import { formFields } from './form.ts'
import { HomePlan } from './home-plan.ts'
import { adopt, refuse } from './put-job.ts'
import type { PutJob } from './put-job.ts'
import { checkPeers } from './put-plan.ts'
import { leaseAbove } from './give-lease.ts'
import { placeManifest } from './publish.ts'
import { readBack } from './read-back.ts'
import { finishObject } from './finished-object.ts'
import type { FinishedObject } from './finished-object.ts'
import type { SegmentBytes } from './segmenter.ts'
import { sendShards, shardCoder } from './send-shards.ts'
import { survive } from '../survive.ts'

/**
 * Puts an object that is too large for its manifest as n shards: send the blocks, then make the manifest out of the roots, commit it
 * at the holders, read a sample back, and publish the manifest.
 *
 * @param head - what has been read of its segments already
 */
export async function putShards(
  job: PutJob,
  head: readonly SegmentBytes[],
  rest: AsyncIterable<SegmentBytes>
): Promise<PutResult> {
  const { context, options, plan } = job
  const seed = placementSeed(head[0].data.subarray(0, head[0].length))
  const view = viewFor(plan.n, context.mesh)
  const homes = new HomePlan(seed, plan, view.peers)
  checkPeers(plan, homes.homes.length, options.allowFewerShards ?? false)
  const { object, outcomes, discard } = await sendAndCommit(job, seed, homes, concatenated(head, rest))
  try {
    const result = await finishPut(job, homes, object, outcomes)
    context.logger.debug('an object is placed', {
      cid: result.cid.toString(),
      epoch: view.epoch,
      peers: view.peers.length
    })
    return result
  } catch (error) {
    onBroken(job, discard)
    throw error
  }
}

/** Reads a sample back, publishes the manifest, and takes the object on. */
async function finishPut(
  job: PutJob,
  homes: HomePlan,
  object: FinishedObject,
  outcomes: ShardOutcomes
): Promise<PutResult> {
  const { context, plan } = job
  const proved = await readBack(context, object, outcomes, job.signal)
  const { holders, missing } = await topUp(job, object, proved)
  const required = plan.k + plan.margin
  if (holders.length < required) {
    const reasons = missing.map(({ shard, reason }) => `shard ${shard}: ${reason}`)
    const noRoom = missing.filter((one) => one.noRoom === true).length
    return refuse(job, object, 'a shard', { holders, required, reasons, noRoom })
  }
  const { cid, manifest, lease, bytes } = object
  const placed = await placeManifest(context, { cid, manifest: bytes, lease, holders }, plan.n, job.signal)
  const leased = await leaseAbove(context, object, holders, placed, job.leaseMs, job.signal)
  const kept = leased.homes
  if (leased.holders.length < required) {
    const reasons = ['holders keep a newer lease of this node and did not take the one above it']
    return refuse(job, leased.object, 'a shard', { holders: leased.holders, required, reasons, noRoom: 0 })
  }
  if (kept.length <= plan.margin) {
    const copies = kept.map((peer, shard) => ({ shard, peer }))
    const refusal = { holders: copies, required: plan.margin + 1, ...placed.failures }
    return refuse(job, leased.object, 'the manifest', refusal)
  }
  await adopt(job, leased.object, leased.holders)
  return {
    cid,
    manifest,
    stored: leased.holders,
    missing: missing.map(({ shard, reason }) => ({ shard, reason })),
    tolerates: Math.min(leased.holders.length - plan.k, kept.length - 1),
    warning: homes.warning,
    codedBytes: plan.n * new Layout(manifest).shardBytes
  }
}

async function sendAndCommit(
  job: PutJob,
  seed: Uint8Array,
  homes: HomePlan,
  segments: AsyncIterable<SegmentBytes>
): Promise<{ object: FinishedObject; outcomes: ShardOutcomes; discard: () => void }> {
  const { context, options, progress } = job
  const { k, n, margin, blockBytes } = job.plan
  const source = new MeasuredSource(segments)
  const expectedLayers = options.tensor?.layers ?? [{ k, length: options.sizeHint ?? 0 }]
  const shards = Array.from({ length: n }, (_, shard) => shard)
  const code = shardCoder(context, { name: job.plan.code, n }, { n, shards, signal: job.signal })
  const sent = await sendShards(context, code(source), {
    n,
    blockBytes,
    seed,
    expectedShardBytes: new Layout({ blockBytes, layers: expectedLayers }).shardBytes,
    plan: homes,
    shards,
    required: k + margin,
    minimum: k,
    signal: job.signal,
    oneShot: options.oneShot,
    onBroken: (discard) => onBroken(job, discard),
    onSent: (bytes) => progress.sent(bytes),
    onAcknowledged: (shard) => progress.acknowledged(shard)
  })
  try {
    const object = await finishObject(context, manifestOf(job, seed, source, sent.roots), job.leaseMs)
    return { object, outcomes: withHomeless(await sent.commit(object), homes), discard: sent.discard }
  } catch (error) {
    await sent.abandon(error as Error)
    onBroken(job, sent.discard)
    throw error
  }
}

/** A put that nobody can resume leaves nothing behind; another one may be given up later. */
function onBroken({ context, options: { oneShot, attempt } }: PutJob, discard: () => void): void {
  if (oneShot === true) discard()
  else if (attempt !== undefined) context.attempts.failed(attempt, discard)
}

function manifestOf(
  { options, plan }: PutJob,
  seed: Uint8Array,
  source: MeasuredSource,
  roots: ReadonlyMap<number, Uint8Array>
): Manifest {
  return {
    version: 1,
    ...formFields(options.tensor, { k: plan.k, length: source.size }),
    size: source.size,
    sealed: options.sealed ?? false,
    code: plan.code,
    n: plan.n,
    blockBytes: plan.blockBytes,
    roots: [...roots.values()],
    seed,
    digest: source.digest()
  }
}

/** Passes segments on, and knows size and SHA-256 of the object once all have passed. */
class MeasuredSource implements AsyncIterable<SegmentBytes> {
  readonly #segments: AsyncIterable<SegmentBytes>
  readonly #hash: Hash = createHash('sha256')
  #size = 0

  constructor(segments: AsyncIterable<SegmentBytes>) {
    this.#segments = segments
  }

  get size(): number {
    return this.#size
  }

  /** Once, after the last segment. */
  digest(): Uint8Array {
    return this.#hash.digest()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SegmentBytes> {
    for await (const segment of this.#segments) {
      this.#hash.update(segment.data.subarray(0, segment.length))
      this.#size += segment.length
      yield segment
    }
  }
}

/** Rebuilds missing shards at once when the put would fail without them. */
async function topUp(job: PutJob, object: FinishedObject, outcomes: ShardOutcomes): Promise<ShardOutcomes> {
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
