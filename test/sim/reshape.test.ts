import { expect } from 'chai'
import { createWasmBackend } from '../../encoder/index.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { InlineCodec } from './mesh/codec.ts'
import type { SimNode } from './mesh/node.ts'
import { liveShards, putObject, readObject } from './mesh/objects.ts'
import type { StoredObject } from './mesh/objects.ts'
import { World } from './mesh/world.ts'

const PEERS = 11
const [K, N] = [3, 6]
const [MORE, FEWER] = [9, 4]
const OBJECT_BYTES = 90_000
const BLOCK_BYTES = 16_384
const RATES = { upBytesPerSecond: 12.5e6, downBytesPerSecond: 12.5e6 }
/** Nothing is repaired in these tests: what is whole, the second command has made so. */
const NEVER_MS = 86_400_000
/** Moments of a change at which its owner is killed. */
const KILLS = 12
/** Peers notice that the owner is there again. */
const RETURN_SECONDS = 20

describe('reshape in the simulated mesh', function () {
  this.timeout(60_000)
  let world: World
  let owner: SimNode
  let reader: SimNode
  let puts = 0

  beforeEach(async () => {
    const codec = new InlineCodec(await createWasmBackend())
    world = new World({ seed: 21, codec, latency: scatteredLatency(new Prng(21), PEERS, 40_000) })
    for (let host = 0; host < PEERS; host++) {
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
    ;[owner, reader] = world.nodes
  })

  const put = async (): Promise<StoredObject> =>
    await world.run(putObject(world, owner, puts++, OBJECT_BYTES))

  const reshape = async ({ cid }: StoredObject, n: number): Promise<number> =>
    (await world.run(owner.hologram!.reshape(cid, n))).missing

  /** Shards that nobody asks for any more. */
  const surplus = async ({ cid }: StoredObject, n: number): Promise<number[]> => {
    const held = await world.run(Promise.all(world.nodes.map(async ({ store }) => store!.shardsOf(cid))))
    return held.flat().filter((shard) => shard >= n)
  }

  /** Virtual time that a change takes when nobody is killed. */
  const durationSeconds = async (n: number): Promise<number> => {
    const object = await put()
    const startMicros = world.clock.nowMicros
    expect(await reshape(object, n)).to.equal(0)
    return (world.clock.nowMicros - startMicros) / 1_000_000
  }

  /** @returns how many of the kills came before the owner had been told that the change is done */
  const killAtEveryMoment = async (n: number): Promise<number> => {
    const lastsSeconds = await durationSeconds(n)
    let cut = 0
    for (let moment = 0; moment < KILLS; moment++) {
      const object = await put()
      let isDone = false
      const change = owner.hologram!.reshape(object.cid, n).then(() => (isDone = true))
      change.catch((error: unknown) => world.unexpected('reshape', error))
      await world.passSeconds((lastsSeconds * (moment + 0.5)) / KILLS)
      owner.kill()
      if (!isDone) cut++
      const when = `killed at moment ${moment} of ${KILLS}`
      expect(await world.run(liveShards(world, object)), when).to.be.at.least(Math.min(n, N) - 1)
      expect(await world.run(readObject(world, reader, object)), when).to.equal(true)
      await world.run(owner.start())
      await world.passSeconds(RETURN_SECONDS)
      expect(await reshape(object, n), when).to.equal(0)
      expect(await world.run(liveShards(world, object)), when).to.equal(n)
      expect(await surplus(object, n), when).to.deep.equal([])
      expect(await world.run(readObject(world, reader, object)), when).to.equal(true)
    }
    expect(world.surprises).to.deep.equal([])
    return cut
  }

  it('an owner killed at any moment of growing leaves a readable object; the same command completes it', async () => {
    expect(await killAtEveryMoment(MORE)).to.be.at.least(KILLS / 2)
  })

  it('an owner killed at any moment of shrinking leaves a readable object; the same command completes it', async () => {
    expect(await killAtEveryMoment(FEWER)).to.be.at.least(KILLS / 2)
  })
})
