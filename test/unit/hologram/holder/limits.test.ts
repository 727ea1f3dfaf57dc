import { expect } from 'chai'
import { varint } from 'multiformats'
import {
  GetReply,
  GetRequest,
  ObjectReply,
  ObjectRequest,
  PutReply
} from '../../../../protocols/generated/object.js'
import {
  MAX_GET_REQUEST_BYTES,
  MAX_OBJECT_REQUEST_BYTES,
  MAX_PUT_FRAME_BYTES
} from '../../../../protocols/limits.ts'
import { codeOf, codedObject, noise, stalledStream } from '../support.ts'
import {
  getRequest,
  openUpload,
  sendBlocks,
  startHolder,
  startWithShard,
  WAIT,
  type Fixture
} from './fixture.ts'
import type { FramedStream } from '../../../../protocols/framing/index.ts'

const PROTOCOLS = ['put/1', 'get/1', 'object/1'] as const
const REPLIES = { 'put/1': PutReply, 'get/1': GetReply, 'object/1': ObjectReply }
const MAX_BYTES = {
  'put/1': MAX_PUT_FRAME_BYTES,
  'get/1': MAX_GET_REQUEST_BYTES,
  'object/1': MAX_OBJECT_REQUEST_BYTES
}

/** Sends bytes without a frame around them. */
function sendRaw(stream: FramedStream, bytes: Uint8Array): void {
  stream.stream.send(bytes)
}

function lengthPrefix(length: number): Uint8Array {
  return varint.encodeTo(length, new Uint8Array(varint.encodingLength(length)))
}

describe('holder: limits', () => {
  let fixture: Fixture

  afterEach(async () => fixture.stop())

  for (const protocol of PROTOCOLS) {
    const name = protocol.slice(0, -2) as 'put' | 'get' | 'object'

    it(`${protocol}: tells libp2p how many streams a connection may have`, async () => {
      fixture = await startHolder({
        settings: { [name]: { perConnection: 7, perPeer: () => 8, total: () => 9 } }
      })
      expect(fixture.mesh.handlers.get(fixture.mesh.protocol(protocol))?.maxInboundStreams).to.equal(7)
    })

    it(`${protocol}: answers BUSY to a peer with too many streams, and to all peers at the total limit`, async () => {
      fixture = await startHolder({
        settings: { [name]: { perConnection: 9, perPeer: () => 2, total: () => 3 } }
      })
      const { mesh, alice, bob } = fixture
      const open = [await mesh.dial(protocol, alice.peer), await mesh.dial(protocol, alice.peer)]
      const busy = async (stream: FramedStream) => {
        expect(await stream.readMessage<{ status: string }>(REPLIES[protocol], WAIT)).to.include({
          status: 'BUSY',
          retryAfterMs: 1000
        })
        expect(await stream.read(WAIT), 'and then the end').to.equal(undefined)
      }
      await busy(await mesh.dial(protocol, alice.peer))
      open.push(await mesh.dial(protocol, bob.peer))
      await busy(await mesh.dial(protocol, bob.peer))
      expect(fixture.holder.stats.streams[name]).to.deep.equal({ open: 3, limit: 3, turnedAway: 2 })
      for (const stream of open) stream.abort(new Error('enough'))
      await Promise.all(mesh.served)
      expect(fixture.holder.stats.streams[name].open).to.equal(0)
    })

    it(`${protocol}: refuses a message that is too long before it reads it`, async () => {
      fixture = await startHolder()
      const stream = await fixture.mesh.dial(protocol, fixture.bob.peer)
      sendRaw(stream, lengthPrefix(MAX_BYTES[protocol] + 1))
      expect(await stream.readMessage<{ status: string }>(REPLIES[protocol], WAIT)).to.include({
        status: 'REFUSED'
      })
    })

    it(`${protocol}: reads a message of the maximum length`, async () => {
      fixture = await startHolder()
      const stream = await fixture.mesh.dial(protocol, fixture.bob.peer)
      // a field that no message has, as long as can be
      const body = new Uint8Array(MAX_BYTES[protocol])
      const length = lengthPrefix(body.byteLength - 5)
      body.set([0x7a, ...length])
      const rest = body.subarray(0, 1 + length.byteLength + body.byteLength - 5)
      await stream.write([rest], WAIT)
      expect(await stream.readMessage<{ status: string }>(REPLIES[protocol], WAIT)).to.include({
        status: 'REFUSED'
      })
      expect(fixture.log).to.deep.equal([])
    })

    it(`${protocol}: drops a peer that opens a stream and sends nothing`, async () => {
      fixture = await startHolder({ settings: { idleTimeoutMs: 20, lingerMs: 20 } })
      await fixture.mesh.dial(protocol, fixture.bob.peer)
      await Promise.all(fixture.mesh.served)
      expect(fixture.holder.stats.streams[name].open).to.equal(0)
    })

    it(`${protocol}: drops a peer that sends a byte now and then`, async () => {
      fixture = await startHolder({ settings: { idleTimeoutMs: 30, lingerMs: 20 } })
      const stream = await fixture.mesh.dial(protocol, fixture.bob.peer)
      sendRaw(stream, lengthPrefix(100))
      const drip = setInterval(() => sendRaw(stream, Uint8Array.of(0x0a)), 5)
      stream.stream.addEventListener('close', () => clearInterval(drip))
      expect(await codeOf(async () => stream.read(WAIT))).to.equal('UNREACHABLE')
      await Promise.all(fixture.mesh.served)
      expect(fixture.holder.stats).to.include({ streamsCut: 1 })
    })
  }

  it('put/1: keeps the blocks of a stalled putter, and accepts its next attempt', async () => {
    fixture = await startHolder({ settings: { idleTimeoutMs: 20, lingerMs: 20 } })
    const object = codedObject()
    const { stream } = await openUpload(fixture, object, 0)
    await sendBlocks(stream, object.shards[0].slice(0, 2))
    await Promise.all(fixture.mesh.served)
    expect(fixture.holdings.openUploads).to.equal(0)
    expect((await openUpload(fixture, object, 0)).reply.blocksHeld).to.equal(2)
  })

  it('put/1: an endless shard ends at the quota, and its sender is dropped', async () => {
    fixture = await startHolder({ holdings: { quotaBytes: 100_000 } })
    const { stream } = await openUpload(fixture, codedObject(), 0)
    const block = noise(1024)
    let sent = 0
    const code = await codeOf(async () => {
      for (;;) {
        await sendBlocks(stream, [block], sent++)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    expect(code).to.equal('UNREACHABLE')
    expect(fixture.holder.stats.bytesIn).to.equal(97 * 1024)
    expect(fixture.holder.stats.refused).to.deep.equal({ QUOTA: 1 })
  })

  it('get/1: drops a reader that sends requests and reads nothing', async () => {
    const settings = { idleTimeoutMs: 20, lingerMs: 20 }
    const started = await startWithShard({ settings })
    fixture = started
    const stream = await fixture.mesh.dial('get/1', fixture.bob.peer)
    stalledStream(fixture.mesh.inbound.at(-1)!)
    await stream.writeMessage(GetRequest, getRequest(started.object.cid, { count: 4 }), WAIT)
    await Promise.all(fixture.mesh.served)
    expect(fixture.holder.stats).to.include({ streamsCut: 1 })
    expect(fixture.holder.stats.streams.get.open).to.equal(0)
  })

  it('get/1: closes the stream of a reader that pauses, without a reset', async () => {
    fixture = await startWithShard({ settings: { idleTimeoutMs: 20 } })
    const stream = await fixture.mesh.dial('get/1', fixture.bob.peer)
    expect(await stream.read(WAIT)).to.equal(undefined)
  })

  it('get/1: a flood of requests waits in the stream, and backpressure slows the reader', async () => {
    const started = await startWithShard()
    fixture = started
    const stream = await fixture.mesh.dial('get/1', fixture.bob.peer)
    const inbound = fixture.mesh.inbound.at(-1)!
    stalledStream(inbound)
    const request = GetRequest.encode(getRequest(started.object.cid))
    const thousand = Buffer.concat(
      Array.from({ length: 1000 }, () => [lengthPrefix(request.byteLength), request]).flat()
    )
    while (inbound.readStatus !== 'paused') {
      sendRaw(stream, thousand)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(fixture.holder.stats.blocksOut).to.equal(0)
    stream.abort(new Error('the test is over'))
  })

  it('counts the work for peers: blocks and a commit written, blocks read, requests answered', async () => {
    const object = codedObject()
    const started = await startWithShard({}, object)
    fixture = started
    const get = await fixture.mesh.dial('get/1', fixture.bob.peer)
    await get.writeMessage(GetRequest, getRequest(object.cid, { first: 2, count: 2 }), WAIT)
    for (let i = 0; i < 2; i++) await get.read(WAIT)
    const ask = await fixture.mesh.dial('object/1', fixture.bob.peer)
    await ask.writeMessage(ObjectRequest, { status: object.cid.bytes }, WAIT)
    await ask.read(WAIT)
    const { work } = fixture.holder.stats
    expect(work.put.requests).to.equal(object.shards[0].length + 1)
    expect(work.get.requests).to.equal(2)
    expect(work.object.requests).to.equal(1)
    expect(work.put.busyMs).to.be.greaterThan(0)
  })

  it('counts only the bytes of blocks against the bandwidth caps', async () => {
    const taken = { up: [] as number[], down: [] as number[] }
    const object = codedObject()
    const started = await startWithShard(
      {
        up: { take: async (bytes) => void taken.up.push(bytes) },
        down: { take: async (bytes) => void taken.down.push(bytes) }
      },
      object
    )
    fixture = started
    const stream = await fixture.mesh.dial('get/1', fixture.bob.peer)
    await stream.writeMessage(GetRequest, getRequest(object.cid, { first: 2, count: 2 }), WAIT)
    for (let i = 0; i < 2; i++) await stream.read(WAIT)
    const sizes = object.shards[0].map(({ byteLength }) => byteLength)
    expect(taken).to.deep.equal({ up: sizes.slice(2, 4), down: sizes })
  })
})
