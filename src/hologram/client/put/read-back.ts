import type { PeerId } from '@libp2p/interface'
import { isFramingError } from '../../../../protocols/framing/index.ts'
import { GetReply, GetRequest, Status } from '../../../../protocols/generated/object.js'
import type { RandomSource } from '../../../clock/index.ts'
import { HologramError, isHologramError } from '../../errors.ts'
import { Layout } from '../../records/layout.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import { GET_PROTOCOL, MAX_GET_REPLY_BYTES } from '../../../../protocols/limits.ts'
import type { ClientContext } from '../context.ts'
import { AuditVerifier } from '../get/audit-verifier.ts'
import { survive } from '../survive.ts'
import { noReply, openFramed, remoteError } from '../wire/streams.ts'
import { whenFree } from '../wire/when-free.ts'
import type { ShardOutcomes } from './fan-out.ts'
import type { FinishedObject } from './finished-object.ts'

/** Holders of a put that are asked for a block before it is called done. */
const SAMPLE_SHARDS = 3

/** Answers that belie an acknowledgement. */
const UNTRUE: ReadonlySet<Status> = new Set([Status.NOT_FOUND, Status.CORRUPT, Status.FAILED, Status.REFUSED])

/**
 * Reads a random block of a few random shards back, with its proof: an acknowledgement alone costs a liar nothing. A
 * holder that cannot give back what it has just acknowledged does not count; one that does not answer in time still does.
 */
export async function readBack(
  context: ClientContext,
  object: FinishedObject,
  outcomes: ShardOutcomes,
  signal: AbortSignal
): Promise<ShardOutcomes> {
  const { mesh, random } = context
  const others = outcomes.holders.filter(({ peer }) => !peer.equals(mesh.self))
  const failed = new Set<number>()
  await Promise.all(
    sampleOf(others, SAMPLE_SHARDS, random).map(async ({ shard, peer }) => {
      try {
        await readOne(context, object, { shard, peer }, signal)
      } catch (error) {
        signal.throwIfAborted()
        survive(context, 'read-back', { cid: object.cid, peer, shard, error })
        if (!contradicts(error)) return
        mesh.observe(peer, 'lied')
        failed.add(shard)
      }
    })
  )
  const reason = 'its holder acknowledged it and cannot give it back'
  return {
    holders: outcomes.holders.filter(({ shard }) => !failed.has(shard)),
    missing: [...outcomes.missing, ...[...failed].map((shard) => ({ shard, reason }))]
  }
}

/** One random block of a shard. @throws HologramError, FramingError */
async function readOne(
  context: ClientContext,
  { cid, manifest }: FinishedObject,
  { shard, peer }: ShardHolder,
  signal: AbortSignal
): Promise<void> {
  const { mesh, clock, random, settings, lines } = context
  const layout = new Layout(manifest)
  const first = Math.floor(random.unit() * layout.segments)
  const wait = { timeoutMs: settings.openTimeoutMs, clock, signal }
  const reply = await whenFree(async () => {
    const framed = await openFramed({ mesh, clock, line: lines.get }, peer, GET_PROTOCOL, {
      expectedBytes: layout.blockBytesAt(first),
      ...wait,
      maxFrameBytes: MAX_GET_REPLY_BYTES
    })
    try {
      await framed.writeMessage(GetRequest, { cid: cid.bytes.slice(), shard, first, count: 1 }, wait)
      const answer = await framed.readMessage(GetReply, wait)
      if (answer === undefined) throw noReply(peer)
      if (answer.status !== Status.OK) throw remoteError(peer, answer)
      void framed.finish(wait)
      return answer
    } catch (error) {
      framed.abort(error as Error)
      framed.release()
      throw error
    }
  }, wait)
  const { block } = reply
  const isGenuine =
    block !== undefined &&
    block.index === first &&
    block.data.byteLength === layout.blockBytesAt(first) &&
    new AuditVerifier(manifest.roots[shard], layout.segments).verify(first, block.data, block.path)
  if (!isGenuine) throw corrupt(peer, shard)
}

/** The holder answered, and the answer is not what it acknowledged. */
function contradicts(error: unknown): boolean {
  if (isHologramError(error, 'REMOTE')) {
    return UNTRUE.has(error.data.status)
  }
  return isHologramError(error, 'CORRUPT') || isFramingError(error, 'PROTOCOL')
}

function corrupt(peer: PeerId, shard: number): HologramError<'CORRUPT'> {
  const what = `shard ${shard}`
  return new HologramError('CORRUPT', `${peer.toString()} gave back another block of ${what}`, {
    what,
    peer: peer.toString()
  })
}

/** `count` of `items`, each as likely as any other. */
function sampleOf<T>(items: readonly T[], count: number, random: RandomSource): T[] {
  const left = [...items]
  const sample: T[] = []
  while (left.length > 0 && sample.length < count) {
    sample.push(...left.splice(Math.floor(random.unit() * left.length), 1))
  }
  return sample
}
