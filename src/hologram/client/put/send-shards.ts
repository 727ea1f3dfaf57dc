import { MerkleRootBuilder } from '../../../../encoder/index.ts'
import { pipe } from 'it-pipe'
import { coder } from './coder.ts'
import type { CodedSegment, ObjectCode } from './coder.ts'
import type { ClientContext } from '../context.ts'
import { discardUploads } from './discard-uploads.ts'
import { ALL_SILENT_FACTOR, FanOut } from './fan-out.ts'
import type { ShardOutcomes } from './fan-out.ts'
import type { HomePlan } from './home-plan.ts'
import { LocalSink } from './local-sink.ts'
import { RemoteSink } from './remote-sink.ts'
import type { FinishedObject } from './finished-object.ts'
import type { SinkOpener } from './shard-sink.ts'
import { survive } from '../survive.ts'
import { whenFree } from '../wire/when-free.ts'

/** Shards to send, and where. */
export interface ShardTransfer {
  readonly n: number
  /** Bytes of a full block. */
  readonly blockBytes: number
  readonly seed: Uint8Array
  readonly expectedShardBytes: number
  readonly plan: Pick<HomePlan, 'homes' | 'next'>
  /** Shards whose roots are wanted: all that are sent, and perhaps others. */
  readonly shards: readonly number[]
  /** With more holders than this, one that holds the others up is dropped. */
  readonly required: number
  /** With fewer it is given up. */
  readonly minimum: number
  readonly signal: AbortSignal
  /** Nobody can resume the uploads: holders need not keep them for long. @default false */
  readonly oneShot?: boolean
  /** It has failed. @param discard - makes holders free what they have of it */
  readonly onBroken?: (discard: () => void) => void
  readonly onSent?: (bytes: number) => void
  readonly onAcknowledged?: (shard: number) => void
}

/** Shards that are on their way to the last block. Either `commit` or `abandon` must be called, once. */
export interface SentShards {
  /** The Merkle root of each shard, in the order of `ShardTransfer.shards`. */
  readonly roots: ReadonlyMap<number, Uint8Array>
  /** Makes the holders keep the shards under the manifest of `object`. Resolves when each has, or has failed. */
  commit: (object: FinishedObject) => Promise<ShardOutcomes>
  /** Leaves what has arrived at the holders for a later attempt. */
  abandon: (error: Error) => Promise<void>
  /** After either: makes holders free what they have and have not committed. */
  discard: () => void
}

/** Makes the rows of segments that a transfer needs. */
export function shardCoder(
  { codec, settings }: Pick<ClientContext, 'codec' | 'settings'>,
  code: ObjectCode,
  { n, shards, signal }: Pick<ShardTransfer, 'n' | 'shards' | 'signal'>,
  first = 0
): ReturnType<typeof coder> {
  const parityRows = (k: number): number[] => shards.filter((shard) => shard >= k).sort((a, b) => a - b)
  return coder(codec, code, n, { parityRows, depth: settings.codingDepth, first, signal })
}

/**
 * Sends the planned shards of coded segments to their homes: source -> coder -> n senders, with backpressure from
 * the slowest holder that is needed to the source. Resolves when the source has ended.
 *
 * @throws whatever the source throws, HologramError 'NOT_DURABLE' | 'QUOTA'; holders then keep what has arrived, unless the
 *   transfer is `oneShot`
 */
export async function sendShards(
  context: ClientContext,
  coded: AsyncIterable<CodedSegment>,
  job: ShardTransfer
): Promise<SentShards> {
  const { mesh, clock, settings } = context
  const { n, plan, shards, signal } = job
  const roots = new Map(shards.map((shard) => [shard, new MerkleRootBuilder()]))
  const end = await context.lines.beginPut(signal)
  const fanOut = new FanOut(
    {
      openSink: sinkOpener(context),
      observe: (peer, outcome) => mesh.observe(peer, outcome),
      admit: async (peer, bytes, signal) => {
        if (!peer.equals(mesh.self)) await context.caps.sending(peer, bytes, signal)
      },
      onFailure: (peer, shard, error) => survive(context, 'holder', { seed: job.seed, peer, shard, error }),
      clock
    },
    {
      seed: job.seed,
      expectedBytes: job.expectedShardBytes,
      oneShot: job.oneShot,
      windowSegments: Math.max(2, Math.floor(settings.putWindowBytes / (n * job.blockBytes))),
      minimum: job.minimum,
      required: job.required,
      timing: settings.putTiming,
      signal,
      onSent: job.onSent,
      onAcknowledged: job.onAcknowledged
    },
    plan
  )
  const discard = (): void => discardUploads(context, job.seed, fanOut.unfinished)
  try {
    await pipe(coded, async (source: AsyncIterable<CodedSegment>) => {
      for await (const segment of source) {
        for (const [shard, root] of roots) root.append(segment.leaf(shard))
        await fanOut.write(segment)
      }
    })
  } catch (error) {
    await fanOut.abort(error as Error).finally(end)
    job.onBroken?.(discard)
    throw error
  }
  return {
    roots: new Map([...roots].map(([shard, root]) => [shard, root.root()])),
    commit: async ({ cid, bytes, lease }) =>
      fanOut.commit({ cid, manifest: bytes, lease: lease.signed }).finally(end),
    abandon: async (error) => {
      await fanOut.abort(error).finally(end)
    },
    discard
  }
}

function sinkOpener(context: ClientContext): SinkOpener {
  const { mesh, holdings, settings, clock, lines } = context
  const { openTimeoutMs, putTiming } = settings
  const timing = {
    openTimeoutMs,
    // The fan-out gives a holder up before, unless all are silent.
    sendTimeoutMs: ALL_SILENT_FACTOR * putTiming.stallTimeoutMs,
    commitTimeoutMs: ALL_SILENT_FACTOR * putTiming.commitTimeoutMs
  }
  const open: SinkOpener = async (request) =>
    request.peer.equals(mesh.self)
      ? LocalSink.open({ holdings, networkId: mesh.networkId, clock, failures: context }, request)
      : RemoteSink.open({ mesh, clock, line: lines.put }, request, timing)
  return async (request) =>
    whenFree(async () => open(request), { clock, timeoutMs: openTimeoutMs, signal: request.signal })
}
