import { expect } from 'chai'
import { silentLogger } from '../../../src/node/logger.ts'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'

describe('hologram: the placement view', () => {
  let cluster: Cluster
  const logged: Array<Readonly<Record<string, unknown>>> = []

  before(async () => {
    cluster = await Cluster.start(5, { k: 2, n: 3 })
    await cluster.join({
      logger: { ...silentLogger, debug: (_, fields = {}) => void logged.push(fields) }
    })
    const ids = cluster.peers.slice(0, 3).map(({ mesh }) => mesh.self)
    const peers = cluster.peers[0].mesh.peers().filter(({ id }) => ids.some((one) => one.equals(id)))
    for (const { mesh } of cluster.peers) mesh.view = { epoch: 4, peers }
  })
  after(async () => cluster.stop())

  for (const [what, size] of [
    ['shards', 400_000],
    ['copies of a small object', 100]
  ] as const) {
    it(`decides where ${what} and the manifest go, whoever else is live`, async () => {
      const [first, second, third, fourth, fifth, putter] = cluster.peers
      expect(putter.mesh.peers()).to.have.lengthOf(6)
      const bytes = randomObject(size)
      const { cid, stored } = await putter.hologram.put(chunked(bytes))
      const homes = [first, second, third].map(({ mesh }) => mesh.self.toString())
      expect(homes).to.include.members(stored.map(({ peer }) => peer.toString()))
      expect(stored.length).to.be.at.least(2)
      for (const { store } of [fourth, fifth]) expect(await store.getManifest(cid)).to.equal(undefined)
      const { bytes: read } = await fourth.hologram.get(cid)
      expect(Buffer.compare(await collect(read), bytes)).to.equal(0)
    })
  }

  it('is named in the log of a put by its epoch', async () => {
    const { cid } = await cluster.peers[5].hologram.put(chunked(randomObject(300_000)))
    expect(logged).to.deep.include({ cid: cid.toString(), epoch: 4, peers: 3 })
  })
})
