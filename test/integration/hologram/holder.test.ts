import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { leafHash, verifyAuditPath } from '../../../encoder/index.ts'
import {
  GetReply,
  GetRequest,
  ObjectReply,
  ObjectRequest,
  PutFrame,
  PutReply
} from '../../../protocols/generated/object.js'
import { encodePutBlock } from '../../../src/hologram/wire/block-frame.ts'
import { systemClock } from '../../../src/clock/index.ts'
import { FramedStream } from '../../../protocols/framing/index.ts'
import { Holder } from '../../../src/hologram/holder/holder.ts'
import { signLease } from '../../../src/hologram/records/lease.ts'
import { openStore } from '../../../src/store/index.ts'
import { eventually } from '../../support/eventually.ts'
import { overriding } from '../../support/cluster.ts'
import { TestNetwork } from '../../support/mesh.ts'
import { codeOf, codedObject, DAY_MS, noise, type CodedObject } from '../../unit/hologram/support.ts'
import type { Holdings } from '../../../src/hologram/holdings.ts'
import type { HolderSettings } from '../../../src/hologram/holder/settings.ts'
import type { Store } from '../../../src/store/index.ts'
import type { TestMesh } from '../../support/mesh.ts'

// One holder with a real store, and a peer who talks to it over TCP, noise and yamux.

const WAIT = { timeoutMs: 10_000 }
const owned = (bytes: Uint8Array) => Uint8Array.from(bytes)

describe('holder over TCP', () => {
  const network = new TestNetwork()
  let folder: string
  let store: Store
  let server: TestMesh
  let client: TestMesh
  let holder: Holder
  let warnings: string[]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thhe-holder-'))
    server = await network.join()
    client = await network.join({ lends: false })
  })

  beforeEach(async () => {
    store = await openStore({
      path: join(folder, `${Math.random()}`),
      quotaBytes: 2 ** 30,
      diskFloorBytes: 0
    })
    warnings = []
  })

  afterEach(async () => {
    await holder.stop()
    await store.close()
  })

  after(async () => {
    await network.stop()
    await rm(folder, { recursive: true })
  })

  async function startHolder(
    settings: Partial<HolderSettings> = {},
    holdings: Holdings = store
  ): Promise<void> {
    const logger = { warn: (message: string) => void warnings.push(message), info: () => {}, debug: () => {} }
    holder = new Holder(
      { mesh: server, holdings, logger, clock: systemClock },
      { lingerMs: 200, ...settings }
    )
    await holder.start()
  }

  async function dial(protocol: string): Promise<FramedStream> {
    const signal = AbortSignal.timeout(5000)
    const stream = await client.open(server.self, client.protocol(protocol), { signal })
    return new FramedStream(stream, { maxFrameBytes: 2 ** 22, clock: systemClock })
  }

  async function leaseOn(object: CodedObject): Promise<Uint8Array<ArrayBuffer>> {
    const lease = { cid: object.cid, sequence: 1n, expiresAtMs: Date.now() + DAY_MS, tombstone: false }
    return owned(
      await signLease(client.networkId, lease, { peer: client.self, sign: async (b) => client.sign(b) })
    )
  }

  async function openUpload(object: CodedObject, shard: number) {
    const stream = await dial('put/1')
    const open = { seed: owned(object.manifest.seed), shard, expectedBytes: 0 }
    await stream.writeMessage(PutFrame, { open }, WAIT)
    return { stream, reply: (await stream.readMessage(PutReply, WAIT))! }
  }

  async function commit(stream: FramedStream, object: CodedObject): Promise<PutReply> {
    const frame = { commit: { manifest: owned(object.bytes), lease: await leaseOn(object) } }
    await stream.writeMessage(PutFrame, frame, WAIT)
    return (await stream.readMessage(PutReply, WAIT))!
  }

  async function put(object: CodedObject, shard: number): Promise<PutReply> {
    const { stream } = await openUpload(object, shard)
    for (const [i, block] of object.shards[shard].entries())
      await stream.write(encodePutBlock(i, block), WAIT)
    const reply = await commit(stream, object)
    await stream.close(WAIT)
    return reply
  }

  /** 64 KiB blocks. */
  const large = (blocks: number) =>
    codedObject({ n: 1, blockBytes: 65536, layers: [{ k: 1, length: blocks * 65536 - 100 }] })

  it('stores a shard and serves each block with its audit path', async () => {
    await startHolder()
    const object = large(100)
    expect(await put(object, 0)).to.include({ status: 'OK' })
    const stream = await dial('get/1')
    for (const [first, count] of [
      [0, 64],
      [64, 36]
    ]) {
      await stream.writeMessage(GetRequest, { cid: owned(object.cid.bytes), shard: 0, first, count }, WAIT)
    }
    for (let index = 0; index < 100; index++) {
      const { block } = (await stream.readMessage(GetReply, WAIT))!
      expect(block!.index).to.equal(index)
      expect(Buffer.compare(block!.data, object.shards[0][index])).to.equal(0)
      const { roots } = object.manifest
      expect(verifyAuditPath(roots[0], 100, index, leafHash(block!.data), block!.path)).to.equal(true)
    }
    await stream.close(WAIT)
  })

  it('slows a putter down while its disk is slow, and stores the whole shard', async () => {
    let openGate: (() => void) | undefined
    const gate = new Promise<void>((resolve) => (openGate = resolve))
    const slow = overriding<Holdings>(store, {
      openUpload: async (...args) => {
        const upload = await store.openUpload(...args)
        return overriding(upload, {
          append: async (block, leaf) => {
            await gate
            await upload.append(block, leaf)
          }
        })
      }
    })
    await startHolder({}, slow)
    const object = large(400)
    const { stream } = await openUpload(object, 0)
    let written = 0
    const writing = (async () => {
      for (const [i, block] of object.shards[0].entries()) {
        await stream.write(encodePutBlock(i, block), WAIT)
        written++
      }
    })()
    await eventually('the putter to be held back', () => stream.stream.writeBufferLength > 0)
    expect(written * 65536, 'far from all of 25 MiB').to.be.below(20 * 2 ** 20)
    openGate!()
    await writing
    expect(await commit(stream, object)).to.include({ status: 'OK' })
    await stream.close(WAIT)
  })

  it('reads ahead only as far as the reader consumes, and resets a reader that consumes nothing', async () => {
    await startHolder()
    const object = large(128)
    await put(object, 0)
    await holder.stop()
    await startHolder({ idleTimeoutMs: 300 })
    const stream = await dial('get/1')
    stream.stream.pause()
    const requests = Array.from({ length: 2 }, (_, i) =>
      GetRequest.encode({ cid: owned(object.cid.bytes), shard: 0, first: i * 64, count: 64 })
    )
    stream.stream.send(Buffer.concat(requests.map((bytes) => Buffer.of(bytes.byteLength, ...bytes))))
    await eventually('the reader to be cut off', () => holder.stats.streamsCut > 0)
    expect(holder.stats.blocksOut).to.be.below(64)
    stream.abort(new Error('the test is over'))
  })

  it('keeps the blocks that have arrived when the connection breaks', async () => {
    await startHolder()
    const object = large(20)
    const { stream } = await openUpload(object, 0)
    for (let i = 0; i < 10; i++) await stream.write(encodePutBlock(i, object.shards[0][i]), WAIT)
    await eventually('ten blocks', () => holder.stats.blocksIn === 10)
    for (const connection of client.host.getConnections()) connection.abort(new Error('the cable is cut'))
    await eventually('the upload to be let go', () => holder.stats.streams.put.open === 0)
    const again = await openUpload(object, 0)
    expect(again.reply.blocksHeld).to.equal(10)
    for (let i = 10; i < 20; i++) await again.stream.write(encodePutBlock(i, object.shards[0][i]), WAIT)
    expect(await commit(again.stream, object)).to.include({ status: 'OK' })
    await again.stream.close(WAIT)
  })

  it('lets libp2p reset streams beyond the limit of a connection, and continues', async () => {
    await startHolder({ object: { perConnection: 5, perPeer: () => 100, total: () => 100 } })
    const streams = []
    let reset = 0
    for (let i = 0; i < 12; i++) {
      try {
        const stream = await dial('object/1')
        streams.push(stream)
        await stream.write([ObjectRequest.encode({}).subarray(0, 0)], WAIT)
      } catch {
        reset++
      }
    }
    for (const stream of streams) {
      const code = await codeOf(async () => {
        for (;;) if ((await stream.read({ timeoutMs: 300 })) === undefined) throw new Error('closed')
      }).catch(() => 'answered')
      if (code === 'UNREACHABLE') reset++
      stream.abort(new Error('enough'))
    }
    expect(reset).to.be.at.least(12 - 5)
    await eventually('all streams to be over', () => holder.stats.streams.object.open === 0)
    const stream = await dial('object/1')
    await stream.writeMessage(ObjectRequest, { status: owned(large(2).cid.bytes) } as ObjectRequest, WAIT)
    expect(await stream.readMessage(ObjectReply, WAIT)).to.include({ status: 'NOT_FOUND' })
    await stream.close(WAIT)
  })

  it('survives random bytes on each of its protocols', async () => {
    await startHolder({ idleTimeoutMs: 200, lingerMs: 20 })
    const object = codedObject()
    await put(object, 0)
    const held = async () => ({
      shards: await store.shardsOf(object.cid),
      usage: (await store.usage()).usedBytes
    })
    const before = await held()
    const protocol = fc.constantFrom('put/1', 'get/1', 'object/1')
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .array(fc.constantFrom(0, 1, 0x0a, 0x7f, 0x80, 0xff), { maxLength: 12 })
        .map((list) => Uint8Array.from(list)),
      fc.nat(60000).map((size) => noise(size)),
      fc.uint8Array({ maxLength: 127 }).map((body) => Uint8Array.of(body.byteLength, ...body))
    )
    await fc.assert(
      fc.asyncProperty(protocol, bytes, fc.boolean(), async (protocol, bytes, closes) => {
        const stream = await dial(protocol)
        stream.stream.send(bytes)
        if (closes) await stream.close(WAIT)
        else stream.abort(new Error('gone'))
        const { put, get, object } = holder.stats.streams
        expect(put.open + get.open + object.open).to.be.at.most(60)
      }),
      { numRuns: 150 }
    )
    const busy = () => Object.values(holder.stats.streams).some(({ open }) => open > 0)
    await eventually('all streams to be over', () => !busy())
    expect(await held()).to.deep.equal(before)
    expect(warnings).to.deep.equal([])
    expect(await put(object, 1)).to.include({ status: 'OK' })
  })
})
