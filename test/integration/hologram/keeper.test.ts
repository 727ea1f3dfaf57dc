import { expect } from 'chai'
import type { PeerId } from '@libp2p/interface'
import type { ListOptions, OwnedObject, PutResult } from '../../../src/hologram/index.ts'
import { signLease, storedLease } from '../../../src/hologram/records/lease.ts'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'

const BLOCK = 65536
const DAY_MS = 24 * 60 * 60 * 1000
const QUICK = { openTimeoutMs: 2_000, requestTimeoutMs: 2_000, readStallTimeoutMs: 2_000 }

describe('hologram: the keeper of the objects that a node has put', () => {
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

  it('keeps objects alive past their first lease; objects of a lost node are collected', async () => {
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

  it('renews past a lease that a holder keeps and that this node does not know', async () => {
    const { cid, stored } = await put()
    const { mesh } = owner
    const holder = cluster.peers.find(
      (peer) => peer !== owner && stored.some((one) => one.peer.equals(peer.mesh.self))
    )!
    // As made by this owner while its clock was ahead by more than a lease may run.
    const ahead = {
      cid,
      sequence: BigInt(Date.now() + 600 * DAY_MS),
      expiresAtMs: Date.now() + 630 * DAY_MS,
      tombstone: false
    }
    const signer = { peer: mesh.self, sign: async (bytes: Uint8Array) => mesh.sign(bytes) }
    const signed = await signLease(mesh.networkId, ahead, signer)
    await holder.store.putLease(cid, storedLease({ ...ahead, lessee: mesh.self }, signed))
    daysLater(21)
    await owner.hologram.keeper.round()
    const [kept] = await holder.store.leases(cid)
    expect(Number(kept.sequence)).to.be.above(Number(ahead.sequence))
    expect(Math.round((kept.expiresAtMs - cluster.nowMs()) / DAY_MS)).to.equal(30)
  })

  for (const [what, size] of [
    ['in shards', 3 * BLOCK],
    ['in its manifest', 1000]
  ] as const) {
    it(`puts an object ${what} under a lease above one that holders keep and this node has forgotten`, async () => {
      const bytes = randomObject(size)
      const { cid } = await owner.hologram.put(chunked(bytes), { leaseMs: 30 * DAY_MS })
      const { mesh } = owner
      const startMs = Date.now()
      const ahead = {
        cid,
        sequence: BigInt(startMs + 600 * DAY_MS),
        expiresAtMs: startMs + 31 * DAY_MS,
        tombstone: false
      }
      const signer = { peer: mesh.self, sign: async (part: Uint8Array) => mesh.sign(part) }
      const signed = await signLease(mesh.networkId, ahead, signer)
      for (const { store } of cluster.peers.filter((peer) => peer !== owner)) {
        if ((await store.leases(cid)).length > 0)
          await store.putLease(cid, storedLease({ ...ahead, lessee: mesh.self }, signed))
      }
      const result = await owner.hologram.put(chunked(bytes), { leaseMs: 120 * DAY_MS })
      expect(result.stored.length).to.be.greaterThan(1)
      for (const { peer } of result.stored) {
        const { store } = cluster.peers.find((one) => one.mesh.self.equals(peer))!
        const [kept] = await store.leases(cid)
        expect(Number(kept.sequence)).to.be.above(Number(ahead.sequence))
        expect(Math.round((kept.expiresAtMs - startMs) / DAY_MS)).to.equal(120)
      }
      const days = Math.round(((await listed())[0].leaseExpiresAtMs - startMs) / DAY_MS)
      expect(days).to.equal(120)
    })
  }

  it('waits after the loss of a few shards, and rebuilds them when few spare shards are left', async () => {
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

  it('handles the most endangered object first', async () => {
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

  it('restores the number of copies of a small object', async () => {
    const result = await put(1000)
    expect(result.stored).to.have.length(5)
    await killHolders(result, 3)
    daysLater(21)
    await owner.hologram.keeper.round()
    const stat = await owner.hologram.stat(result.cid)
    expect(stat.live).to.be.at.least(5)
  })

  /** Cuts peers off from the others, until the function that is returned is called. Their disks are sound. */
  const cutOff = (away: readonly ClusterPeer[]): (() => void) => {
    const isAway = (peer: PeerId): boolean => away.some(({ mesh }) => mesh.self.equals(peer))
    const opens = cluster.peers.map(({ mesh }) => ({ mesh, open: mesh.open.bind(mesh) }))
    for (const { mesh, open } of opens) {
      mesh.table = (peers) => peers.filter(({ id }) => !isAway(id))
      mesh.open = async (peer, ...rest) => {
        if (isAway(peer) || isAway(mesh.self)) throw new Error('cut off')
        return open(peer, ...rest)
      }
      for (const connection of mesh.host.getConnections()) {
        if (isAway(connection.remotePeer) || isAway(mesh.self)) connection.abort(new Error('cut off'))
      }
    }
    return () => {
      for (const { mesh, open } of opens) Object.assign(mesh, { table: undefined, open })
    }
  }

  const holdersOf = (result: PutResult): ClusterPeer[] =>
    result.stored
      .map(({ peer }) => cluster.peers.find(({ mesh }) => mesh.self.equals(peer))!)
      .filter((peer) => peer !== owner)

  const listed = async (options?: ListOptions): Promise<OwnedObject[]> => {
    const objects: OwnedObject[] = []
    for await (const object of owner.hologram.list(options)) objects.push(object)
    return objects
  }

  it('replaces holders that missed every renewal and return without the object', async () => {
    const result = await put()
    const away = holdersOf(result).slice(0, 2)
    const rejoin = cutOff(away)
    for (const day of [21, 24, 27, 29, 29.5]) {
      daysLater(day)
      await owner.hologram.keeper.round()
    }
    daysLater(32)
    await Promise.all(away.map(async ({ store }) => store.collectGarbage(cluster.nowMs())))
    rejoin()
    for (const day of [32.5, 33]) {
      daysLater(day)
      await owner.hologram.keeper.round()
    }
    const { shards } = await owner.hologram.stat(result.cid)
    expect(shards.filter(({ live }) => live)).to.have.length(6)
    expect(await listed()).to.have.nested.property('[0].missing', 0)
  })

  it('reports on request how many shards are missing now, never an old number', async () => {
    const result = await put()
    daysLater(0.01)
    await killHolders(result, 3)
    expect((await listed())[0]).to.include({ missing: 0 })
    daysLater(0.1)
    expect((await listed())[0]).to.include({ missing: undefined })
    const [asked] = await listed({ check: true })
    expect(asked).to.include({ missing: 3 })
    expect(asked.checkedMs).to.be.closeTo(cluster.nowMs(), 60_000)
    expect(asked.warning).to.match(/lost holders/)
  })

  it('keeps short leases alive with half of the peers away, even when an object cannot be completed', async () => {
    const leaseMs = 6 * 60_000
    const result = await owner.hologram.put(chunked(randomObject(3 * BLOCK)), { leaseMs })
    const away = holdersOf(result).slice(0, 3)
    cutOff(away)
    const startMs = Date.now()
    for (let minute = 1; minute <= 20; minute++) {
      cluster.nowMs = () => startMs + minute * 60_000
      await owner.hologram.keeper.round()
    }
    const stat = await owner.hologram.stat(result.cid)
    expect(stat.leases).to.have.length(1)
    expect(stat.leases[0].expiresAtMs).to.be.greaterThan(cluster.nowMs() + 60_000)
    expect(stat.live).to.be.at.least(3)
  })

  it('does not restore an object that is removed during a round', async () => {
    const result = await put()
    daysLater(21)
    const { mesh } = owner
    const open = mesh.open.bind(mesh)
    const asked = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    mesh.open = async (...request) => {
      asked.resolve()
      await gate.promise
      return open(...request)
    }
    for (const connection of mesh.host.getConnections()) connection.abort(new Error('cut'))
    const round = owner.hologram.keeper.round()
    await asked.promise
    const removal = owner.hologram.remove(result.cid)
    gate.resolve()
    expect((await removal).confirmed).to.be.at.least(6)
    await round
    expect(await listed()).to.deep.equal([])
    daysLater(60)
    await owner.hologram.keeper.round()
    await Promise.all(cluster.peers.map(async ({ store }) => store.collectGarbage(cluster.nowMs())))
    const kept = await Promise.all(cluster.peers.map(async ({ store }) => store.shardsOf(result.cid)))
    expect(kept.flat()).to.deep.equal([])
  })

  it('makes leases that replace leases from a clock that was ahead', async () => {
    const startMs = Date.now()
    const bytes = randomObject(3 * BLOCK)
    cluster.nowMs = () => startMs + DAY_MS / 12
    await owner.hologram.put(chunked(bytes), { leaseMs: 30 * DAY_MS })
    cluster.nowMs = () => startMs
    const result = await owner.hologram.put(chunked(bytes), { leaseMs: 120 * DAY_MS })
    expect(await expiryDays(result)).to.deep.equal([120])
    const leases = await Promise.all(holdersOf(result).map(async ({ store }) => store.leases(result.cid)))
    for (const { expiresAtMs } of leases.flat()) {
      expect(expiresAtMs - startMs).to.be.closeTo(120 * DAY_MS, DAY_MS)
    }
  })

  it('rebuilds a damaged record, logs it, and continues to renew', async () => {
    const result = await put()
    await owner.store.putOwned(result.cid, new Uint8Array(100))
    expect((await listed())[0].warning).to.match(/damaged/)
    daysLater(21)
    await owner.hologram.keeper.round()
    expect(owner.hologram.clientStats).to.include({ recordsDamaged: 1 })
    expect(await expiryDays(result)).to.deep.equal([30])
    expect((await listed())[0]).to.include({ missing: 0, n: 6, warning: undefined })
  })

  it('lists a damaged record that cannot be rebuilt, and allows its object to be removed', async () => {
    const result = await put()
    await owner.hologram.remove(result.cid)
    await owner.store.putOwned(result.cid, new Uint8Array(100))
    await owner.hologram.keeper.round()
    expect(owner.hologram.clientStats.owned.damaged).to.equal(1)
    expect((await listed())[0]).to.include({ missing: undefined, checkedMs: 0 })
    await owner.hologram.remove(result.cid)
    expect(await listed()).to.deep.equal([])
  })

  it('backs off for an object that it cannot complete', async () => {
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
