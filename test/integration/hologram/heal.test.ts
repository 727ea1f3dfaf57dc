import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { CID } from 'multiformats/cid'
import type { Clock } from '../../../src/clock/index.ts'
import type { PutResult } from '../../../src/hologram/index.ts'
import type { RoomEvent } from '../../../src/node/events.ts'
import { eventually } from '../../support/eventually.ts'
import { fastClock } from '../../support/fast-clock.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'

const BLOCK = 65536
/** The peers' clocks run so much faster than this process's: times below are times of the peers, if not said otherwise. */
const SPEED = 4
const QUICK = { openTimeoutMs: 8_000, requestTimeoutMs: 8_000, readStallTimeoutMs: 8_000 }
const GRACE_MS = 1_500
/** Short: two peers that do the same repair do no harm in most tests. */
const RANK_DELAY_MS = 1_000
/** Long enough for a repair on a busy machine. */
const CALM_RANK_DELAY_MS = 8_000
/** By the clock of this process. */
const PATIENCE_MS = 90_000

describe('hologram: repair by the holders', function () {
  this.timeout(240_000)
  let cluster: Cluster
  let log: string[]

  const start = async (
    peers: number,
    code: { k: number; n: number },
    { clock = fastClock(SPEED), rankDelayMs = RANK_DELAY_MS }: { clock?: Clock; rankDelayMs?: number } = {}
  ): Promise<void> => {
    log = []
    const lines = log
    cluster = await Cluster.start(0, {
      ...code,
      client: QUICK,
      heal: { graceMs: GRACE_MS, rankDelayMs },
      clock
    })
    const note = (message: string): void => void lines.push(message)
    const logger = { warn: note, info: note, debug: () => {} }
    const events = { emit: ({ kind, reason }: RoomEvent) => note(`${kind}: ${reason}`) }
    for (let i = 0; i < peers; i++) await cluster.join({ logger, events })
  }

  afterEach(async () => cluster.stop())

  const alive = (): ClusterPeer[] => cluster.peers.filter(({ running }) => running)

  const holdersOf = (result: PutResult): ClusterPeer[] =>
    result.stored.map(({ peer }) => cluster.peers.find(({ mesh }) => mesh.self.equals(peer))!)

  const kill = async (victims: readonly ClusterPeer[]): Promise<void> => {
    for (const victim of victims) victim.mesh.withdraw()
    await Promise.all(victims.map(async (victim) => victim.kill()))
  }

  /** Distinct shards on the disks of live peers. */
  const shardsAlive = async (cid: CID): Promise<number> => {
    const held = await Promise.all(alive().map(async ({ store }) => store.shardsOf(cid)))
    return new Set(held.flat()).size
  }

  const copiesAlive = async (cid: CID): Promise<number> => {
    const held = await Promise.all(alive().map(async ({ store }) => store.getManifest(cid)))
    return held.filter((manifest) => manifest !== undefined).length
  }

  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    await eventually(what, holds, PATIENCE_MS).catch((error: Error) => {
      throw new Error(`${error.message}\n${log.join('\n')}`)
    })
  }

  const readAt = async (peer: ClusterPeer, cid: CID): Promise<Uint8Array> =>
    collect((await peer.hologram.get(cid)).bytes)

  it('rebuilds the shards of lost peers, even of the owner, and readers find them by the id alone', async () => {
    await start(9, { k: 2, n: 5 })
    const bytes = randomObject(5 * BLOCK)
    const owner = cluster.peers[0]
    const result = await owner.hologram.put(chunked(bytes))
    const victims = holdersOf(result)
      .filter((peer) => peer !== owner)
      .slice(0, 2)
    await kill([owner, ...victims])
    await until('all shards', async () => (await shardsAlive(result.cid)) === 5)
    const reader = await cluster.join()
    expect(Buffer.compare(await readAt(reader, result.cid), bytes)).to.equal(0)
    expect((await reader.hologram.stat(result.cid)).live).to.equal(5)
    expect(log).to.include('repaired: little is left to spare')
  })

  it('restores the copies of small objects', async () => {
    await start(9, { k: 2, n: 6 })
    const bytes = randomObject(1000)
    const result = await cluster.peers[0].hologram.put(chunked(bytes))
    const victims = holdersOf(result).slice(0, 3)
    await kill(victims)
    await until('five copies', async () => (await copiesAlive(result.cid)) >= 5)
    expect(Buffer.compare(await readAt(alive()[0], result.cid), bytes)).to.equal(0)
  })

  it('does not repair an object whose peers come back in time', async () => {
    const clock = new VirtualTime()
    await start(7, { k: 2, n: 5 }, { clock })
    const result = await cluster.peers[0].hologram.put(chunked(randomObject(4 * BLOCK)))
    const away = holdersOf(result).find((peer) => peer !== cluster.peers[0])!
    const isThere = { value: false }
    for (const { mesh } of cluster.peers) {
      mesh.table = (peers) => peers.filter(({ id }) => isThere.value || !id.equals(away.mesh.self))
    }
    const rebuilt = (): number => sum(({ healStats }) => healStats.shardsRebuilt)
    /** In steps, so that the peers' disks keep up with their clock. */
    const pass = async (ms: number): Promise<void> => {
      for (let passedMs = 0; passedMs < ms; passedMs += 50) {
        await clock.advance(50)
        await sleep(2)
      }
    }
    await pass(GRACE_MS / 2)
    isThere.value = true
    await pass(3 * GRACE_MS)
    expect(rebuilt()).to.equal(0)
    isThere.value = false
    await until('repair, because it stays away this time', async () => {
      await pass(500)
      return rebuilt() > 0
    })
  })

  it('rarely does the same repair twice', async () => {
    await start(10, { k: 2, n: 5 }, { rankDelayMs: CALM_RANK_DELAY_MS })
    const results: PutResult[] = []
    for (let i = 0; i < 6; i++) {
      results.push(await cluster.peers[0].hologram.put(chunked(randomObject(3 * BLOCK))))
    }
    const victim = cluster.peers[5]
    const lost = results.filter((result) => holdersOf(result).includes(victim)).length
    await kill([victim])
    for (const { cid } of results) await until('all shards', async () => (await shardsAlive(cid)) === 5)
    await sleep((1.5 * CALM_RANK_DELAY_MS) / SPEED)
    expect(sum(({ healStats }) => healStats.shardsRebuilt)).to.be.within(lost, lost + 2)
  })

  it('does not undo a removal that a returning peer has missed', async () => {
    await start(8, { k: 2, n: 5 })
    const owner = cluster.peers[0]
    const result = await owner.hologram.put(chunked(randomObject(4 * BLOCK)))
    const [missed, ...others] = holdersOf(result).filter((peer) => peer !== owner)
    const open = owner.mesh.open.bind(owner.mesh)
    owner.mesh.open = async (peer, ...rest) => {
      if (peer.equals(missed.mesh.self)) throw new Error('away')
      return open(peer, ...rest)
    }
    for (const { mesh } of [owner, missed]) {
      for (const connection of mesh.host.getConnections()) connection.abort(new Error('away'))
    }
    await owner.hologram.remove(result.cid)
    expect((await missed.store.leases(result.cid))[0].tombstone).to.equal(false)
    await kill(others.slice(0, 2))
    await until('the tombstone at the peer that missed it', async () => {
      const leases = await missed.store.leases(result.cid)
      return leases.some(({ tombstone }) => tombstone)
    })
    expect(sum(({ healStats }) => healStats.shardsRebuilt)).to.equal(0)
  })

  it('keeps objects of 4 of 8 readable while 12 peers become 3, three at a time', async () => {
    await start(12, { k: 4, n: 8 })
    const owner = cluster.peers[11]
    const bytes = [9 * BLOCK, 5 * BLOCK, 800, 200].map(randomObject)
    const results: PutResult[] = []
    for (const object of bytes) results.push(await owner.hologram.put(chunked(object)))
    for (let round = 0; round < 3; round++) {
      await kill(alive().slice(-3))
      if (round === 2) break
      for (const { cid, manifest } of results) {
        if (manifest.inline === undefined)
          await until('all shards', async () => (await shardsAlive(cid)) === 8)
        const copies = Math.min(alive().length, manifest.n)
        await until('all manifests', async () => (await copiesAlive(cid)) >= copies)
      }
      await until('a share for each peer', async () => {
        const held = await Promise.all(alive().map(async ({ store }) => store.shardsOf(results[0].cid)))
        return alive().length >= 8 || held.every((shards) => shards.length >= 2)
      })
    }
    expect(alive()).to.have.length(3)
    for (const [i, { cid }] of results.entries()) {
      expect(Buffer.compare(await readAt(alive()[i % 3], cid), bytes[i]), `object ${i}`).to.equal(0)
    }
  })

  function sum(figure: (hologram: ClusterPeer['hologram']) => number): number {
    return cluster.peers.reduce((total, { hologram }) => total + figure(hologram), 0)
  }
})
