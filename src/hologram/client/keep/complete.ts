import { UNLIMITED } from '../../wire/bandwidth.ts'
import type { Bandwidth } from '../../wire/bandwidth.ts'
import { HologramError } from '../../errors.ts'
import { viewFor } from '../../placement/placement-view.ts'
import { Layout } from '../../records/layout.ts'
import type { Segment } from '../../records/layout.ts'
import { decodeManifest, neededShards } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import type { ClientContext } from '../context.ts'
import type { ShardOutcomes } from '../put/fan-out.ts'
import { HomePlan } from '../put/home-plan.ts'
import { readSegments } from '../get/read-segments.ts'
import type { ReadableObject } from '../get/read-segments.ts'
import type { SignedLease } from '../put/publish.ts'
import type { FinishedObject } from '../put/finished-object.ts'
import type { SegmentBytes } from '../put/segmenter.ts'
import { ShardMap } from '../find/shard-map.ts'
import type { CodedSegment } from '../put/coder.ts'
import { sendShards, shardCoder } from '../put/send-shards.ts'
import { PairRepairs } from './pair-repairs.ts'

export interface CompletionOptions {
  /** Copies with damaged blocks: what is sound of them is read, and they are sent anew to their holders. */
  readonly damaged?: readonly ShardHolder[]
  /** Holds the work back, by the bytes that are read. @default as fast as it goes */
  readonly pace?: Bandwidth
  /** Where the shards go. @default the holders of damaged copies, and the computed homes */
  readonly chosen?: Pick<HomePlan, 'homes' | 'homeless' | 'next'>
  /**
   * Called with the roots of all rows once they are known: those of the last rows of `object.manifest` may not be before.
   * Gives the lease under which the holders keep the shards. @default that of `object`
   */
  readonly leaseFor?: (roots: readonly Uint8Array[]) => Promise<SignedLease>
}

/**
 * Rebuilds the shards that nobody keeps and brings them to new homes: reads the object from those that are there,
 * codes it again, and sends only what is missing. What is rebuilt must have the roots of the manifest.
 *
 * @param holders - who keeps which shard, whole
 * @returns all holders, the new ones among them, and what is still missing
 * @throws HologramError 'NOT_ENOUGH_SHARDS', 'CORRUPT'
 */
export async function completeObject(
  context: ClientContext,
  object: FinishedObject,
  holders: readonly ShardHolder[],
  signal: AbortSignal,
  { damaged = [], pace = UNLIMITED, chosen, leaseFor }: CompletionOptions = {}
): Promise<ShardOutcomes> {
  const { cid, manifest, bytes } = object
  const { n, seed, roots } = manifest
  const layout = new Layout(manifest)
  const k = neededShards(manifest)
  const plan = chosen ?? new HomePlan(seed, { n, k }, viewFor(n, context.mesh).peers, holders, damaged)
  const homeless = plan.homeless.map((shard) => ({ shard, reason: 'there is no peer without a shard' }))
  const unknown = range(roots.length, n)
  if (plan.homes.length === 0 && unknown.length === 0) return { holders, missing: homeless }
  const locations = new ShardMap(context, cid, {
    manifest,
    bytes,
    leases: [],
    placed: [...holders, ...damaged],
    holders: []
  })
  const asPut = decodeManifest(bytes)
  const shards = [...new Set([...plan.homes.map(({ shard }) => shard), ...unknown])]
  const source: ReadableObject = {
    cid,
    manifest: asPut,
    readable: () => manifest,
    layout,
    isBackground: true
  }
  const code = { name: asPut.code, n: asPut.n }
  /** Reads k blocks of each segment and makes the rows from them. */
  const fromWhole = (first: number, end: number): AsyncIterable<CodedSegment> => {
    const rows = readSegments(context, source, locations, segmentsOf(layout, first, end), signal)
    return shardCoder(context, code, { n, shards, signal }, first)(joined(rows, pace, signal))
  }
  const repairs = new PairRepairs(context, source, { shards, holders, pace, signal })
  const sent = await sendShards(context, repairs.coded(fromWhole), {
    n,
    blockBytes: layout.blockBytes,
    seed,
    expectedShardBytes: layout.shardBytes,
    plan,
    shards,
    required: plan.homes.length,
    minimum: 1,
    signal
  })
  try {
    checkRoots(sent.roots, manifest, asPut.n)
  } catch (error) {
    await sent.abandon(error as Error)
    // No other attempt has these bytes.
    sent.discard()
    throw error
  }
  const all = range(0, n).map((row) => (row < roots.length ? roots[row] : sent.roots.get(row)!))
  let lease = object.lease
  try {
    lease = (await leaseFor?.(all)) ?? lease
  } catch (error) {
    await sent.abandon(error as Error)
    throw error
  }
  const rebuilt = await sent.commit({ ...object, lease })
  return { holders: [...holders, ...rebuilt.holders], missing: [...rebuilt.missing, ...homeless] }
}

/** How an error names roots that a lease states and that are not those of the object. */
export const STATED_ROOTS = 'roots in a lease'

/**
 * @param n - rows whose roots are those of the object itself
 * @throws HologramError 'CORRUPT'; of `STATED_ROOTS`, with the rows, when only rows that a lease adds differ
 */
function checkRoots(made: ReadonlyMap<number, Uint8Array>, { roots }: Manifest, n: number): void {
  const wrong = [...made.keys()].filter(
    (row) => row < roots.length && Buffer.compare(made.get(row)!, roots[row]) !== 0
  )
  if (wrong.length === 0) return
  const own = wrong.find((row) => row < n)
  if (own === undefined) {
    const message = `a lease states roots of added shards (${wrong.join(', ')}) that are not those of the object`
    throw new HologramError('CORRUPT', message, { what: STATED_ROOTS, rows: wrong })
  }
  const what = `shard ${own}`
  throw new HologramError('CORRUPT', `${what} as rebuilt is not that of the manifest`, { what })
}

function range(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i)
}

function* segmentsOf(layout: Layout, first: number, end: number): Generator<Segment> {
  for (let index = first; index < end; index++) yield layout.segment(index)
}

async function* joined(
  source: AsyncIterable<{ segment: Segment; rows: Uint8Array[] }>,
  pace: Bandwidth,
  signal: AbortSignal
): AsyncGenerator<SegmentBytes> {
  for await (const { segment, rows } of source) {
    const { k, blockBytes, indexInLayer, length } = segment
    await pace.take(length, signal)
    const data = new Uint8Array(k * blockBytes)
    rows.forEach((row, index) => data.set(row, index * blockBytes))
    yield { k, blockBytes, indexInLayer, length, data }
  }
}
