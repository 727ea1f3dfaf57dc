import { expect } from 'chai'
import { leafHash } from '../../../../encoder/index.ts'
import { PutReply } from '../../../../protocols/generated/object.js'
import { encodeManifest, manifestCid } from '../../../../src/hologram/records/manifest.ts'
import {
  codeOf,
  codedObject,
  DAY_MS,
  inlineManifest,
  leaseOn,
  noise,
  NOW_MS,
  OTHER_NETWORK,
  sha256
} from '../support.ts'
import {
  commit,
  openUpload,
  putShard,
  sendBlocks,
  sendPut,
  startHolder,
  WAIT,
  type Fixture
} from './fixture.ts'

describe('holder: put/1', () => {
  const object = codedObject()
  const blocks = object.shards[1]
  let fixture: Fixture
  let lease: Uint8Array

  beforeEach(async () => {
    fixture = await startHolder()
    lease = await leaseOn(object.cid, fixture.alice)
  })

  afterEach(async () => fixture.stop())

  const held = () => [...fixture.holdings.shards.keys()]
  const uploadsClosed = async () => {
    await Promise.all(fixture.mesh.served)
    expect(fixture.holdings.openUploads).to.equal(0)
  }

  it('stores a shard with its manifest and lease', async () => {
    const { stream, reply } = await openUpload(fixture, object, 1)
    expect(reply).to.include({ status: 'OK', blocksHeld: 0 })
    await sendBlocks(stream, blocks)
    expect(await commit(stream, object.bytes, lease)).to.include({ status: 'OK' })
    void stream.close(WAIT)
    await uploadsClosed()
    expect(held()).to.deep.equal([`${object.cid.toString()} 1`])
    expect(await fixture.holdings.getManifest(object.cid)).to.deep.equal(object.bytes)
    const [kept] = await fixture.holdings.leases(object.cid)
    expect(kept).to.deep.include({ lessee: fixture.alice.peer.toString(), sequence: 1n, tombstone: false })
    expect(fixture.holder.stats).to.deep.include({ shardsCommitted: 1, blocksIn: blocks.length, refused: {} })
  })

  it('drops the blocks of an upload that its putter abandons', async () => {
    const { stream } = await openUpload(fixture, object, 1)
    await sendBlocks(stream, blocks.slice(0, 2))
    await sendPut(stream, { abandon: true })
    expect(await stream.readMessage(PutReply, WAIT)).to.include({ status: 'OK' })
    await stream.close(WAIT)
    await uploadsClosed()
    const again = await openUpload(fixture, object, 1)
    expect(again.reply).to.include({ status: 'OK', blocksHeld: 0 })
    again.stream.abort(new Error('the test is over'))
  })

  it('records that an upload cannot be resumed', async () => {
    const stream = await fixture.mesh.dial('put/1', fixture.alice.peer)
    const seed = Uint8Array.from(object.manifest.seed)
    await sendPut(stream, { open: { seed, shard: 1, expectedBytes: 0, oneShot: true } })
    expect(await stream.readMessage(PutReply, WAIT)).to.include({ status: 'OK' })
    expect(fixture.holdings.oneShots.size).to.equal(1)
    const other = await openUpload(fixture, object, 2)
    expect(fixture.holdings.oneShots.size).to.equal(1)
    for (const open of [stream, other.stream]) open.abort(new Error('the test is over'))
  })

  it('reports which lease is kept after it has stored a shard', async () => {
    const first = await putShard(fixture, object, 0)
    expect(fixture.holder.stats.shardsRepeated).to.equal(0)
    const kept = await leaseOn(object.cid, fixture.alice)
    expect(Buffer.compare(first.lease, kept)).to.equal(0)
    const newer = await leaseOn(object.cid, fixture.alice, { sequence: 5n })
    await fixture.holder.answer({ putLease: Uint8Array.from(newer) })
    const second = await putShard(fixture, object, 0)
    expect(second.status).to.equal('OK')
    expect(fixture.holder.stats).to.include({ shardsCommitted: 2, shardsRepeated: 1 })
    expect(Buffer.compare(second.lease, newer)).to.equal(0)
  })

  it('stores the shards of an object of several layers', async () => {
    const tensor = codedObject({
      layers: [
        { k: 1, length: 500 },
        { k: 3, length: 4000 }
      ]
    })
    expect(await putShard(fixture, tensor, 3)).to.include({ status: 'OK' })
  })

  it('keeps the lease before it commits, so that nothing can collect the shard in between', async () => {
    const order: string[] = []
    const { holdings } = fixture
    const [openUploadOf, putLease] = [holdings.openUpload.bind(holdings), holdings.putLease.bind(holdings)]
    holdings.putLease = async (...args) => (order.push('lease'), putLease(...args))
    holdings.openUpload = async (...args) => {
      const upload = await openUploadOf(...args)
      return { ...upload, commit: async (...rest) => (order.push('commit'), upload.commit(...rest)) }
    }
    await putShard(fixture, object, 0)
    expect(order).to.deep.equal(['lease', 'commit'])
  })

  it('keeps the blocks that have arrived when the stream breaks, and resumes there', async () => {
    const first = await openUpload(fixture, object, 1)
    await sendBlocks(first.stream, blocks.slice(0, 2))
    await first.stream.close(WAIT)
    await uploadsClosed()
    const { stream, reply } = await openUpload(fixture, object, 1)
    expect(reply.blocksHeld).to.equal(2)
    expect([...reply.heldDigest]).to.deep.equal([...sha256(Buffer.concat(blocks.slice(0, 2).map(leafHash)))])
    await sendBlocks(stream, blocks.slice(2), 2)
    expect(await commit(stream, object.bytes, lease)).to.include({ status: 'OK' })
    expect(fixture.holder.stats.blocksIn).to.equal(blocks.length)
  })

  it('commits held blocks without another block', async () => {
    const first = await openUpload(fixture, object, 1)
    await sendBlocks(first.stream, blocks)
    await first.stream.close(WAIT)
    await uploadsClosed()
    const { stream } = await openUpload(fixture, object, 1)
    expect(await commit(stream, object.bytes, lease)).to.include({ status: 'OK' })
  })

  it('starts over when the sender does', async () => {
    const first = await openUpload(fixture, object, 1)
    await sendBlocks(first.stream, [noise(256, 9), noise(256, 8)])
    await first.stream.close(WAIT)
    await uploadsClosed()
    const { stream, reply } = await openUpload(fixture, object, 1)
    expect(reply.blocksHeld).to.equal(2)
    await sendBlocks(stream, blocks)
    expect(await commit(stream, object.bytes, lease)).to.include({ status: 'OK' })
    expect(fixture.holdings.shards.get(`${object.cid.toString()} 1`)?.blocks).to.deep.equal(blocks)
  })

  it('keeps the uploads of different putters apart', async () => {
    const alices = await openUpload(fixture, object, 1)
    await sendBlocks(alices.stream, [noise(256, 9)])
    const bobs = await openUpload(fixture, object, 1, { putter: fixture.bob })
    expect(bobs.reply).to.include({ status: 'OK', blocksHeld: 0 })
    const again = await openUpload(fixture, object, 1)
    expect(again.reply).to.include({ status: 'BUSY', retryAfterMs: 1000 })
  })

  describe('refuses', () => {
    /** The answer to a commit after the given blocks. */
    async function answerTo(
      given: readonly Uint8Array[],
      manifest: Uint8Array,
      signedLease: Uint8Array,
      shard = 1
    ): Promise<PutReply> {
      const { stream } = await openUpload(fixture, object, shard)
      await sendBlocks(stream, given)
      const reply = await commit(stream, manifest, signedLease)
      await uploadsClosed()
      return reply
    }

    async function refused(reply: PutReply, message: RegExp, status = 'REFUSED') {
      expect(reply).to.include({ status })
      expect(reply.message).to.match(message)
      expect(held()).to.deep.equal([])
    }

    it('blocks that do not match the root of the shard', async () => {
      const swapped = [blocks[1], blocks[0], ...blocks.slice(2)]
      await refused(await answerTo(swapped, object.bytes, lease), /Merkle root/)
      const flipped = blocks.map((block) => Uint8Array.from(block))
      flipped[2][7] ^= 1
      await refused(await answerTo(flipped, object.bytes, lease), /Merkle root/)
      await refused(await answerTo(object.shards[2], object.bytes, lease), /Merkle root/)
    })

    it('too few blocks, too many, and blocks of other sizes than the layout gives', async () => {
      await refused(await answerTo(blocks.slice(0, -1), object.bytes, lease), /has 4 blocks, not 3/)
      await refused(await answerTo([...blocks, noise(64)], object.bytes, lease), /has 4 blocks, not 5/)
      const otherSizes = [...blocks.slice(0, 3), noise(128)]
      await refused(await answerTo(otherSizes, object.bytes, lease), /another size/)
    })

    it('held blocks whose sizes do not add up', async () => {
      const first = await openUpload(fixture, object, 1)
      await sendBlocks(first.stream, [noise(64), noise(256)])
      await first.stream.close(WAIT)
      await uploadsClosed()
      const { stream } = await openUpload(fixture, object, 1)
      await sendBlocks(stream, blocks.slice(2), 2)
      await refused(await commit(stream, object.bytes, lease), /bytes, not/)
    })

    it('a manifest of another object, without that shard, without any, or malformed', async () => {
      const other = codedObject({ seed: 2 })
      const otherLease = await leaseOn(other.cid, fixture.alice)
      await refused(await answerTo(other.shards[1], other.bytes, otherLease), /another seed/)
      const { shards } = codedObject({ n: 6 })
      await refused(await answerTo(shards[5], object.bytes, lease, 5), /no shard 5/)
      const inline = encodeManifest(inlineManifest(noise(10)))
      await refused(
        await answerTo(blocks, inline, await leaseOn(manifestCid(inline), fixture.alice)),
        /inline/
      )
      await refused(await answerTo(blocks, object.bytes.subarray(1), lease), /manifest/)
    })

    it('a lease that is missing, expired, unsigned, a tombstone, or on another object', async () => {
      const { alice } = fixture
      await refused(await answerTo(blocks, object.bytes, new Uint8Array(0)), /lease/)
      const expired = await leaseOn(object.cid, alice, { expiresAtMs: NOW_MS - 1 })
      await refused(await answerTo(blocks, object.bytes, expired), /expired/)
      const unsigned = Uint8Array.from(lease)
      unsigned[unsigned.length - 1] ^= 1
      await refused(await answerTo(blocks, object.bytes, unsigned), /signed/)
      const tombstone = await leaseOn(object.cid, alice, { tombstone: true })
      await refused(await answerTo(blocks, object.bytes, tombstone), /tombstone/)
      const elsewhere = await leaseOn(codedObject({ seed: 3 }).cid, alice)
      await refused(await answerTo(blocks, object.bytes, elsewhere), /another object/)
    })

    it('a lease of another network, by that name', async () => {
      const foreign = await leaseOn(object.cid, fixture.alice, { network: OTHER_NETWORK })
      await refused(await answerTo(blocks, object.bytes, foreign), /another network/, 'WRONG_NETWORK')
    })

    it('a lease that its lessee has ended', async () => {
      await putShard(fixture, object, 0)
      const tombstone = await leaseOn(object.cid, fixture.alice, { sequence: 5n, tombstone: true })
      expect(await fixture.holder.answer({ putLease: Uint8Array.from(tombstone) })).to.include({
        status: 'OK'
      })
      expect(await putShard(fixture, object, 1)).to.include({
        status: 'REFUSED',
        message: 'this lessee has said otherwise since'
      })
      const newer = await leaseOn(object.cid, fixture.alice, {
        sequence: 6n,
        expiresAtMs: NOW_MS + 2 * DAY_MS
      })
      const { stream } = await openUpload(fixture, object, 2)
      await sendBlocks(stream, object.shards[2])
      expect(await commit(stream, object.bytes, newer)).to.include({ status: 'OK' })
    })
  })

  describe('ends the stream after', () => {
    /** The refusal of what is sent after a good PutOpen. */
    async function refusalOf(
      send: (stream: Awaited<ReturnType<typeof openUpload>>['stream']) => Promise<void>
    ) {
      const { stream } = await openUpload(fixture, object, 1)
      await send(stream)
      const reply = await stream.readMessage(PutReply, WAIT)
      await uploadsClosed()
      return reply
    }
    const block = (index: number, data: Uint8Array, path = new Uint8Array(0)) => ({
      block: { index, data: Uint8Array.from(data), path }
    })

    it('a gap, a repetition, or a beginning that is neither 0 nor what is held', async () => {
      for (const index of [1, 2, 1000]) {
        const reply = await refusalOf(async (stream) => {
          await sendPut(stream, block(0, blocks[0]))
          await sendPut(stream, block(index === 1 ? 0 : index, blocks[1]))
        })
        expect(reply).to.include({ status: 'REFUSED' })
      }
      expect(await refusalOf(async (stream) => sendPut(stream, block(7, blocks[1])))).to.include({
        status: 'REFUSED'
      })
    })

    it('a block that is empty, too long, of an odd length, or with a path', async () => {
      for (const size of [0, 1, 63, 65, 2 ** 20 + 64]) {
        const reply = await refusalOf(async (stream) => sendPut(stream, block(0, new Uint8Array(size))))
        expect(reply, `${size}`).to.include({ status: 'REFUSED' })
      }
      const withPath = await refusalOf(async (stream) =>
        sendPut(stream, block(0, blocks[0], new Uint8Array(32)))
      )
      expect(withPath).to.include({ status: 'REFUSED' })
    })

    it('a second open, and an empty frame', async () => {
      const open = { open: { seed: new Uint8Array(32), shard: 0, expectedBytes: 0 } }
      expect(await refusalOf(async (stream) => sendPut(stream, open))).to.include({ status: 'REFUSED' })
      expect(await refusalOf(async (stream) => sendPut(stream, {}))).to.include({ status: 'REFUSED' })
    })

    it('a bad open', async () => {
      const good = { seed: new Uint8Array(32), shard: 0, expectedBytes: 0 }
      for (const bad of [{ seed: new Uint8Array(31) }, { shard: 256 }]) {
        const stream = await fixture.mesh.dial('put/1', fixture.alice.peer)
        await sendPut(stream, { open: { ...good, ...bad } })
        expect(await stream.readMessage(PutReply, WAIT)).to.include({ status: 'REFUSED' })
      }
      const stream = await fixture.mesh.dial('put/1', fixture.alice.peer)
      await sendPut(stream, block(0, blocks[0]))
      expect(await stream.readMessage(PutReply, WAIT)).to.include({ status: 'REFUSED' })
    })
  })

  it('answers QUOTA when it is full: at once when the size is known, otherwise at the block', async () => {
    const small = await startHolder({ holdings: { quotaBytes: 300 } })
    const early = await openUpload(small, object, 1, { expectedBytes: 1000 })
    expect(early.reply).to.include({ status: 'QUOTA' })
    const { stream } = await openUpload(small, object, 1)
    await sendBlocks(stream, blocks.slice(0, 2))
    expect(await stream.readMessage(PutReply, WAIT)).to.include({ status: 'QUOTA' })
    expect(small.holder.stats.refused).to.deep.equal({ QUOTA: 2 })
    await small.stop()
  })

  it('does not reveal details of its own failures, and logs them', async () => {
    fixture.holdings.openUpload = async () => {
      throw new Error('EIO on /dev/sda1')
    }
    const { reply } = await openUpload(fixture, object, 1)
    expect(reply).to.include({ status: 'FAILED', message: 'the holder failed' })
    expect(fixture.log).to.deep.equal(['put/1 failed'])
  })

  it('has closed every upload when it has stopped', async () => {
    const { stream } = await openUpload(fixture, object, 1)
    await sendBlocks(stream, blocks.slice(0, 1))
    await fixture.stop()
    expect(fixture.holdings.openUploads).to.equal(0)
    expect(await codeOf(async () => stream.read(WAIT))).to.equal('UNREACHABLE')
    expect(fixture.mesh.handlers.size).to.equal(0)
  })
})
