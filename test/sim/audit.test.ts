import { expect } from 'chai'
import { createWasmBackend } from '../../encoder/index.ts'
import type { Holdings } from '../../src/hologram/index.ts'
import type { RoomEvent } from '../../src/node/events.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { InlineCodec } from './mesh/codec.ts'
import type { SimNode } from './mesh/node.ts'
import { content, putObject, readObject } from './mesh/objects.ts'
import type { StoredObject } from './mesh/objects.ts'
import { World } from './mesh/world.ts'

const PEERS = 10
const [K, N] = [3, 7]
const BLOCK_BYTES = 16_384
const RATES = { upBytesPerSecond: 12.5e6, downBytesPerSecond: 12.5e6 }
const PERIOD_SECONDS = 3_600
/** Repair of what was found at the last moment of a period. */
const REPAIR_SECONDS = 120
/** A grace time far longer than a test: whatever is healed, an audit has found. */
const GRACE_MS = 86_400_000

describe('audits in the simulated mesh', function () {
  this.timeout(60_000)
  let world: World
  let objects: StoredObject[]
  let heard: Array<RoomEvent & { readonly host: number }>

  const build = async (
    sizes: readonly number[],
    init: {
      graceMs?: number
      liar?: number
      holdings?: (store: Holdings) => Holdings
      bytesPerDay?: number
    } = {}
  ): Promise<void> => {
    const codec = new InlineCodec(await createWasmBackend())
    world = new World({ seed: 5, codec, latency: scatteredLatency(new Prng(5), PEERS, 40_000) })
    heard = []
    objects = []
    for (let host = 0; host < PEERS; host++) {
      const node = await world.add(RATES, {
        capacityBytes: 2 ** 30,
        domain: `domain ${host}`,
        scrubPeriodMs: PERIOD_SECONDS * 1000,
        holdings: host === init.liar ? init.holdings : undefined,
        events: { emit: (event) => heard.push({ ...event, host }) },
        hologram: {
          client: { k: K, n: N, blockBytes: BLOCK_BYTES, checkIntervalMs: 30 * 86_400_000 },
          heal: { graceMs: init.graceMs ?? GRACE_MS, tickMs: 5_000 },
          audit: { periodMs: PERIOD_SECONDS * 1000, bytesPerDay: () => init.bytesPerDay ?? 2 ** 30 }
        }
      })
      await world.run(node.start())
    }
    await world.run(
      (async () => {
        for (const [number, size] of sizes.entries()) {
          objects.push(await putObject(world, world.nodes[number % PEERS], number, size))
        }
      })()
    )
    // Until every node has indexed what it keeps.
    await world.passSeconds(120)
  }

  const wholeCopies = async (object: StoredObject): Promise<number> => {
    const shards = new Set<number>()
    for (const { store, host } of world.nodes) {
      if (store === undefined) continue
      if (object.k === 1 && (await store.getManifest(object.cid)) !== undefined) shards.add(host)
      const held = object.k === 1 ? [] : await store.heldShards(object.cid)
      for (const { shard, badBlocks } of held) if (badBlocks === 0) shards.add(shard)
    }
    return shards.size
  }

  const manifestsOf = async ({ cid }: StoredObject): Promise<number> => {
    const kept = await Promise.all(world.nodes.map(async ({ store }) => store?.getManifest(cid)))
    return kept.filter((bytes) => bytes !== undefined).length
  }

  const failedAudits = (): typeof heard =>
    heard.filter(({ room, kind }) => room === 'audit' && kind === 'failed')
  const total = (read: (node: SimNode) => number): number =>
    world.nodes.reduce((sum, node) => sum + (node.hologram === undefined ? 0 : read(node)), 0)

  const inTurn = async (count: (object: StoredObject) => Promise<number>): Promise<number[]> => {
    const counts: number[] = []
    for (const object of objects) counts.push(await world.run(count(object)))
    return counts
  }

  const expectHealthy = async (): Promise<void> => {
    for (const object of objects) {
      const whole = await world.run(wholeCopies(object))
      expect(whole, object.cid.toString()).to.be.at.least(object.k === 1 ? N - K + 1 : N)
      expect(await world.run(readObject(world, world.nodes[9], object))).to.equal(true)
    }
    expect(world.surprises).to.deep.equal([])
  }

  it('a healthy mesh passes: every peer is challenged, nobody is blamed, nothing is rebuilt', async () => {
    await build([200_000, 90_000, 20_000, 300])
    await world.passSeconds(PERIOD_SECONDS)
    const passed = total(({ hologram }) => hologram!.auditStats.verdicts.passed)
    // Four objects, seven shards and seven manifests of each but the inline one, two challengers, two rounds.
    expect(passed).to.be.at.least(4 * N * 2)
    expect(failedAudits()).to.deep.equal([])
    expect(total(({ hologram }) => hologram!.healStats.shardsRebuilt)).to.equal(0)
  })

  it('a store that was emptied under its key is found and filled within a period', async () => {
    await build([200_000, 150_000, 60_000, 60_000, 500, 400])
    const counts = await Promise.all(world.nodes.map(async ({ store }) => (await store!.usage()).usedBytes))
    const victim = world.nodes[counts.indexOf(Math.max(...counts))]
    const before = await inTurn(manifestsOf)
    victim.kill()
    victim.emptyDisk()
    await world.run(victim.start())
    expect(Math.min(...(await inTurn(wholeCopies)))).to.be.below(N - K + 1)
    await world.passSeconds(PERIOD_SECONDS + REPAIR_SECONDS)
    await expectHealthy()
    const after = await inTurn(manifestsOf)
    after.forEach((count, i) => expect(count).to.be.at.least(before[i]))
    expect(failedAudits().every(({ peer }) => peer === victim.id.toString())).to.equal(true)
    const trusts = world.nodes
      .filter((node) => node !== victim)
      .map(({ mesh }) => mesh!.peers().find(({ id }) => id.equals(victim.id))!.reliabilityPpm)
    expect(Math.min(...trusts)).to.be.below(1_000_000)
  })

  it('a block that has flipped on a disk is found and rebuilt within a period', async () => {
    await build([400_000, 150_000], { graceMs: REPAIR_SECONDS * 1000 })
    const victim = world.nodes.find(({ disk }) =>
      disk.paths('.blocks').some((path) => disk.sizeOf(path)! > 0)
    )!
    const path = victim.disk.paths('.blocks').find((one) => victim.disk.sizeOf(one)! > 0)!
    victim.disk.rot(path, victim.disk.sizeOf(path)! - 1)
    await world.passSeconds(PERIOD_SECONDS + REPAIR_SECONDS)
    expect(heard.map(({ kind }) => kind)).to.include('repaired')
    await expectHealthy()
  })

  it('verify finds a damaged and a lost shard; repair brings all back, also from a peer that keeps nothing', async () => {
    await build([300_000])
    const [object] = objects
    const { cid } = object
    const asker = world.nodes[0]
    const verify = async () => await world.run(asker.hologram!.verify(cid))
    const before = await verify()
    expect(before).to.deep.include({ whole: N, spare: N - K })
    expect(before.readBytes).to.be.within(N * 100_000, N * 110_000)

    const held = await Promise.all(world.nodes.map(async ({ store }) => store!.shardsOf(cid)))
    const [rotten, gone] = world.nodes.filter((node, host) => node !== asker && held[host].length > 0)
    const path = rotten.disk.paths('.blocks').find((one) => rotten.disk.sizeOf(one)! > 0)!
    rotten.disk.rot(path, 20_000)
    gone.vanish()
    const stranger = world.nodes.find(
      (node, host) => node !== asker && node.isRunning && held[host].length === 0
    )!
    await world.passSeconds(30)
    const report = await verify()
    const states = report.shards.map(({ state }) => state).filter((state) => state !== 'whole')
    expect(states.sort()).to.deep.equal(['damaged', 'lost'])
    expect(report).to.include({ whole: N - 2, spare: N - 2 - K })
    expect(report.shards.find(({ state }) => state === 'damaged')).to.include({ badBlocks: 1 })

    const seen: number[] = []
    const repaired = await world.run(
      stranger.hologram!.repair(cid, { onProgress: ({ doneBytes }) => seen.push(doneBytes) })
    )
    expect(repaired.outcome).to.be.oneOf(['repaired', 'whole'])
    if (repaired.outcome === 'repaired') expect(seen.at(-1)).to.equal(300_000)
    expect(await verify()).to.include({ whole: N })
  })

  it('verify reads copies of a small object', async () => {
    await build([500])
    const { cid } = objects[0]
    expect(await world.run(world.nodes[3].hologram!.verify(cid))).to.include({
      whole: N - K + 1,
      spare: N - K
    })
  })

  it('a liar is not believed: its shards are rebuilt at other peers, and it is given no more of them', async () => {
    const liar = 4
    /** Says that it has everything, and serves other bytes. */
    const forged = (store: Holdings): Holdings =>
      new Proxy(store, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name, target)
          if (typeof member !== 'function') return member
          if (name !== 'openShard') return member.bind(target) as unknown
          return async (...request: Parameters<Holdings['openShard']>) => {
            const reader = await target.openShard(...request)
            if (reader === undefined) return undefined
            return {
              blocks: reader.blocks,
              read: async (index: number) => content(99, (await reader.read(index)).byteLength),
              leaves: async () => reader.leaves(),
              leafRange: async (...range: Parameters<typeof reader.leafRange>) => reader.leafRange(...range),
              subtreeRoots: async () => reader.subtreeRoots(),
              close: async () => reader.close()
            }
          }
        }
      })
    let isLying = false
    await build([200_000, 150_000, 100_000, 90_000], {
      liar,
      holdings: (store) => {
        const lies = forged(store)
        return new Proxy(store, {
          get: (target, name) => {
            const member: unknown = Reflect.get(isLying ? lies : target, name, target)
            return typeof member === 'function' ? (member.bind(isLying ? lies : target) as unknown) : member
          }
        })
      }
    })
    isLying = true
    const { store } = world.nodes[liar]
    const held = await Promise.all(objects.map(async ({ cid }) => world.run(store!.shardsOf(cid))))
    expect(held.flat()).to.not.deep.equal([])
    await world.passSeconds(PERIOD_SECONDS + REPAIR_SECONDS)
    world.nodes[liar].vanish()
    await expectHealthy()
    expect(failedAudits().every(({ peer }) => peer === world.nodes[liar].id.toString())).to.equal(true)
  })

  it('a peer that is away, or slow, has not failed an audit', async () => {
    await build([200_000, 90_000])
    world.nodes[3].vanish()
    world.links.slow(world.nodes[5].host, 200)
    await world.passSeconds(PERIOD_SECONDS)
    expect(failedAudits()).to.deep.equal([])
    expect(total(({ hologram }) => hologram!.healStats.shardsRebuilt)).to.equal(0)
  })

  it('a node is busy while its user reads an object, however it was opened, so that repair and audits wait', async () => {
    await build([200_000])
    const { hologram } = world.nodes[2]
    expect(hologram!.isBusy).to.equal(false)
    const opened = await world.run(hologram!.open(objects[0].cid))
    const reading = opened.read()[Symbol.asyncIterator]()
    await world.run(reading.next())
    expect(hologram!.isBusy).to.equal(true)
    await world.run(reading.return!())
    expect(hologram!.isBusy).to.equal(false)
  })

  it('reads no more in a day than it may', async () => {
    const bytesPerDay = 2 ** 20
    await build([400_000, 400_000, 400_000, 400_000], { bytesPerDay })
    const hours = 3
    await world.passSeconds(hours * 3_600)
    for (const { hologram } of world.nodes) {
      // What may be read at once after a pause comes on top, and the last batch.
      const atOnce = bytesPerDay / 64 + 9 * BLOCK_BYTES
      expect(hologram!.auditStats.readBytes).to.be.below((bytesPerDay * hours) / 24 + atOnce)
    }
  })
})
