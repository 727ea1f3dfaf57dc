import { equals } from 'uint8arrays/equals'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { MerkleTree } from '../../../encoder/index.ts'
import type { ClientContext } from '../client/context.ts'
import { statObject } from '../client/find/stat.ts'
import type { Suspect } from '../heal/suspects.ts'
import type { CareOptions, ObjectStat, VerifiedShard, VerifyReport } from '../objects.ts'
import { Layout } from '../records/layout.ts'
import { neededShards } from '../records/manifest.ts'
import { UNLIMITED } from '../wire/bandwidth.ts'
import { challengeManifest, challengePeer } from './challenge.ts'
import type { Verdict } from './challenge.ts'

/** Holders that are read at once: enough for a fast line, few enough to leave room for readers. */
const HOLDERS_AT_ONCE = 4

export interface Verification {
  readonly report: VerifyReport
  /** What repair should not count. */
  readonly suspects: readonly Suspect[]
}

/**
 * Reads every block of every shard of an object from its holder and checks it against the manifest; of an inline object every
 * copy.
 *
 * @throws HologramError 'NOT_FOUND' | 'TIMEOUT'; the signal's reason
 */
export async function verifyObject(
  context: ClientContext,
  cid: CID,
  { signal, onProgress = () => {} }: CareOptions & { readonly signal: AbortSignal }
): Promise<Verification> {
  const stat = await statObject(context, cid, signal)
  const { manifest } = stat
  const shardBytes = manifest.inline === undefined ? new Layout(manifest).shardBytes : manifest.size
  const totalBytes = stat.shards.filter(({ peer }) => peer !== undefined).length * shardBytes
  let doneBytes = 0
  const onRead = (bytes: number): void => {
    doneBytes += bytes
    onProgress({ doneBytes, totalBytes })
  }
  const shards: VerifiedShard[] = []
  const queue = [...stat.shards]
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { shard, peer } = next
      const checked =
        peer === undefined
          ? { state: 'lost' as const, blocks: 0, badBlocks: 0 }
          : await checkOne(context, stat, { shard, peer }, { signal, onRead })
      shards.push({ shard, ...(peer !== undefined && { peer }), ...checked })
    }
  }
  await Promise.all(Array.from({ length: HOLDERS_AT_ONCE }, worker))
  shards.sort((a, b) => a.shard - b.shard)
  const whole = shards.filter(({ state }) => state === 'whole').length
  return {
    report: { cid, manifest, shards, whole, spare: whole - neededShards(manifest), readBytes: doneBytes },
    suspects: shards.flatMap((checked) => suspectsOf(checked, manifest.inline !== undefined))
  }
}

interface Check {
  readonly signal: AbortSignal
  readonly onRead: (bytes: number) => void
}

type Checked = Pick<VerifiedShard, 'state' | 'blocks' | 'badBlocks'>

async function checkOne(
  context: ClientContext,
  { cid, manifest }: ObjectStat,
  { shard, peer }: { readonly shard: number; readonly peer: PeerId },
  { signal, onRead }: Check
): Promise<Checked> {
  if (manifest.inline !== undefined) {
    const challenge = { cid, manifestBytes: manifest.size }
    const verdict = await challengeManifest(context, peer, challenge, { pace: UNLIMITED, signal })
    if (verdict === 'passed') onRead(manifest.size)
    return tally([verdict])
  }
  if (peer.equals(context.mesh.self))
    return await checkOwn(context, cid, manifest.roots[shard], shard, { signal, onRead })
  const verdicts: Verdict[] = []
  const challenges = Array.from({ length: new Layout(manifest).segments }, (_, block) => {
    return { cid, manifest, shard, block }
  })
  await challengePeer(context, peer, challenges, {
    pace: UNLIMITED,
    signal,
    onVerdict: (_, verdict) => verdicts.push(verdict),
    onRead
  })
  return tally(verdicts)
}

/** The store checks each block against its leaf; the leaves must be those of the manifest. */
async function checkOwn(
  { holdings }: ClientContext,
  cid: CID,
  root: Uint8Array,
  shard: number,
  { signal, onRead }: Check
): Promise<Checked> {
  const reader = await holdings.openShard(cid, shard)
  if (reader === undefined) return tally(['missing'])
  try {
    const leaves = await reader.leaves().catch(damagedOnly)
    if (leaves === undefined) return { state: 'damaged', blocks: reader.blocks, badBlocks: reader.blocks }
    if (!equals(new MerkleTree(leaves).root, root)) return tally(['wrong'])
    const verdicts: Verdict[] = []
    for (let block = 0; block < reader.blocks; block++) {
      signal.throwIfAborted()
      const data = await reader.read(block, { signal }).catch(damagedOnly)
      verdicts.push(data === undefined ? 'damaged' : 'passed')
      onRead(data?.byteLength ?? 0)
    }
    return tally(verdicts)
  } finally {
    await reader.close()
  }
}

/** Undefined for what the disk does not hold any more. @throws whatever else went wrong */
function damagedOnly(error: unknown): undefined {
  // StoreError is another room's class: its code is what the contract promises.
  if ((error as { code?: unknown } | undefined)?.code === 'CORRUPT') return undefined
  throw error
}

function tally(verdicts: readonly Verdict[]): Checked {
  const count = (wanted: Verdict): number => verdicts.filter((verdict) => verdict === wanted).length
  const badBlocks = count('damaged') + count('wrong')
  const blocks = verdicts.length - count('skipped')
  if (count('missing') > 0) return { state: 'missing', blocks: 0, badBlocks: 0 }
  if (count('wrong') > 0) return { state: 'wrong', blocks, badBlocks }
  if (badBlocks > 0) return { state: 'damaged', blocks, badBlocks }
  return { state: count('skipped') > 0 ? 'silent' : 'whole', blocks, badBlocks }
}

function suspectsOf({ shard, peer, state }: VerifiedShard, inline: boolean): Suspect[] {
  if (peer === undefined || state === 'whole' || state === 'silent' || state === 'lost') return []
  // The holder has just said that it has the shard, and does not give it.
  const finding = state === 'missing' ? 'wrong' : state
  return [{ peer, shard: inline ? undefined : shard, finding, isSaid: true }]
}
