import { expect } from 'chai'
import { createWasmBackend } from '../../encoder/index.ts'
import type { FillStats, Holdings } from '../../src/hologram/index.ts'
import { overriding } from '../support/cluster.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { balanceOf } from './mesh/balance.ts'
import { InlineCodec } from './mesh/codec.ts'
import type { SimNode } from './mesh/node.ts'
import { liveShards, putObject, readObject } from './mesh/objects.ts'
import type { StoredObject } from './mesh/objects.ts'
import { World } from './mesh/world.ts'

const [K, N] = [3, 6]
const OBJECTS = 18
const OBJECT_BYTES = 24_000
const RATES = { upBytesPerSecond: 12.5e6, downBytesPerSecond: 12.5e6 }
const SETTLE_SECONDS = 60
/** Long enough for a newcomer to be filled. */
const FILL_SECONDS = 300
const NEVER_MS = 86_400_000

interface Build {
  peers: number
  /** A peer that is gone for longer has lost what it kept. @default never */
  graceMs?: number
  objects?: number
  /** Peers are newcomers for so long. @default nobody is */
  provenSeconds?: number
  /** All is audited within ten minutes, and owners look after what they put. @default nobody does */
  isAudited?: boolean
}

describe('fill in the simulated mesh', function () {
  this.timeout(60_000)
  let world: World
  let objects: StoredObject[]
  let graceMs: number
  /** What went wrong by the audits. */
  let failedAudits: number

  let isAudited: boolean
  let provenSeconds: number
  /** Newcomers have no room, though they say that they have. */
  let isRefusing: boolean

  const join = async (): Promise<SimNode> => {
    const node = await world.add(RATES, {
      capacityBytes: 2 ** 30,
      domain: `domain ${world.nodes.length}`,
      holdings: (store) =>
        overriding<Holdings>(store, {
          openUpload: async (...request) => {
            if (isRefusing) throw Object.assign(new Error('no room'), { code: 'QUOTA_EXCEEDED' })
            return await store.openUpload(...request)
          }
        }),
      events: {
        emit: ({ room, kind }) => {
          if (room === 'audit' && kind === 'failed') failedAudits++
        }
      },
      hologram: {
        client: { k: K, n: N, blockBytes: 8_192, checkIntervalMs: isAudited ? 60_000 : NEVER_MS },
        heal: { graceMs, tickMs: 5_000 },
        audit: isAudited ? { periodMs: 600_000, bytesPerDay: () => 2 ** 40 } : { periodMs: NEVER_MS },
        fill: { settleMs: 1000 * SETTLE_SECONDS, provenMs: 1000 * provenSeconds }
      }
    })
    await world.run(node.start())
    return node
  }

  const build = async (init: Build): Promise<void> => {
    const codec = new InlineCodec(await createWasmBackend())
    world = new World({ seed: 9, codec, latency: scatteredLatency(new Prng(9), 2 * init.peers, 40_000) })
    objects = []
    failedAudits = 0
    graceMs = init.graceMs ?? NEVER_MS
    isAudited = init.isAudited ?? false
    provenSeconds = init.provenSeconds ?? 0
    isRefusing = false
    for (let host = 0; host < init.peers; host++) await join()
    for (let number = 0; number < (init.objects ?? OBJECTS); number++) {
      const owner = world.nodes[number % init.peers]
      objects.push(await world.run(putObject(world, owner, number, OBJECT_BYTES)))
    }
    await world.passSeconds(2 * SETTLE_SECONDS)
  }

  const total = (read: (node: SimNode) => number): number =>
    world.nodes.reduce((sum, node) => sum + (node.hologram === undefined ? 0 : read(node)), 0)
  const filled = (count: keyof FillStats): number => total(({ hologram }) => hologram!.fillStats[count])
  const rebuilt = (): number =>
    total(({ hologram }) => hologram!.healStats.shardsRebuilt + hologram!.clientStats.shardsRebuilt)
  const shardsOf = async ({ store }: SimNode): Promise<number> => {
    let count = 0
    for await (const { badBlocks } of store!.listShards()) if (badBlocks === 0) count++
    return count
  }
  const held = async (node: SimNode): Promise<number> => await world.run(shardsOf(node))

  /** Every object is complete and readable, and no shard is kept twice. */
  const expectWhole = async ({ copies = 1 } = {}): Promise<void> => {
    const reader = world.nodes.find(({ isRunning }) => isRunning)!
    for (const object of objects) {
      expect(await world.run(liveShards(world, object)), object.cid.toString()).to.equal(N)
      expect(await world.run(readObject(world, reader, object))).to.equal(true)
    }
    let shards = 0
    for (const node of world.nodes) if (node.isRunning) shards += await held(node)
    expect(shards).to.be.within(N * objects.length, copies * N * objects.length)
    expect(world.surprises).to.deep.equal([])
  }

  it('a newcomer takes its share once; then nothing moves, and nothing has to be repaired', async () => {
    await build({ peers: 9, isAudited: true })
    const newcomer = await join()
    await world.passSeconds(FILL_SECONDS)
    const share = (N * OBJECTS) / world.nodes.length
    expect(await held(newcomer)).to.be.within(0.5 * share, 1.5 * share)
    const moved = filled('movedShards')
    expect(moved, 'hardly anything moves between the others').to.be.at.most(1.25 * (await held(newcomer)))
    expect(newcomer.hologram!.stats).to.include({ shardsFilled: await held(newcomer) })
    await world.passSeconds(600)
    expect(filled('movedShards')).to.equal(moved)
    expect([filled('failures'), rebuilt(), failedAudits]).to.deep.equal([0, 0, 0])
    await expectWhole()
  })

  it('nothing moves in a mesh to which nobody comes', async () => {
    await build({ peers: 9, objects: 20 })
    await world.passSeconds(1_800)
    expect([filled('movedShards'), filled('manifests'), rebuilt()]).to.deep.equal([0, 0, 0])
  })

  it('as many newcomers as there were peers take half: each byte moves once, and the mesh is even', async () => {
    await build({ peers: 7 })
    for (let i = 0; i < 7; i++) await join()
    const before = await world.run(balanceOf(world))
    await world.passSeconds(FILL_SECONDS)
    const after = await world.run(balanceOf(world))
    expect(before.kl).to.be.above(0.6)
    expect(after.kl).to.be.below(0.05)
    expect(after.fullestOverMean).to.be.below(1.4)
    expect(filled('movedShards')).to.be.within(0.4 * N * OBJECTS, 0.65 * N * OBJECTS)
    const moved = filled('movedShards')
    await world.passSeconds(600)
    expect(filled('movedShards')).to.equal(moved)
    await expectWhole()
  })

  it('of one object newcomers get half of the spare shards at most, until they have been there for a day', async () => {
    const daySeconds = 900
    await build({ peers: 7, objects: 8, provenSeconds: daySeconds })
    const old = [...world.nodes]
    for (let i = 0; i < 7; i++) await join()
    /** Shards of one object, the worst of all, that would be lost if all newcomers left. */
    const most = async (): Promise<number> => {
      let fewest = N
      for (const { cid } of objects) {
        const kept = new Set<number>()
        for (const { store } of old)
          for (const shard of await world.run(store!.shardsOf(cid))) kept.add(shard)
        fewest = Math.min(fewest, kept.size)
      }
      return N - fewest
    }
    await world.passSeconds(2 * FILL_SECONDS)
    expect(await most()).to.equal(1)
    expect(filled('movedShards')).to.be.at.least(4)
    await world.passSeconds(daySeconds)
    expect(await most()).to.be.above(1)
    // Givers that saw each other keep their shards as well.
    await expectWhole({ copies: 1.25 })
  })

  it('a peer that comes back empty gets its share from those that have stood in for it', async () => {
    await build({ peers: 9, graceMs: 30_000, objects: 12 })
    const victim = world.nodes[4]
    const before = await held(victim)
    victim.vanish()
    victim.emptyDisk()
    await world.passSeconds(300)
    await expectWhole()
    const repaired = rebuilt()
    expect(repaired).to.be.at.least(before)
    await world.run(victim.start())
    await world.passSeconds(FILL_SECONDS)
    expect(await held(victim)).to.be.at.least(0.6 * before)
    expect(rebuilt()).to.equal(repaired)
    await expectWhole()
  })

  for (const [who, isGiver] of [
    ['givers', true],
    ['a newcomer', false]
  ] as const) {
    it(`nothing is lost when ${who} and all that is on its way dies at any moment`, async () => {
      await build({ peers: 9, graceMs: 30_000, objects: 12 })
      const newcomer = await join()
      for (let round = 0; round < 4; round++) {
        // In the middle of the moves, which begin once the newcomer has settled.
        await world.passSeconds((round === 0 ? SETTLE_SECONDS : 20) + 0.37 * round + 6)
        const victim = isGiver ? world.nodes[2 * round] : newcomer
        victim.kill()
        for (const object of objects) expect(await world.run(liveShards(world, object))).to.be.at.least(N - 1)
        await world.passSeconds(1)
        await world.run(victim.start())
      }
      await world.passSeconds(2 * FILL_SECONDS)
      expect(filled('movedShards') + newcomer.hologram!.stats.shardsFilled).to.be.above(0)
      // What was acknowledged in the moment of a death may be at both ends.
      await expectWhole({ copies: 1.1 })
    })
  }

  it('keeps what a peer cannot take, and gives it later', async () => {
    await build({ peers: 9, objects: 12 })
    const newcomer = await join()
    isRefusing = true
    await world.passSeconds(SETTLE_SECONDS + 60)
    expect(filled('movedShards')).to.equal(0)
    // Each peer waits twice as long after each refusal.
    expect(filled('failures')).to.be.within(1, 9 * 5)
    await expectWhole()
    isRefusing = false
    await world.passSeconds(FILL_SECONDS)
    expect(await held(newcomer)).to.be.above(0)
    await expectWhole()
  })
})
