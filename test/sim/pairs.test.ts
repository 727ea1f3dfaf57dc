import { expect } from 'chai'
import { createWasmBackend } from '../../encoder/index.ts'
import type { CodeName } from '../../src/hologram/index.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { InlineCodec } from './mesh/codec.ts'
import type { SimNode } from './mesh/node.ts'
import { content, liveShards, putObject, readObject } from './mesh/objects.ts'
import type { StoredObject } from './mesh/objects.ts'
import { World } from './mesh/world.ts'

const [K, N] = [4, 8]
const PEERS = 12
const BLOCK_BYTES = 16_384
/** Eight segments: four pairs. */
const BYTES = 8 * K * BLOCK_BYTES
const RATES = { upBytesPerSecond: 12.5e6, downBytesPerSecond: 12.5e6 }
const NEVER_MS = 86_400_000

describe('objects in the code rs8p in the simulated mesh', function () {
  this.timeout(60_000)
  let world: World

  const build = async (graceMs: number): Promise<void> => {
    const codec = new InlineCodec(await createWasmBackend())
    world = new World({ seed: 4, codec, latency: scatteredLatency(new Prng(4), PEERS, 40_000) })
    for (let host = 0; host < PEERS; host++) {
      const node = await world.add(RATES, {
        capacityBytes: 2 ** 30,
        domain: `domain ${host}`,
        hologram: {
          client: { k: K, n: N, blockBytes: BLOCK_BYTES, checkIntervalMs: NEVER_MS },
          heal: { graceMs },
          audit: { periodMs: 30 * NEVER_MS }
        }
      })
      await world.run(node.start())
    }
  }

  const put = async (code: CodeName, size = BYTES): Promise<StoredObject> =>
    await world.run(putObject(world, world.nodes[0], 1, size, code))

  /** The node that keeps a shard. */
  const holder = async ({ cid }: StoredObject, shard: number): Promise<SimNode> => {
    for (const node of world.nodes) {
      if ((await world.run(node.store?.shardsOf(cid) ?? Promise.resolve([]))).includes(shard)) return node
    }
    throw new Error(`nobody keeps shard ${shard}`)
  }

  /** A node that keeps nothing of it. */
  const stranger = async ({ cid }: StoredObject): Promise<SimNode> => {
    for (const node of world.nodes) {
      if (node.store !== undefined && (await world.run(node.store.shardsOf(cid))).length === 0) return node
    }
    throw new Error('everybody keeps a shard')
  }

  const untilWhole = async (object: StoredObject): Promise<void> => {
    for (let i = 0; i < 40 && (await world.run(liveShards(world, object))) < N; i++)
      await world.passSeconds(10)
    expect(await world.run(liveShards(world, object))).to.equal(N)
    expect(await world.run(readObject(world, await stranger(object), object))).to.equal(true)
    expect(world.surprises).to.deep.equal([])
  }

  const readForRepair = (): number =>
    world.nodes.reduce((sum, { hologram }) => sum + (hologram?.healStats.readBytes ?? 0), 0)

  /** Blocks read to heal the loss of one shard, per block lost. */
  const cost = async (code: CodeName, shard: number, size = BYTES): Promise<number> => {
    await build(30_000)
    const object = await put(code, size)
    ;(await holder(object, shard)).vanish()
    await untilWhole(object)
    return readForRepair() / (size / K)
  }

  it('heals a lost data shard from 5 or 6 half shards instead of 8, and parity from k whole ones', async () => {
    expect(await cost('rs8', 0)).to.equal(4)
    expect(await cost('rs8p', 0)).to.equal(3)
    expect(await cost('rs8p', 1)).to.equal(2.5)
    expect(await cost('rs8p', 6)).to.equal(4)
  })

  it('reads k blocks of a segment that has no partner', async () => {
    expect(await cost('rs8p', 1, (BYTES * 7) / 8)).to.equal((6 * 2.5 + 4) / 7)
  })

  it('is read from any k shards, whole and from the second segment of a pair on', async () => {
    await build(NEVER_MS)
    const object = await put('rs8p', BYTES - 5_000)
    for (const shard of [0, 1, 4, 7]) (await holder(object, shard)).vanish()
    await world.passSeconds(30)
    const reader = await stranger(object)
    expect(await world.run(readObject(world, reader, object))).to.equal(true)
    const segment = K * BLOCK_BYTES
    for (const [start, end] of [
      [segment, 2 * segment],
      [3 * segment + 17, 3 * segment + 18],
      [segment - 1, segment + 1],
      [7 * segment + 5, BYTES - 5_000]
    ]) {
      const read = async (): Promise<Uint8Array> => {
        const { bytes } = await reader.hologram!.get(object.cid, { range: { start, end } })
        const pieces: Uint8Array[] = []
        for await (const piece of bytes) pieces.push(piece)
        return Buffer.concat(pieces)
      }
      const expected = content(1, object.size).subarray(start, end)
      expect(Buffer.compare(await world.run(read()), expected), `${start} to ${end}`).to.equal(0)
    }
    expect(world.surprises).to.deep.equal([])
  })

  it('takes more shards later, and is read and healed with them', async () => {
    await build(NEVER_MS)
    const object = await put('rs8p')
    expect((await world.run(world.nodes[0].hologram!.reshape(object.cid, N + 2))).missing).to.equal(0)
    for (const shard of [0, 2, 3, 5, 6, 7]) (await holder(object, shard)).vanish()
    await world.passSeconds(30)
    const readers = world.nodes.filter(({ isRunning }) => isRunning)
    expect(await world.run(readObject(world, readers[0], object))).to.equal(true)
  })
})
