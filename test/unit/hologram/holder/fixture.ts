import {
  GetReply,
  GetRequest,
  ObjectReply,
  ObjectRequest,
  PutFrame,
  PutReply
} from '../../../../protocols/generated/object.js'
import { systemClock } from '../../../../src/clock/index.ts'
import { encodePutBlock } from '../../../../src/hologram/wire/block-frame.ts'
import { Holder } from '../../../../src/hologram/holder/holder.ts'
import { FakeMesh } from '../fake-mesh.ts'
import { MemoryHoldings, type MemoryHoldingsInit } from '../memory-holdings.ts'
import { codedObject, leaseOn, NOW_MS, signer, type CodedObject } from '../support.ts'
import type { CID } from 'multiformats/cid'
import type { Signer } from '../../../../protocols/signed.ts'
import type { Bandwidth } from '../../../../src/hologram/wire/bandwidth.ts'
import type { FramedStream } from '../../../../protocols/framing/index.ts'
import type { Steering } from '../../../../src/hologram/steering.ts'
import type { HolderSettings } from '../../../../src/hologram/holder/settings.ts'

export const WAIT = { timeoutMs: 5000 }

export interface Fixture {
  readonly mesh: FakeMesh
  readonly holdings: MemoryHoldings
  readonly holder: Holder
  readonly alice: Signer
  readonly bob: Signer
  readonly log: string[]
  /** Moves the clock. */
  passTime: (ms: number) => void
  stop: () => Promise<void>
}

export interface FixtureInit {
  readonly settings?: Partial<HolderSettings>
  readonly holdings?: MemoryHoldingsInit
  readonly up?: Bandwidth
  readonly down?: Bandwidth
  readonly upLocal?: Bandwidth
  readonly steering?: Steering
}

/** A started holder, and two peers who may ask things of it. */
export async function startHolder(init: FixtureInit = {}): Promise<Fixture> {
  const [self, alice, bob] = await Promise.all([signer(100), signer(0), signer(1)])
  const mesh = new FakeMesh(self)
  const holdings = new MemoryHoldings(init.holdings)
  const log: string[] = []
  let nowMs = NOW_MS
  const holder = new Holder(
    {
      mesh,
      holdings,
      logger: { warn: (message) => void log.push(message), info: () => {}, debug: () => {} },
      clock: { ...systemClock, nowMs: () => nowMs },
      up: init.up,
      down: init.down,
      upLocal: init.upLocal,
      steering: init.steering
    },
    { lingerMs: 50, provideDelayMs: 0, ...init.settings }
  )
  await holder.start()
  const passTime = (ms: number) => void (nowMs += ms)
  return { mesh, holdings, holder, alice, bob, log, passTime, stop: async () => holder.stop() }
}

/** Opens an upload; the reply says what is held. */
export async function openUpload(
  { mesh, alice }: Pick<Fixture, 'mesh' | 'alice'>,
  object: CodedObject,
  shard: number,
  {
    putter = alice,
    expectedBytes = 0,
    copy
  }: { putter?: Signer; expectedBytes?: number; copy?: boolean } = {}
): Promise<{ stream: FramedStream; reply: PutReply }> {
  const stream = await mesh.dial('put/1', putter.peer)
  const seed = Uint8Array.from(object.manifest.seed)
  await sendPut(stream, { open: { seed, shard, expectedBytes, copy } })
  return { stream, reply: (await stream.readMessage(PutReply, WAIT))! }
}

export async function sendPut(stream: FramedStream, frame: PutFrame): Promise<void> {
  await stream.writeMessage(PutFrame, frame, WAIT)
}

export async function sendBlocks(
  stream: FramedStream,
  blocks: readonly Uint8Array[],
  first = 0
): Promise<void> {
  for (const [i, block] of blocks.entries()) await stream.write(encodePutBlock(first + i, block), WAIT)
}

export async function commit(
  stream: FramedStream,
  manifest: Uint8Array,
  lease: Uint8Array
): Promise<PutReply> {
  await sendPut(stream, { commit: { manifest: Uint8Array.from(manifest), lease: Uint8Array.from(lease) } })
  return (await stream.readMessage(PutReply, WAIT))!
}

/** Puts one shard from start to end. */
export async function putShard(
  fixture: Fixture,
  object: CodedObject,
  shard: number,
  options: { copy?: boolean } = {}
): Promise<PutReply> {
  const { stream } = await openUpload(fixture, object, shard, options)
  await sendBlocks(stream, object.shards[shard])
  const reply = await commit(stream, object.bytes, await leaseOn(object.cid, fixture.alice))
  await stream.close(WAIT)
  return reply
}

/** A holder that holds shard 0 of an object. */
export async function startWithShard(init: FixtureInit = {}, object = codedObject()) {
  const fixture = await startHolder(init)
  const reply = await putShard(fixture, object, 0)
  if (reply.status !== 'OK') throw new Error(`the put was answered ${reply.status}: ${reply.message}`)
  return { ...fixture, object }
}

export function getRequest(cid: CID, fields: Partial<GetRequest> = {}): GetRequest {
  return { cid: Uint8Array.from(cid.bytes), shard: 0, first: 0, count: 1, background: false, ...fields }
}

export async function readReply(stream: FramedStream): Promise<GetReply | undefined> {
  return await stream.readMessage(GetReply, WAIT)
}

/** One request of object/1, over a stream. */
export async function ask(
  { mesh, bob }: Pick<Fixture, 'mesh' | 'bob'>,
  request: Partial<ObjectRequest>
): Promise<ObjectReply> {
  const stream = await mesh.dial('object/1', bob.peer)
  await stream.write([ObjectRequest.encode(request)], WAIT)
  const reply = await stream.readMessage(ObjectReply, WAIT)
  await stream.close(WAIT)
  return reply!
}
