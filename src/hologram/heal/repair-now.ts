import type { CID } from 'multiformats/cid'
import type { ClientContext } from '../client/context.ts'
import { locateManifest } from '../client/find/locate-manifest.ts'
import { HologramError } from '../errors.ts'
import type { CareOptions, RepairReport } from '../objects.ts'
import { countedBandwidth } from '../wire/bandwidth.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import type { Healer } from './healer.ts'

/** While another peer is rebuilding the object, it is looked at again after this pause, this often. */
const BUSY_PAUSE_MS = 2_000
const MAX_PAUSES = 150

/**
 * Repairs one object for the user, and reports how far it is. Waits for another peer that is already rebuilding it.
 *
 * @throws HologramError 'NOT_FOUND' | 'NOT_ENOUGH_SHARDS' | 'CORRUPT' | 'NOT_DURABLE' | 'TIMEOUT'; the signal's reason
 */
export async function repairForUser(
  { context, healer, pace }: { context: ClientContext; healer: Healer; pace: Bandwidth },
  cid: CID,
  { signal, onProgress = () => {} }: CareOptions & { readonly signal: AbortSignal }
): Promise<RepairReport> {
  const { manifest } = await locateManifest(context, cid, signal)
  const totalBytes = manifest.size
  let doneBytes = 0
  const counted = countedBandwidth(pace, (bytes) => {
    doneBytes += bytes
    onProgress({ doneBytes, totalBytes })
  })
  for (let pauses = 0; ; pauses++) {
    doneBytes = 0
    const { outcome, ...done } = await healer.repairNow(cid, counted, signal)
    // It was there a moment ago.
    if (outcome === 'gone') throw notFound(cid)
    if (outcome !== 'busy' || pauses === MAX_PAUSES) {
      const { spareBefore, rebuilt, homes, readBytes, sentBytes } = done
      return { cid, outcome, spareBefore, rebuilt, manifests: homes, readBytes, sentBytes }
    }
    onProgress({ doneBytes, totalBytes, note: 'another peer is rebuilding it' })
    await context.clock.sleep(BUSY_PAUSE_MS, signal)
  }
}

const notFound = (cid: CID): HologramError => {
  const text = cid.toString()
  return new HologramError('NOT_FOUND', `the manifest of ${text} is not kept any more`, { cid: text })
}
