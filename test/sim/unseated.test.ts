import { expect } from 'chai'
import { createWasmBackend } from '../../encoder/index.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { SimAgreedMap } from './mesh/agreed-map.ts'
import { InlineCodec } from './mesh/codec.ts'
import { liveShards, putObject, readObject } from './mesh/objects.ts'
import { World } from './mesh/world.ts'

const [PEERS, SEATED] = [8, 6]
const N = 7

describe('peers without a seat on the agreed map', function () {
  this.timeout(60_000)
  let world: World

  const build = async (k: number): Promise<void> => {
    const codec = new InlineCodec(await createWasmBackend())
    world = new World({ seed: 4, codec, latency: scatteredLatency(new Prng(4), PEERS, 40_000) })
    for (let host = 0; host < PEERS; host++) {
      const node = await world.add(
        { upBytesPerSecond: 12.5e6, downBytesPerSecond: 12.5e6 },
        {
          ...{ capacityBytes: 2 ** 30, domain: `domain ${host}`, followsMap: true },
          hologram: { client: { k, n: N, blockBytes: 16_384 } }
        }
      )
      await world.run(node.start())
    }
    // The others are slower to report, as some are in the first epochs of a network.
    world.agreedMap = new SimAgreedMap(world, ({ host }) => host < SEATED)
    world.agreedMap.start()
    await world.passSeconds(20)
    expect(world.nodes[0].mesh!.placement()).to.have.property('peers').with.length(SEATED)
    expect(world.nodes[0].mesh!.placement().epoch).to.be.above(0)
  }

  for (const { k, size, what } of [
    { k: 3, size: 200_000, what: 'shards' },
    { k: 1, size: 100, what: 'whole copies' }
  ]) {
    it(`get ${what} of an object that the seated ones are too few for`, async () => {
      await build(k)
      const object = await world.run(putObject(world, world.nodes[1], 1, size))
      expect(await world.run(liveShards(world, object))).to.equal(N)
      for (const reader of [world.nodes[3], world.nodes[7]]) {
        expect(await world.run(readObject(world, reader, object))).to.equal(true)
      }
    })
  }
})
