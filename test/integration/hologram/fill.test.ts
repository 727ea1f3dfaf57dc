import { expect } from 'chai'
import type { CID } from 'multiformats/cid'
import type { RoomEvent } from '../../../src/node/events.ts'
import { eventually } from '../../support/eventually.ts'
import { fastClock } from '../../support/fast-clock.ts'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'

const BLOCK = 65_536
const [K, N] = [2, 4]
const OBJECTS = 12
const QUICK = { openTimeoutMs: 8_000, requestTimeoutMs: 8_000, readStallTimeoutMs: 8_000 }

describe('hologram: fill between real hosts', function () {
  this.timeout(120_000)
  let cluster: Cluster
  let objects: Array<{ cid: CID; bytes: Uint8Array }>
  let events: RoomEvent[]

  afterEach(async () => cluster.stop())

  const shardsAt = async (peers: readonly ClusterPeer[], cid: CID): Promise<number[]> => {
    const held = await Promise.all(peers.map(async ({ store }) => store.shardsOf(cid)))
    return held.flat().sort((a, b) => a - b)
  }

  const kept = async ({ store }: ClusterPeer): Promise<number> => {
    const held = await Promise.all(objects.map(async ({ cid }) => store.shardsOf(cid)))
    return held.flat().length
  }

  it('a newcomer is given the shards whose home it is; their holders let go once it has proved them; all stays readable', async () => {
    cluster = await Cluster.start(0, {
      ...{ k: K, n: N, client: QUICK, heal: { graceMs: 86_400_000, tickMs: 500 }, fill: { settleMs: 2_000 } },
      clock: fastClock(4)
    })
    events = []
    const emit = (event: RoomEvent): void => void events.push(event)
    for (let peer = 0; peer < 6; peer++) await cluster.join({ events: { emit } })
    objects = []
    for (let number = 0; number < OBJECTS; number++) {
      const bytes = randomObject(2 * BLOCK)
      const { cid } = await cluster.peers[number % 6].hologram.put(chunked(bytes))
      objects.push({ cid, bytes })
    }
    const old = [...cluster.peers]
    const newcomer = await cluster.join({ events: { emit } })
    const gave = (): number => old.reduce((sum, { hologram }) => sum + hologram.fillStats.movedShards, 0)
    let before = -1
    await eventually(
      'the newcomer has its share, and nothing moves any more',
      async () => {
        await cluster.report()
        const moved = gave()
        const isStill = moved === before
        before = moved
        if (!isStill || moved === 0 || (await kept(newcomer)) !== moved) return false
        const shards = await Promise.all(objects.map(async ({ cid }) => await shardsAt(cluster.peers, cid)))
        return shards.every((one) => one.join() === '0,1,2,3')
      },
      60_000
    )
    // One whose giver broke off is in place when it comes again, and counts for no second time.
    expect(newcomer.hologram.stats.shardsFilled).to.be.within(1, await kept(newcomer))
    for (const { cid, bytes } of objects) {
      expect(Buffer.compare(await collect((await newcomer.hologram.get(cid)).bytes), bytes)).to.equal(0)
    }
    const told = events.filter(({ room }) => room === 'fill')
    expect(told.map(({ kind }) => kind)).to.include.members(['began', 'gave'])
    expect(told.every(({ peer }) => peer === newcomer.mesh.self.toString())).to.equal(true)
    // The owner finds what has moved, and has nothing to rebuild.
    for (const { hologram } of old) await hologram.keeper.round()
    expect(old.map(({ hologram }) => hologram.clientStats.shardsRebuilt)).to.deep.equal([0, 0, 0, 0, 0, 0])
  })
})
