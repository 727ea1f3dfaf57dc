import type { PutOptions, PutResult } from '../objects.ts'
import { abortable } from './abortable.ts'
import type { ClientContext } from './context.ts'
import { ProgressReport } from './progress.ts'
import { putInline } from './put-inline.ts'
import type { PutJob } from './put-job.ts'
import { planPut } from './put-plan.ts'
import { putShards } from './put-shards.ts'
import { segmenter } from './segmenter.ts'
import type { SegmentBytes } from './segmenter.ts'

/**
 * Puts a stream of bytes on the mesh. Resolves when at least k + margin shards are on the disks of as many peers, and
 * the manifest at more than `margin` of its homes; what is missing then is left to the keeper.
 *
 * @throws HologramError 'BAD_CODE_PARAMETERS' | 'NOT_ENOUGH_PEERS' | 'NOT_DURABLE', and whatever the source throws:
 *   nothing is promised then, and what has arrived at the holders serves a later put of the same bytes
 */
export async function putObject(
  context: ClientContext,
  source: AsyncIterable<Uint8Array>,
  options: PutOptions
): Promise<PutResult> {
  const { blockBytes, leaseMs } = context.settings
  const job: PutJob = {
    context,
    options,
    plan: planPut(options, context.settings),
    leaseMs: options.leaseMs ?? leaseMs,
    progress: new ProgressReport(options.onProgress),
    signal: options.signal ?? new AbortController().signal
  }
  const bytes = job.progress.reading(abortable(source, job.signal))
  const segments = segmenter(job.plan.k, blockBytes)(bytes)
  try {
    const head = await takeHead(segments, blockBytes)
    const [{ data, length }] = head
    if (head.length === 1 && length <= blockBytes) return await putInline(job, data.slice(0, length))
    return await putShards(job, head, segments)
  } finally {
    await segments.return(undefined)
  }
}

/** The first segment, and the second when only that tells whether the object fits one block. */
async function takeHead(segments: AsyncGenerator<SegmentBytes>, blockBytes: number): Promise<SegmentBytes[]> {
  const head: SegmentBytes[] = []
  while (head.length < 2) {
    const { value, done } = await segments.next()
    if (done === true) break
    head.push(value)
    if (value.length > blockBytes) break
  }
  return head
}
