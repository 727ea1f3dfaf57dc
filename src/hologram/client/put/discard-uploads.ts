import { uploadId } from '../../records/seed.ts'
import type { ClientContext } from '../context.ts'
import { survive } from '../survive.ts'
import { whenFree } from '../wire/when-free.ts'
import type { PlannedShard } from './home-plan.ts'
import { discardRemote } from './remote-sink.ts'

/**
 * Makes holders free what they have of uploads that nobody will resume. Runs in the background: a put that has failed does
 * not wait for it. A holder that cannot be reached frees it by itself, after minutes for a one-shot upload, else after a day.
 */
export function discardUploads(
  context: ClientContext,
  seed: Uint8Array,
  uploads: readonly PlannedShard[]
): void {
  if (uploads.length === 0) return
  context.background.run(
    async (signal) => {
      await Promise.all(
        uploads.map(async ({ peer, shard }) => {
          try {
            await discard(context, seed, { peer, shard }, signal)
          } catch (error) {
            signal.throwIfAborted()
            survive(context, 'discard', { seed, peer, shard, error })
          }
        })
      )
    },
    'discarding the uploads of a failed put',
    { seed: Buffer.from(seed).toString('hex') }
  )
}

async function discard(
  { mesh, holdings, clock, settings, lines }: ClientContext,
  seed: Uint8Array,
  { peer, shard }: PlannedShard,
  signal: AbortSignal
): Promise<void> {
  const timeoutMs = settings.openTimeoutMs
  const attempt = async (): Promise<void> => {
    if (!peer.equals(mesh.self)) {
      await discardRemote({ mesh, clock, line: lines.put }, { peer, shard, seed, signal }, { timeoutMs })
      return
    }
    const id = uploadId(peer.toMultihash().bytes, seed)
    const upload = await holdings.openUpload(id, shard, 0, { oneShot: true })
    await upload.abandon()
  }
  await whenFree(attempt, { clock, timeoutMs, signal })
}
