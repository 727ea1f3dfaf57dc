import { expect } from 'chai'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'

const HOUR_MS = 3_600_000

describe('a put after a removal that is newer by the clock', function () {
  this.timeout(60_000)

  for (const [kind, size] of [
    ['an inline object', 1_000],
    ['an object with shards', 500_000]
  ] as const) {
    it(`keeps ${kind}: its leases are above the tombstones that the owner has forgotten`, async () => {
      const cluster = await Cluster.start(8, { k: 3, n: 6 })
      try {
        const startMs = Date.now()
        const [owner, , reader] = cluster.peers
        const bytes = randomObject(size)
        cluster.nowMs = () => startMs + 2 * HOUR_MS
        const { cid } = await owner.hologram.put(chunked(bytes))
        await owner.hologram.remove(cid)
        expect(await owner.store.getOwned(cid)).to.equal(undefined)
        cluster.nowMs = () => startMs + 60_000
        await owner.hologram.put(chunked(bytes))
        const kept = await Promise.all(cluster.peers.map(async ({ store }) => await store.leases(cid)))
        expect(kept.flat().map(({ tombstone }) => tombstone)).to.not.include(true)
        for (const { store } of cluster.peers) await store.collectGarbage(startMs + HOUR_MS)
        expect(Buffer.compare(await collect((await reader.hologram.get(cid)).bytes), bytes)).to.equal(0)
      } finally {
        await cluster.stop()
      }
    })
  }
})
