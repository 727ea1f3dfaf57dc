import { expect } from 'chai'
import type { PutResult } from '../../../src/hologram/index.ts'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'

const BLOCK = 65536
const DAY_MS = 24 * 60 * 60 * 1000
const QUICK = { openTimeoutMs: 2_000, requestTimeoutMs: 2_000, readStallTimeoutMs: 2_000 }

describe('hologram: the keeper of what a node has put', () => {
  let cluster: Cluster
  let owner: ClusterPeer

  beforeEach(async () => {
    cluster = await Cluster.start(9, { k: 2, n: 6, client: QUICK })
    owner = cluster.peers[0]
  })

  afterEach(async () => cluster.stop())

  const put = async (size = 3 * BLOCK): Promise<PutResult> => owner.hologram.put(chunked(randomObject(size)))

  const daysLater = (days: number): void => {
    const startMs = Date.now()
    cluster.nowMs = () => startMs + days * DAY_MS
  }

  const expiryDays = async (result: PutResult): Promise<number[]> => {
    const { leases } = await owner.hologram.stat(result.cid)
    return leases.map(({ expiresAtMs }) => Math.round((expiresAtMs - cluster.nowMs()) / DAY_MS))
  }

  const killHolders = async (result: PutResult, count: number): Promise<void> => {
    const holders = result.stored.map(({ peer }) => cluster.peers.find(({ mesh }) => mesh.self.equals(peer))!)
    const victims = holders.filter((peer) => peer !== owner && peer.running).slice(0, count)
    for (const victim of victims) victim.mesh.withdraw()
    await Promise.all(victims.map(async (victim) => victim.kill()))
  }

  it('renews leases at two thirds of their life, and not before', async () => {
    const results = [await put(), await put(100)]
    daysLater(19)
    expect(await owner.hologram.keeper.round()).to.deep.equal([])
    daysLater(21)
    expect(await owner.hologram.keeper.round()).to.have.length(2)
    for (const result of results) expect(await expiryDays(result)).to.deep.equal([30])
    expect(await owner.hologram.keeper.round()).to.deep.equal([])
  })

  it('keeps objects alive past their first lease; those of a node that is gone are collected', async () => {
    const kept = await put()
    const forgotten = await cluster.peers[1].hologram.put(chunked(randomObject(3 * BLOCK)))
    daysLater(21)
    await owner.hologram.keeper.round()
    daysLater(31)
    await Promise.all(cluster.peers.map(async ({ store }) => store.collectGarbage(cluster.nowMs())))
    expect((await owner.hologram.stat(kept.cid)).live).to.equal(6)
    const error = await cluster.peers[2].hologram.get(forgotten.cid).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'NOT_FOUND' })
  })

  it('leaves a few lost shards alone, and rebuilds them when little is left to spare', async () => {
    const bytes = randomObject(5 * BLOCK)
    const result = await owner.hologram.put(chunked(bytes))
    await killHolders(result, 2)
    daysLater(21)
    await owner.hologram.keeper.round()
    expect((await owner.hologram.stat(result.cid)).live).to.equal(4)

    await killHolders(result, 2)
    daysLater(42)
    await owner.hologram.keeper.round()
    const stat = await owner.hologram.stat(result.cid)
    const lenders = cluster.peers.filter(({ running }) => running).length
    expect(stat.live).to.equal(Math.min(6, lenders))
    expect(new Set(stat.shards.flatMap(({ peer }) => peer?.toString() ?? [])).size).to.equal(stat.live)
    const reader = cluster.peers.findLast(({ running }) => running)!
    expect(Buffer.compare(await collect((await reader.hologram.get(result.cid)).bytes), bytes)).to.equal(0)
  })

  it('looks after the most endangered object first', async () => {
    const results = await Promise.all([put(), put(), put(), put()])
    await killHolders(results[2], 3)
    daysLater(21)
    const spare = new Map<string, number>()
    for (const { cid } of results) spare.set(cid.toString(), (await owner.hologram.stat(cid)).spare)
    const order = (await owner.hologram.keeper.round()).map((cid) => spare.get(cid.toString())!)
    expect(order).to.have.length(4)
    expect(order).to.deep.equal([...order].sort((a, b) => a - b))
    expect(order[0]).to.be.lessThan(order[3])
  })

  it('brings copies of a small object back to their number', async () => {
    const result = await put(1000)
    expect(result.stored).to.have.length(5)
    await killHolders(result, 3)
    daysLater(21)
    await owner.hologram.keeper.round()
    const stat = await owner.hologram.stat(result.cid)
    expect(stat.live).to.be.at.least(5)
  })

  it('waits longer and longer for an object that it cannot complete', async () => {
    const crowd = cluster.peers.slice(5)
    for (const peer of crowd) peer.mesh.withdraw()
    await owner.hologram.put(chunked(randomObject(3 * BLOCK)), { allowFewerShards: true, margin: 1 })
    const attempts: number[] = []
    for (let minute = 0; minute < 40; minute++) {
      daysLater(minute / 24 / 60)
      if ((await owner.hologram.keeper.round()).length > 0) attempts.push(minute)
    }
    const pauses = attempts.slice(1).map((minute, i) => minute - attempts[i])
    expect(pauses.length).to.be.at.least(3)
    for (let i = 1; i < pauses.length; i++) expect(pauses[i]).to.be.at.least(pauses[i - 1])
    expect(pauses.at(-1)).to.be.greaterThan(pauses[0])
  })
})
