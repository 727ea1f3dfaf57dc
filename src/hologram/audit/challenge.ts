import { equals } from 'uint8arrays/equals'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { FramedStream } from '../../../protocols/framing/index.ts'
import { GetReply, GetRequest, Status } from '../../../protocols/generated/object.js'
import type { ClientContext } from '../client/context.ts'
import { AuditVerifier } from '../client/get/audit-verifier.ts'
import { survive } from '../client/survive.ts'
import { openFramed } from '../client/wire/streams.ts'
import { isHologramError } from '../errors.ts'
import { Layout } from '../records/layout.ts'
import { manifestCid } from '../records/manifest.ts'
import type { Manifest } from '../records/manifest.ts'
import { UNLIMITED } from '../wire/bandwidth.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import { GET_PROTOCOL, MAX_GET_REPLY_BYTES, MAX_PIPELINED_REQUESTS } from '../../../protocols/limits.ts'

/**
 * 'missing': the peer says that it does not have it. 'damaged': it says that its copy is damaged. 'wrong': what it sent is not
 * what it should keep. 'skipped': it was away, slow or busy, which proves nothing.
 */
export type Verdict = 'passed' | 'missing' | 'damaged' | 'wrong' | 'skipped'

/** One block of one shard. */
export interface BlockChallenge {
  readonly cid: CID
  readonly manifest: Manifest
  readonly shard: number
  readonly block: number
}

/** A manifest, and with it an inline object. */
export interface ManifestChallenge {
  readonly cid: CID
  readonly manifestBytes: number
}

/** Requests on the way at once: enough to fill the way there and back, few enough to leave room for readers. */
const WINDOW = Math.min(4, MAX_PIPELINED_REQUESTS)
/** Blocks of one stream: what is held back for the pace is at most so much. */
const BATCH = 8

export interface ChallengeInit {
  readonly pace: Bandwidth
  readonly signal: AbortSignal
  /** Called with each verdict, in order. */
  readonly onVerdict: (challenge: BlockChallenge, verdict: Verdict) => void
  readonly onRead: (bytes: number) => void
}

/**
 * Challenges one peer for blocks, over get/1: a holder cannot tell an audit from a reader, so it cannot answer only audits.
 * Rejects only with the signal's reason; a peer that is away, slow or busy leaves the rest 'skipped'.
 */
export async function challengePeer(
  context: ClientContext,
  peer: PeerId,
  challenges: readonly BlockChallenge[],
  init: ChallengeInit
): Promise<void> {
  for (let first = 0; first < challenges.length; first += BATCH) {
    const batch = challenges.slice(first, first + BATCH)
    // Before the stream is opened: holders do not wait for long on an open one.
    await init.pace.take(
      batch.reduce((sum, challenge) => sum + bytesOf(challenge), 0),
      init.signal
    )
    const done = await runBatch(context, peer, batch, init)
    if (done === batch.length) continue
    for (const challenge of challenges.slice(first + done)) init.onVerdict(challenge, 'skipped')
    return
  }
}

/** Whether a peer gives a random block of a shard, with its proof. Rejects only with the signal's reason. */
export async function hasProved(
  context: ClientContext,
  { cid, manifest }: Pick<BlockChallenge, 'cid' | 'manifest'>,
  { shard, peer }: { readonly shard: number; readonly peer: PeerId },
  signal: AbortSignal
): Promise<boolean> {
  const block = Math.floor(context.random.unit() * new Layout(manifest).segments)
  let isProved = false
  await challengePeer(context, peer, [{ cid, manifest, shard, block }], {
    pace: UNLIMITED,
    signal,
    onVerdict: (_, verdict) => {
      isProved = verdict === 'passed'
    },
    onRead: () => {}
  })
  return isProved
}

/** @returns how many challenges of the batch have a verdict */
async function runBatch(
  context: ClientContext,
  peer: PeerId,
  batch: readonly BlockChallenge[],
  { signal, onVerdict, onRead }: ChallengeInit
): Promise<number> {
  const { settings } = context
  const wait = { timeoutMs: settings.readStallTimeoutMs, signal }
  let framed: FramedStream | undefined
  let done = 0
  try {
    framed = await openFramed(context, peer, GET_PROTOCOL, {
      timeoutMs: settings.openTimeoutMs,
      expectedBytes: batch.reduce((sum, challenge) => sum + bytesOf(challenge), 0),
      maxFrameBytes: MAX_GET_REPLY_BYTES,
      signal
    })
    let asked = 0
    while (done < batch.length) {
      for (; asked < Math.min(batch.length, done + WINDOW); asked++) {
        const { cid, shard, block } = batch[asked]
        await framed.writeMessage(GetRequest, { cid: cid.bytes.slice(), shard, first: block, count: 1 }, wait)
      }
      const reply = await framed.readMessage(GetReply, wait)
      if (reply === undefined) break
      const verdict = verdictOn(batch[done], reply)
      if (verdict === 'skipped') break
      onRead(reply.block?.data.byteLength ?? 0)
      onVerdict(batch[done++], verdict)
    }
    if (done === batch.length) void framed.finish(wait).finally(() => framed?.release())
    else endEarly(framed)
  } catch (error) {
    if (framed !== undefined) endEarly(framed)
    signal.throwIfAborted()
    survive(context, 'question', { peer, error })
  }
  return done
}

function endEarly(framed: FramedStream): void {
  framed.abort(new Error('the audit ends here'))
  framed.release()
}

function verdictOn(challenge: BlockChallenge, { status, block: answer }: GetReply): Verdict {
  switch (status) {
    case Status.OK:
      return isGenuine(challenge, answer) ? 'passed' : 'wrong'
    case Status.NOT_FOUND:
      return 'missing'
    case Status.CORRUPT:
      return 'damaged'
    case Status.REFUSED:
      // It has a shard of another length under this number.
      return 'wrong'
    default:
      return 'skipped'
  }
}

/** Whether an answer is the block that the manifest promises. */
export function isGenuine(
  { manifest, shard, block }: Pick<BlockChallenge, 'manifest' | 'shard' | 'block'>,
  answer: GetReply['block']
): boolean {
  const layout = new Layout(manifest)
  return (
    answer !== undefined &&
    answer.index === block &&
    answer.data.byteLength === layout.blockBytesAt(block) &&
    new AuditVerifier(manifest.roots[shard], layout.segments).verify(block, answer.data, answer.path)
  )
}

function bytesOf({ manifest, block }: BlockChallenge): number {
  return new Layout(manifest).blockBytesAt(block)
}

/** Challenges one peer for a manifest. Rejects only with the signal's reason. */
export async function challengeManifest(
  context: ClientContext,
  peer: PeerId,
  { cid, manifestBytes }: ManifestChallenge,
  { pace, signal }: Pick<ChallengeInit, 'pace' | 'signal'>
): Promise<Verdict> {
  await pace.take(manifestBytes, signal)
  try {
    const { manifest } = await context.objects.request(peer, { getManifest: cid.bytes.slice() }, signal)
    return isManifestOf(cid, manifest) ? 'passed' : 'wrong'
  } catch (error) {
    signal.throwIfAborted()
    if (isHologramError(error, 'REMOTE') && error.data.status === Status.NOT_FOUND) return 'missing'
    survive(context, 'question', { cid, peer, error })
    return 'skipped'
  }
}

function isManifestOf(cid: CID, bytes: Uint8Array): boolean {
  try {
    return equals(manifestCid(bytes).bytes, cid.bytes)
  } catch {
    // Not a manifest at all.
    return false
  }
}
