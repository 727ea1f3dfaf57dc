import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { CID } from 'multiformats/cid'
import type { Holdings } from '../../../src/hologram/index.ts'
import type { RoomEvent } from '../../../src/node/events.ts'
import { openStore } from '../../../src/store/index.ts'
import type { Store } from '../../../src/store/index.ts'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'
import { flipBit, shardFiles } from '../../unit/store/damage.ts'

const BLOCK = 65_536
const [K, N] = [2, 5]
/** Longer than the test: what is healed, an audit has found. */
const GRACE_MS = 600_000

describe('hologram: audits between real hosts', function () {
  this.timeout(120_000)
  let cluster: Cluster

  afterEach(async () => cluster.stop())

  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    const deadlineMs = performance.now() + 60_000
    while (!(await holds())) {
      if (performance.now() > deadlineMs) throw new Error(`waited in vain for ${what}`)
      await sleep(100)
    }
  }

  it('find a flipped block, and then an emptied store, and both are healed', async () => {
    cluster = await Cluster.start(0, {
      ...{ k: K, n: N },
      heal: { graceMs: GRACE_MS, rankDelayMs: 500, tickMs: 200 },
      audit: { periodMs: 4_000 }
    })
    const events: RoomEvent[] = []
    const failed = ({ mesh }: ClusterPeer): number =>
      events.filter(({ room, peer }) => room === 'audit' && peer === mesh.self.toString()).length
    const emptied = new Map<ClusterPeer, () => Promise<void>>()
    for (let i = 0; i < 7; i++) {
      let current: Store | undefined
      const peer = await cluster.join({
        events: { emit: (event) => events.push(event) },
        holdings: (store) => throughCurrent(() => current ?? store)
      })
      emptied.set(peer, async () => {
        const path = join(peer.folder, '..', `${peer.mesh.self.toString()}-new`)
        current = await openStore({
          path,
          quotaBytes: 2 ** 30,
          diskFloorBytes: 0,
          peersAgreeOnTime: () => true
        })
      })
    }
    const bytes = randomObject(K * BLOCK)
    const { cid, stored } = await cluster.peers[0].hologram.put(chunked(bytes))
    const holders = stored
      .map(({ peer }) => cluster.peers.find(({ mesh }) => mesh.self.equals(peer))!)
      .filter((peer) => peer !== cluster.peers[0])
    await until('the indices', async () => {
      return cluster.peers.filter(({ hologram }) => hologram.healStats.indexed > 0).length >= N
    })

    const [rotten, robbed] = holders
    const [file] = (await shardFiles(rotten.folder)).filter((name) => name.endsWith('.blocks'))
    const isWhole = async (): Promise<boolean> => {
      const { live, damaged } = await cluster.peers[0].hologram.stat(cid)
      return live === N && damaged === 0 && !(await isDamaged(rotten, cid))
    }
    await flipBit(file, 99)
    await until('the repair of the block', isWhole)
    expect(failed(rotten)).to.be.greaterThan(0)
    expect(cluster.peers.some(({ mesh }) => mesh.blamed(rotten.mesh.self, 'slow') > 0)).to.equal(true)
    // A repair that is still to come would mend the store before an audit finds it.
    await until('the end of repairs', async () =>
      cluster.peers.every(({ hologram }) => hologram.healStats.waiting === 0)
    )
    await emptied.get(robbed)!()
    expect(await isWhole()).to.equal(false)
    await until('the repair of the store', isWhole)
    expect(failed(robbed)).to.be.greaterThan(0)
    const reader = await cluster.join()
    expect(Buffer.compare(await collect((await reader.hologram.get(cid)).bytes), bytes)).to.equal(0)
  })

  const isDamaged = async ({ store }: ClusterPeer, cid: CID): Promise<boolean> =>
    (await store.scrub()).badBlocks > 0 ||
    (await store.heldShards(cid)).some(({ badBlocks }) => badBlocks > 0)
})

/** Holdings that are those of another store from one moment to the next, also for those that have taken a method out. */
function throughCurrent(current: () => Store): Holdings {
  return new Proxy({} as Holdings, {
    get:
      (_, name) =>
      (...request: unknown[]) =>
        (Reflect.get(current(), name) as (...request: unknown[]) => unknown).apply(current(), request)
  })
}
