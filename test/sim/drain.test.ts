import { expect } from 'chai'
import { createWasmBackend } from '../../encoder/index.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { InlineCodec } from './mesh/codec.ts'
import type { SimNode } from './mesh/node.ts'
import { putObject, readObject } from './mesh/objects.ts'
import type { StoredObject } from './mesh/objects.ts'
import { World } from './mesh/world.ts'

const [K, N] = [3, 7]
const BLOCK_BYTES = 16_384
const RATES = { upBytesPerSecond: 12.5e6, downBytesPerSecond: 12.5e6 }
/** Nothing is repaired in these tests: what is whole, the drain has made so. */
const NEVER_MS = 86_400_000

describe('drain in the simulated mesh', function () {
  this.timeout(60_000)
  let world: World
  let objects: StoredObject[]

  const build = async (peers: number, sizes: readonly number[]): Promise<void> => {
    const codec = new InlineCodec(await createWasmBackend())
    world = new World({ seed: 9, codec, latency: scatteredLatency(new Prng(9), peers, 40_000) })
    objects = []
    for (let host = 0; host < peers; host++) {
      const node = await world.add(RATES, {
        capacityBytes: 2 ** 30,
        domain: `domain ${host}`,
        hologram: {
          client: { k: K, n: N, blockBytes: BLOCK_BYTES, checkIntervalMs: NEVER_MS },
          heal: { graceMs: NEVER_MS },
          audit: { periodMs: 30 * NEVER_MS }
        }
      })
      await world.run(node.start())
    }
    for (const [number, size] of sizes.entries()) await put(world.nodes[number % peers], number, size)
  }

  const put = async (owner: SimNode, number: number, size: number): Promise<void> => {
    objects.push(await world.run(putObject(world, owner, number, size)))
  }

  const held = async ({ store }: SimNode): Promise<number> => {
    const shards: number[] = []
    for await (const { shard } of store!.listShards()) shards.push(shard)
    return shards.length
  }

  /** The node that keeps most. */
  const fullest = async (): Promise<SimNode> => {
    const counts: number[] = []
    for (const node of world.nodes) counts.push(await world.run(held(node)))
    return world.nodes[counts.indexOf(Math.max(...counts))]
  }

  const untilDrained = async (node: SimNode): Promise<void> => {
    for (let i = 0; i < 60 && node.hologram!.drainer.status.state !== 'drained'; i++)
      await world.passSeconds(10)
    expect(node.hologram!.drainer.status).to.include({ state: 'drained', left: 0, obstacle: undefined })
  }

  const expectWhole = async (others: readonly SimNode[]): Promise<void> => {
    for (const { cid, k } of objects) {
      const copies = new Set<number>()
      for (const { store, host } of others) {
        if (k === 1 && (await world.run(store!.getManifest(cid))) !== undefined) copies.add(host)
        if (k > 1) for (const shard of await world.run(store!.shardsOf(cid))) copies.add(shard)
      }
      expect(copies.size, cid.toString()).to.be.at.least(k === 1 ? N - K + 1 : N)
    }
    for (const object of objects) {
      expect(await world.run(readObject(world, others[0], object))).to.equal(true)
    }
    expect(world.surprises).to.deep.equal([])
  }

  it('brings all shards, copies and manifests to others, drops them, and nothing has to be repaired afterwards', async () => {
    await build(10, [200_000, 90_000, 50_000, 17_000, 800, 1])
    const leaving = await fullest()
    const before = await world.run(held(leaving))
    expect(before).to.be.greaterThan(0)
    leaving.hologram!.drainer.start()
    await untilDrained(leaving)
    expect(await world.run(held(leaving))).to.equal(0)
    expect(leaving.hologram!.drainer.status.movedShards).to.equal(before)
    leaving.vanish()
    await world.passSeconds(60)
    const others = world.nodes.filter((node) => node !== leaving)
    await expectWhole(others)
    expect(others.every(({ hologram }) => hologram!.healStats.shardsRebuilt === 0)).to.equal(true)
  })

  it('takes nothing while it is drained, and serves what it still has', async () => {
    await build(9, [150_000])
    const leaving = await fullest()
    leaving.hologram!.drainer.start()
    const reader = world.nodes.find((node) => node !== leaving)!
    expect(await world.run(readObject(world, reader, objects[0]))).to.equal(true)
    await put(reader, 1, 120_000)
    await put(leaving, 2, 120_000)
    await untilDrained(leaving)
    expect(await world.run(held(leaving))).to.equal(0)
    await expectWhole(world.nodes.filter((node) => node !== leaving))
  })

  it('two peers may be drained at once, down to fewer peers than shards', async () => {
    await build(8, [150_000, 60_000])
    const leaving = world.nodes.slice(0, 2)
    for (const { hologram } of leaving) hologram!.drainer.start()
    for (const node of leaving) await untilDrained(node)
    for (const node of leaving) node.vanish()
    await world.passSeconds(60)
    await expectWhole(world.nodes.slice(2))
  })

  it('says what is in the way when others cannot take everything, and keeps it', async () => {
    await build(8, [150_000])
    const leaving = await fullest()
    const others = world.nodes.filter((node) => node !== leaving)
    for (const node of others) node.disk.fill()
    const before = await world.run(held(leaving))
    leaving.hologram!.drainer.start()
    await world.passSeconds(300)
    expect(leaving.hologram!.drainer.status).to.include({ state: 'draining', left: 1 })
    expect(leaving.hologram!.drainer.status.obstacle).to.include('no peer could take its shard')
    expect(await world.run(held(leaving))).to.equal(before)
    for (const node of others) node.disk.fill(false)
    await untilDrained(leaving)
    await expectWhole(others)
  })

  it('can be called off: the node lends its space again', async () => {
    await build(8, [150_000])
    const [leaving] = world.nodes
    leaving.hologram!.drainer.start()
    await world.passSeconds(2)
    await world.run(leaving.hologram!.drainer.stop())
    expect(leaving.hologram!.drainer.status.state).to.equal('off')
    expect(world.nodes[1].mesh!.placement().peers).to.have.length(8)
    leaving.hologram!.drainer.start()
    await untilDrained(leaving)
  })
})
