import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { leafHash, verifyAuditPath } from '../../../../encoder/index.ts'
import { GetReply, GetRequest } from '../../../../protocols/generated/object.js'
import { Layout } from '../../../../src/hologram/records/layout.ts'
import { MAX_BLOCKS_PER_REQUEST } from '../../../../protocols/limits.ts'
import { codedObject, DAY_MS, leaseOn, stalledStream } from '../support.ts'
import { getRequest, readReply, startWithShard, WAIT } from './fixture.ts'
import type { FramedStream } from '../../../../protocols/framing/index.ts'

describe('holder: get/1', () => {
  const object = codedObject({ layers: [{ k: 2, length: 100 * 512 }] })
  const blocks = object.shards[0]
  let fixture: Awaited<ReturnType<typeof startWithShard>>
  let stream: FramedStream

  beforeEach(async () => {
    fixture = await startWithShard({}, object)
    stream = await fixture.mesh.dial('get/1', fixture.bob.peer)
  })

  afterEach(async () => {
    stream.abort(new Error('the test is over'))
    await fixture.stop()
  })

  const request = async (fields: Partial<GetRequest>) =>
    stream.writeMessage(GetRequest, getRequest(object.cid, fields), WAIT)

  function expectBlock(reply: GetReply | undefined, index: number): void {
    expect(reply).to.include({ status: 'OK' })
    expect(reply!.block!.index).to.equal(index)
    expect(Buffer.compare(reply!.block!.data, blocks[index])).to.equal(0)
  }

  it("serves blocks, each with its path to the shard's root", async () => {
    await request({ first: 3, count: 60 })
    const { segments } = new Layout(object.manifest)
    for (let index = 3; index < 63; index++) {
      const reply = await readReply(stream)
      expectBlock(reply, index)
      const { data, path } = reply!.block!
      expect(verifyAuditPath(object.manifest.roots[0], segments, index, leafHash(data), path)).to.equal(true)
    }
    await stream.close(WAIT)
    await Promise.all(fixture.mesh.served)
    expect(fixture.holder.stats).to.include({ blocksOut: 60, bytesOut: 60 * 256 })
  })

  it('caps what goes to the local network apart from what goes to the Internet', async () => {
    const taken = { local: 0, far: 0 }
    const counting = (where: keyof typeof taken) => ({
      take: async (bytes: number) => void (taken[where] += bytes)
    })
    const capped = await startWithShard({ up: counting('far'), upLocal: counting('local') }, object)
    for (const address of ['/ip4/192.168.1.9/tcp/1', '/ip4/203.0.113.7/tcp/1', '/ip4/10.0.0.7/tcp/1']) {
      const reader = await capped.mesh.dial('get/1', capped.bob.peer, address)
      await reader.writeMessage(GetRequest, getRequest(object.cid, { count: 2 }), WAIT)
      for (let i = 0; i < 2; i++) await readReply(reader)
      await reader.close(WAIT)
    }
    await capped.stop()
    expect(taken).to.deep.equal({ local: 4 * 256, far: 2 * 256 })
  })

  it('answers pipelined requests in order', async () => {
    for (const [first, count] of [
      [5, 2],
      [0, 1],
      [99, 1],
      [5, 1]
    ]) {
      await request({ first, count })
    }
    for (const index of [5, 6, 0, 99, 5]) expectBlock(await readReply(stream), index)
  })

  it('ends when the reader closes', async () => {
    await request({ first: 0 })
    expectBlock(await readReply(stream), 0)
    await stream.close(WAIT)
    expect(await readReply(stream)).to.equal(undefined)
    await Promise.all(fixture.mesh.served)
  })

  it('answers NOT_FOUND for another shard or object, and continues with the next request', async () => {
    await request({ shard: 1 })
    await stream.writeMessage(GetRequest, getRequest(codedObject({ seed: 2 }).cid), WAIT)
    await request({ first: 1 })
    expect(await readReply(stream)).to.include({ status: 'NOT_FOUND' })
    expect(await readReply(stream)).to.include({ status: 'NOT_FOUND' })
    expectBlock(await readReply(stream), 1)
  })

  it('answers NOT_FOUND once no lease keeps the object alive', async () => {
    fixture.passTime(DAY_MS)
    await request({})
    expect(await readReply(stream)).to.include({ status: 'NOT_FOUND' })
    const tombstone = await leaseOn(object.cid, fixture.alice, { sequence: 2n, tombstone: true })
    fixture.passTime(-DAY_MS)
    await fixture.holder.answer({ putLease: Uint8Array.from(tombstone) })
    await request({})
    expect(await readReply(stream)).to.include({ status: 'NOT_FOUND' })
  })

  it('answers CORRUPT for a block that its disk has lost, and continues with the next block', async () => {
    const held = fixture.holdings.shards.get(`${object.cid.toString()} 0`)!
    held.blocks[5][0] ^= 1
    await request({ first: 3, count: 4 })
    await request({ first: 5, count: 1 })
    for (const index of [3, 4, 5, 6, 5]) {
      const reply = await readReply(stream)
      if (index !== 5) expectBlock(reply, index)
      else {
        expect(reply).to.include({ status: 'CORRUPT' })
        expect(reply!.block).to.deep.include({ index: 5, data: new Uint8Array(0), path: new Uint8Array(0) })
      }
    }
    expect(fixture.log).to.deep.equal(['a block is damaged', 'a block is damaged'])
    expect(fixture.holder.stats.refused).to.deep.equal({ CORRUPT: 2 })
  })

  it('answers FAILED for a disk that fails, and continues with the next request', async () => {
    const { holdings } = fixture
    const openShard = holdings.openShard.bind(holdings)
    holdings.openShard = async (...args) => {
      const reader = (await openShard(...args))!
      return {
        ...reader,
        read: async (index, options) => {
          if (index === 5) throw new Error('the disk is gone')
          return await reader.read(index, options)
        }
      }
    }
    await request({ first: 4, count: 4 })
    await request({ first: 6, count: 1 })
    expectBlock(await readReply(stream), 4)
    expect(await readReply(stream)).to.include({ status: 'FAILED', message: 'the holder failed' })
    expectBlock(await readReply(stream), 6)
    expect(fixture.log).to.deep.equal(['a block cannot be read'])
  })

  it('answers FAILED instead of wrong paths when its leaf hashes are damaged', async () => {
    const held = fixture.holdings.shards.get(`${object.cid.toString()} 0`)!
    held.leaves[7][0] ^= 1
    await request({ first: 3 })
    expect(await readReply(stream)).to.include({ status: 'FAILED' })
  })

  it('refuses impossible requests, and ends the stream', async () => {
    const { segments } = new Layout(object.manifest)
    for (const wrong of [
      { count: 0 },
      { count: MAX_BLOCKS_PER_REQUEST + 1 },
      { first: segments },
      { first: segments - 1, count: 2 },
      { shard: 256 },
      { cid: new Uint8Array(36) },
      { cid: new Uint8Array(0) }
    ]) {
      const other = await fixture.mesh.dial('get/1', fixture.bob.peer)
      await other.writeMessage(GetRequest, getRequest(object.cid, wrong), WAIT)
      expect(await readReply(other), JSON.stringify(wrong)).to.include({ status: 'REFUSED' })
      expect(await readReply(other)).to.equal(undefined)
      await other.close(WAIT)
    }
  })

  it('serves a request of the maximum number of blocks', async () => {
    await request({ first: 0, count: MAX_BLOCKS_PER_REQUEST })
    for (let index = 0; index < MAX_BLOCKS_PER_REQUEST; index++) expectBlock(await readReply(stream), index)
  })

  it('does not read the disk for a reader that consumes nothing', async () => {
    let reads = 0
    const { holdings } = fixture
    const openShard = holdings.openShard.bind(holdings)
    holdings.openShard = async (...args) => {
      const reader = (await openShard(...args))!
      return { ...reader, read: async (...rest) => (reads++, reader.read(...rest)) }
    }
    stalledStream(fixture.mesh.inbound.at(-1)!)
    await request({ first: 0, count: 64 })
    expectBlock(await readReply(stream), 0)
    for (let turn = 0; turn < 50; turn++) await setImmediate()
    expect(reads).to.be.at.most(1 + 4)
  })
})
