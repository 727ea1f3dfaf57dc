import { GetReply, GetRequest, Status } from '../../../protocols/generated/object.js'
import { isFramingError } from '../../../protocols/framing/index.ts'
import { encodeGetBlock } from '../wire/block-frame.ts'
import { decodeObjectCid } from '../records/cid.ts'
import { isHologramError } from '../errors.ts'
import { MAX_BLOCKS_PER_REQUEST, MAX_SHARDS } from '../../../protocols/limits.ts'
import { countRefusal, timed } from './context.ts'
import { nextRequest } from './next-request.ts'
import { OpenShard } from './open-shard.ts'
import { readAhead } from './read-ahead.ts'
import { isOwnFault, Refusal, refuse, replyHead } from './refusal.ts'
import type { CID } from 'multiformats/cid'
import type { FramedStream } from '../../../protocols/framing/index.ts'
import type { ShardReader } from '../holdings.ts'
import type { HolderContext } from './context.ts'

/**
 * One stream of get/1: requests are answered in their order, each with its blocks or with a status that ends it. A
 * damaged block is answered CORRUPT in its place, and the next blocks follow. Requests that are sent ahead wait in the
 * stream.
 */
export async function handleGet(
  context: HolderContext,
  framed: FramedStream,
  signal: AbortSignal
): Promise<void> {
  const wait = { timeoutMs: context.settings.idleTimeoutMs, signal }
  const shard = new OpenShard(context)
  try {
    for (;;) {
      const request = await nextRequest(framed, GetRequest, wait)
      if (request === undefined) return
      try {
        await admitted(context, request, async () => sendBlocks(context, framed, shard, request, signal))
      } catch (error) {
        if (signal.aborted || !endsOnlyItsRequest(error)) throw error
        const head = replyHead(error, context.settings.retryAfterMs())
        if (isOwnFault(error)) context.logger.warn('a block cannot be read', { shard: request.shard, error })
        countRefusal(context.counts, head.status)
        await framed.writeMessage(GetReply, head, wait)
      }
    }
  } finally {
    await shard.close()
  }
}

/** Runs `serve` if the controller lets the request in. @throws Refusal BUSY */
async function admitted(
  { steering, clock }: HolderContext,
  { background }: GetRequest,
  serve: () => Promise<number>
): Promise<void> {
  const entered = steering.enter(background)
  if (typeof entered !== 'function') throw new Refusal(Status.BUSY, entered.reason, entered.retryAfterMs)
  const startMs = clock.monotonicMs()
  let units = 0
  let failed = false
  try {
    units = await serve()
  } catch (error) {
    failed = isOwnFault(error)
    throw error
  } finally {
    entered({ units, tookMs: clock.monotonicMs() - startMs, failed })
  }
}

/** @returns how many blocks were sent */
async function sendBlocks(
  context: HolderContext,
  framed: FramedStream,
  shard: OpenShard,
  request: GetRequest,
  signal: AbortSignal
): Promise<number> {
  const { settings, up, counts, logger, clock, steering } = context
  const { reader, tree } = await shard.open(checkRequest(request), request.shard)
  const { first, count } = request
  if (first + count > reader.blocks) throw refuse(`the shard has ${reader.blocks} blocks`)
  const wait = { timeoutMs: settings.idleTimeoutMs, signal }
  const object = decodeObjectCid(request.cid)!.toString()
  let sent = 0
  const range = { first, count, depth: settings.readAheadBlocks, signal }
  for await (const { index, data } of readAhead(timedReader(context, reader), range)) {
    if (data === undefined) {
      logger.warn('a block is damaged', {
        cid: decodeObjectCid(request.cid),
        shard: request.shard,
        block: index
      })
      countRefusal(counts, Status.CORRUPT)
      await framed.writeMessage(GetReply, corruptBlock(index), wait)
      continue
    }
    const startMs = clock.monotonicMs()
    await up.take(data.byteLength, signal)
    const parts = encodeGetBlock({ index, data, path: await tree.auditPath(index) })
    await framed.write(parts, wait)
    steering.noteServed(object, data.byteLength, request.background, clock.monotonicMs() - startMs)
    sent++
    counts.blocksOut++
    counts.bytesOut += data.byteLength
  }
  return sent
}

/** Counts the time of each block that is read. */
function timedReader(context: HolderContext, reader: ShardReader): Pick<ShardReader, 'read'> {
  const { clock, steering } = context
  return {
    read: async (index, options) => {
      const startMs = clock.monotonicMs()
      const data = await timed(context, 'get', async () => reader.read(index, options))
      steering.noteDiskRead(clock.monotonicMs() - startMs)
      return data
    }
  }
}

function corruptBlock(index: number): GetReply {
  const none = new Uint8Array(0)
  const message = 'this block is damaged here'
  return { status: Status.CORRUPT, message, retryAfterMs: 0, block: { index, data: none, path: none } }
}

function checkRequest({ cid: bytes, shard, first, count }: GetRequest): CID {
  const cid = decodeObjectCid(bytes)
  if (cid === undefined) throw refuse('the request names no object id')
  if (shard >= MAX_SHARDS) throw refuse(`shards are numbered 0 to ${MAX_SHARDS - 1}`)
  if (count < 1 || count > MAX_BLOCKS_PER_REQUEST)
    throw refuse(`ask for 1 to ${MAX_BLOCKS_PER_REQUEST} blocks`)
  if (!Number.isSafeInteger(first)) throw refuse('the first block is out of range')
  return cid
}

/** A shard that is not here, and a disk that fails. Breaking the protocol, or the stream, ends all of it. */
function endsOnlyItsRequest(error: unknown): boolean {
  if (error instanceof Refusal) return error.status === Status.NOT_FOUND
  return !isHologramError(error) && !isFramingError(error)
}
