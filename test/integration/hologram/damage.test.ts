import { expect } from 'chai'
import type { CID } from 'multiformats/cid'
import { eventually } from '../../support/eventually.ts'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'
import { flipBit, shardFiles } from '../../unit/store/damage.ts'

const BLOCK = 65_536
const SIZE = 5_000_000
const QUICK = { openTimeoutMs: 5_000, requestTimeoutMs: 5_000, readStallTimeoutMs: 5_000 }

describe('hologram: repair of damaged blocks', function () {
  this.timeout(180_000)
  let cluster: Cluster
  let bytes: Uint8Array
  let cid: CID

  afterEach(async () => cluster.stop())

  const put = async (graceMs?: number): Promise<ClusterPeer[]> => {
    const heal = graceMs === undefined ? undefined : { graceMs, rankDelayMs: 500 }
    cluster = await Cluster.start(8, { k: 3, n: 6, client: QUICK, heal })
    bytes = randomObject(SIZE)
    const result = await cluster.peers[0].hologram.put(chunked(bytes))
    cid = result.cid
    return result.stored.map(({ peer }) => cluster.peers.find(({ mesh }) => mesh.self.equals(peer))!)
  }

  /** Flips one bit at each of the holders, each in another block. */
  const damage = async (holders: readonly ClusterPeer[]): Promise<void> => {
    for (const [index, { folder }] of holders.entries()) {
      const files = (await shardFiles(folder)).filter((name) => name.endsWith('.blocks'))
      expect(files).to.have.length(1)
      await flipBit(files[0], (3 + 4 * index) * BLOCK + 17)
    }
  }

  const badBlocks = async (): Promise<number> => {
    let count = 0
    for (const { store } of cluster.peers) {
      for (const held of await store.heldShards(cid)) count += held.badBlocks
    }
    return count
  }

  /** What reading everything finds, whether anybody knew of it or not. */
  const scrubbed = async (): Promise<number> => {
    let count = 0
    for (const { store } of cluster.peers) count += (await store.scrub()).badBlocks
    return count
  }

  const readThroughThree = async (): Promise<void> => {
    for (const { hologram } of cluster.peers.slice(5)) {
      const read = await collect((await hologram.get(cid)).bytes)
      expect(Buffer.compare(read, bytes)).to.equal(0)
    }
  }

  it('serves exact bytes for ever; the keeper puts damaged shards again where they are', async () => {
    const holders = await put()
    await damage(holders.slice(0, 4))
    for (let round = 0; round < 3; round++) await readThroughThree()
    expect(await scrubbed()).to.equal(4)

    const { hologram } = cluster.peers[0]
    const stat = await hologram.stat(cid)
    expect(stat).to.include({ live: 6, damaged: 4 })
    await hologram.keeper.check(cid, AbortSignal.timeout(60_000))
    await hologram.keeper.round()
    expect(await badBlocks()).to.equal(0)
    expect(await scrubbed()).to.equal(0)
    expect(await hologram.stat(cid)).to.include({ live: 6, damaged: 0 })
    for (const { store } of holders) expect(await store.shardsOf(cid)).to.have.length(1)
    await readThroughThree()
    for await (const owned of hologram.list()) {
      expect(owned).to.include({ missing: 0, warning: undefined })
    }
  })

  it('heals without the owner: holders repair what their own scrub finds', async () => {
    const holders = await put(1_500)
    await damage(holders.slice(0, 4))
    expect(await scrubbed()).to.equal(4)
    await eventually('no bad block', async () => (await badBlocks()) === 0, 90_000)
    expect(await scrubbed()).to.equal(0)
    await readThroughThree()
  })
})
