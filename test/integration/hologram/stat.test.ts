import { expect } from 'chai'
import { manifestCid } from '../../../src/hologram/index.ts'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'

const MIB = 2 ** 20

describe('hologram: the status of an object', () => {
  let cluster: Cluster
  afterEach(async () => cluster.stop())

  /** The peer's streams are taken and never answered, as those of a stopped process. */
  const freeze = async (peer: ClusterPeer): Promise<void> => {
    const { mesh } = peer
    for (const name of ['get/1', 'object/1', 'put/1']) {
      await mesh.unhandle(mesh.protocol(name))
      await mesh.handle(mesh.protocol(name), async () => {}, { maxInboundStreams: 1000 })
    }
    for (const connection of mesh.host.getConnections()) {
      for (const stream of connection.streams) stream.abort(new Error('frozen'))
    }
  }

  it('reports in time what it found and how many peers it asked, even if some do not answer', async () => {
    cluster = await Cluster.start(6, {
      k: 2,
      n: 5,
      client: { statTimeoutMs: 1_000, requestTimeoutMs: 60_000 }
    })
    const [putter, ...others] = cluster.peers
    const bytes = randomObject(MIB)
    const { cid, stored } = await putter.hologram.put(chunked(bytes))
    const silent = others.filter(({ mesh }) => stored.some(({ peer }) => peer.equals(mesh.self))).slice(0, 2)
    for (const peer of silent) await freeze(peer)

    const beforeMs = Date.now()
    const stat = await putter.hologram.stat(cid)
    expect(stat.live).to.equal(3)
    expect(stat.spare).to.equal(1)
    // The homes of five shards, and those of the manifest, which may be the same.
    expect(stat.asked).to.be.within(5, 6)
    expect(stat.answered).to.equal(stat.asked - silent.length)
    expect(stat.checkedMs).to.be.at.least(beforeMs)
    for (const { peer, live } of stat.shards) {
      if (live) expect(silent.some(({ mesh }) => mesh.self.equals(peer!))).to.equal(false)
    }
  })

  it('reports a timeout when no peer that may know the object answers', async () => {
    cluster = await Cluster.start(4, { k: 1, n: 3, client: { statTimeoutMs: 500, requestTimeoutMs: 60_000 } })
    const [asker, ...others] = cluster.peers
    for (const peer of others) await freeze(peer)
    const error = await asker.hologram.stat(manifestCid(randomObject(10))).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'TIMEOUT' })
  })

  it('counts peers that answer that they have nothing', async () => {
    cluster = await Cluster.start(4, { k: 1, n: 3 })
    const [putter] = cluster.peers
    const { cid } = await putter.hologram.put(chunked(randomObject(100)))
    const stat = await putter.hologram.stat(cid)
    expect(stat.asked).to.equal(stat.answered)
    expect(stat.live).to.be.at.least(3)
  })

  it('opens an object once for several reads', async () => {
    cluster = await Cluster.start(4, { k: 2, n: 3 })
    // It asks nobody else for what comes late.
    const patient = { minHedgeMs: 60_000, readStallTimeoutMs: 60_000 }
    const reader = await cluster.join({ lends: false, client: patient })
    const bytes = randomObject(MIB)
    const { cid } = await cluster.peers[0].hologram.put(chunked(bytes))
    const object = await reader.hologram.open(cid)
    expect(object.manifest.size).to.equal(MIB)
    const lookUps = (): number =>
      reader.mesh.opened.filter(({ protocol }) => protocol.endsWith('object/1')).length
    const before = lookUps()
    for (const [start, end] of [
      [0, MIB],
      [5, 70_000],
      [MIB - 1, MIB],
      [300_000, 300_000]
    ]) {
      const part = await collect(object.read({ range: { start, end } }))
      expect(Buffer.compare(part, bytes.subarray(start, end))).to.equal(0)
    }
    expect(lookUps()).to.equal(before)
    expect(() => object.read({ range: { start: 0, end: MIB + 1 } })).to.throw('are not within')
  })
})
