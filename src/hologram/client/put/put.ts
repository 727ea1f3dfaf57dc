import type { PutOptions, PutResult } from '../../objects.ts'
import { inlineLimit } from '../../records/layout.ts'
import { abortable } from '../wire/abortable.ts'
import type { ClientContext } from '../context.ts'
import { ProgressReport } from './progress.ts'
import { putInline } from './put-inline.ts'
import type { PutJob } from './put-job.ts'
import { planPut } from './put-plan.ts'
import { putShards } from './put-shards.ts'
import { layerSegmenter, segmenter } from './segmenter.ts'
import type { SegmentBytes } from './segmenter.ts'

/**
 * Puts a stream of bytes on the mesh. Resolves when at least k + margin shards are on the disks of as many peers, and
 * the manifest at more than `margin` of its homes; what is missing then is left to the keeper.
 *
 * @throws HologramError 'BAD_CODE_PARAMETERS' | 'NOT_ENOUGH_PEERS' | 'NOT_DURABLE', and whatever the source throws:
 *   nothing is promised then, and what has arrived at the holders serves a later put of the same bytes, unless it is `oneShot`
 */
export async function putObject(
  context: ClientContext,
  source: AsyncIterable<Uint8Array>,
  options: PutOptions
): Promise<PutResult> {
  const { leaseMs } = context.settings
  const plan = planPut(options, context.settings)
  const job: PutJob = {
    context,
    options,
    plan,
    leaseMs: options.leaseMs ?? leaseMs,
    progress: new ProgressReport(options.onProgress),
    signal: options.signal ?? new AbortController().signal
  }
  const bytes = job.progress.reading(abortable(source, job.signal))
  const cut =
    options.tensor === undefined
      ? segmenter(plan.k, plan.blockBytes)
      : layerSegmenter(options.tensor.layers, plan.blockBytes)
  const segments = cut(bytes)
  try {
    const { head, isWhole } = await takeHead(segments, inlineLimit(plan.blockBytes))
    return isWhole ? await putInline(job, bytesOf(head)) : await putShards(job, head, segments)
  } finally {
    await segments.return(undefined)
  }
}

/** As many segments as it takes to tell whether the object has at most `limit` bytes. */
async function takeHead(
  segments: AsyncGenerator<SegmentBytes>,
  limit: number
): Promise<{ head: SegmentBytes[]; isWhole: boolean }> {
  const head: SegmentBytes[] = []
  let size = 0
  while (size <= limit) {
    const { value, done } = await segments.next()
    if (done === true) return { head, isWhole: true }
    head.push(value)
    size += value.length
  }
  return { head, isWhole: false }
}

function bytesOf(segments: readonly SegmentBytes[]): Uint8Array {
  return new Uint8Array(Buffer.concat(segments.map(({ data, length }) => data.subarray(0, length))))
}
