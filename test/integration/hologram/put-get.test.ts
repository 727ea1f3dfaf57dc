import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import { eventually } from '../../support/eventually.ts'

const BLOCK = 65536

describe('hologram: put and get', () => {
  let cluster: Cluster

  before(async () => {
    cluster = await Cluster.start(9, { k: 3, n: 6 })
  })

  after(async () => cluster.stop())

  const roundTrip = async (bytes: Uint8Array, code: { k?: number; n?: number } = {}): Promise<void> => {
    const [putter, , , , , , , , getter] = cluster.peers
    const { cid } = await putter.hologram.put(chunked(bytes), code)
    const { bytes: read } = await getter.hologram.get(cid)
    expect(Buffer.compare(await collect(read), bytes)).to.equal(0)
  }

  const segment = 3 * BLOCK
  const sizes = [
    0,
    1,
    63,
    BLOCK - 1,
    BLOCK,
    BLOCK + 1,
    segment - 1,
    segment,
    segment + 1,
    2 * segment + 7,
    20 * segment + 65
  ]
  for (const size of sizes) {
    it(`returns ${size} bytes`, async () => {
      await roundTrip(randomObject(size))
    })
  }

  for (const { k, n } of [
    { k: 1, n: 1 },
    { k: 1, n: 4 },
    { k: 2, n: 2 },
    { k: 5, n: 7 },
    { k: 7, n: 9 }
  ]) {
    it(`codes ${k} of ${n}`, async () => {
      await roundTrip(randomObject(3 * k * BLOCK + 12_345), { k, n })
      await roundTrip(randomObject(k * BLOCK + 1), { k, n })
    })
  }

  for (const size of [100, 2 * segment]) {
    it(`has exactly three homes announce an object of ${size} bytes`, async () => {
      const { cid } = await cluster.peers[1].hologram.put(chunked(randomObject(size)))
      const announcers = () => cluster.network.providers.get(cid.toString())?.size ?? 0
      await eventually('three announcements', () => announcers() >= 3)
      // A holder notes down what it announces before it answers the put, and begins at once: a fourth would be on its way.
      for (let turn = 0; turn < 50; turn++) await setImmediate()
      expect(announcers()).to.equal(3)
    })
  }

  it('reports which peer stores what, and how many may be lost', async () => {
    const bytes = randomObject(2 * segment)
    const progress: number[] = []
    const result = await cluster.peers[2].hologram.put(chunked(bytes), {
      onProgress: ({ readBytes }) => progress.push(readBytes)
    })
    expect(result.stored).to.have.length(6)
    expect(new Set(result.stored.map(({ peer }) => peer.toString())).size).to.equal(6)
    expect(result.missing).to.deep.equal([])
    expect(result.tolerates).to.equal(3)
    expect(result.codedBytes).to.equal(6 * 2 * BLOCK)
    expect(progress.at(-1)).to.equal(bytes.byteLength)
    const stat = await cluster.peers[5].hologram.stat(result.cid)
    expect(stat.live).to.equal(6)
    expect(stat.spare).to.equal(3)
    expect(stat.overhead).to.equal(2)
    expect(stat.leases.map(({ lessee }) => lessee)).to.deep.equal([cluster.peers[2].mesh.self.toString()])
    expect(stat.shards.map(({ peer }) => peer?.toString())).to.deep.equal(
      result.stored.map(({ peer }) => peer.toString())
    )
  })

  it('gives the same bytes the same id, and a second put changes nothing', async () => {
    const bytes = randomObject(segment + 5)
    const first = await cluster.peers[0].hologram.put(chunked(bytes))
    const second = await cluster.peers[3].hologram.put(chunked(bytes, 777))
    expect(second.cid.toString()).to.equal(first.cid.toString())
    expect(await collect((await cluster.peers[8].hologram.get(first.cid)).bytes)).to.have.length(bytes.length)
  })

  it('lists what was put, with its name', async () => {
    const { cid } = await cluster.peers[7].hologram.put(chunked(randomObject(10)), {
      name: 'ten bytes',
      sealed: true
    })
    const listed = []
    for await (const object of cluster.peers[7].hologram.list()) listed.push(object)
    expect(listed).to.have.length(1)
    expect(listed[0]).to.include({ name: 'ten bytes', sizeBytes: 10, sealed: true, missing: 0 })
    expect(listed[0].cid.equals(cid)).to.equal(true)
  })

  it('reads any range and fetches only the segments of it', async () => {
    const bytes = randomObject(7 * segment + 4321)
    const { cid } = await cluster.peers[1].hologram.put(chunked(bytes))
    const getter = cluster.peers[6].hologram
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), async (a, b) => {
        const range = { start: Math.min(a, b), end: Math.max(a, b) }
        const read = await collect((await getter.get(cid, { range })).bytes)
        expect(Buffer.compare(read, bytes.subarray(range.start, range.end))).to.equal(0)
      }),
      { numRuns: 40 }
    )
    const blocksBefore = blocksHandedOut(cluster)
    await collect((await getter.get(cid, { range: { start: segment, end: segment + 10 } })).bytes)
    expect(blocksHandedOut(cluster) - blocksBefore).to.be.at.most(6)
  })

  it('refuses a range outside the object', async () => {
    for (const size of [10, segment + 1]) {
      const { cid } = await cluster.peers[1].hologram.put(chunked(randomObject(size)))
      for (const range of [
        { start: 0, end: size + 1 },
        { start: 5, end: 4 },
        { start: -1, end: 4 }
      ]) {
        const error = await cluster.peers[0].hologram.get(cid, { range }).catch((thrown: unknown) => thrown)
        expect(error).to.include({ code: 'BAD_RANGE' })
      }
    }
  })

  it('removes an object: no peer serves it any more, and its bytes are collected', async () => {
    const { cid } = await cluster.peers[4].hologram.put(chunked(randomObject(segment)))
    const { confirmed, unreachable } = await cluster.peers[4].hologram.remove(cid)
    expect(confirmed).to.be.at.least(6)
    expect(unreachable).to.deep.equal([])
    const error = await cluster.peers[0].hologram.get(cid).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'NOT_FOUND' })
    for (const { store } of cluster.peers) {
      await store.collectGarbage(Date.now())
      expect(await store.shardsOf(cid)).to.deep.equal([])
    }
  })

  it('keeps an object that another lessee still wants', async () => {
    const bytes = randomObject(segment)
    const { cid } = await cluster.peers[4].hologram.put(chunked(bytes))
    await cluster.peers[5].hologram.put(chunked(bytes))
    await cluster.peers[4].hologram.remove(cid)
    expect(Buffer.compare(await collect((await cluster.peers[0].hologram.get(cid)).bytes), bytes)).to.equal(0)
  })
})

function blocksHandedOut(cluster: Cluster): number {
  return cluster.peers.reduce((sum, { hologram }) => sum + hologram.stats.blocksOut, 0)
}
