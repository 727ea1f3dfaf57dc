import { expect } from 'chai'
import { createWasmBackend } from '../../encoder/index.ts'
import type { OwnedObject } from '../../src/hologram/index.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { InlineCodec } from './mesh/codec.ts'
import { putObject } from './mesh/objects.ts'
import { World } from './mesh/world.ts'

const NEVER_MS = 86_400_000
const [PEERS, OBJECTS] = [8, 16]

describe('a peer that has stopped answering', function () {
  this.timeout(60_000)

  it('holds up a look at many objects once, not once for each', async () => {
    const codec = new InlineCodec(await createWasmBackend())
    const world = new World({ seed: 6, codec, latency: scatteredLatency(new Prng(6), PEERS, 20_000) })
    for (let host = 0; host < PEERS; host++) {
      const node = await world.add(
        { upBytesPerSecond: 12.5e6, downBytesPerSecond: 12.5e6 },
        {
          ...{ capacityBytes: 2 ** 30, domain: `domain ${host}` },
          hologram: {
            client: { k: 3, n: 7, blockBytes: 16_384, checkIntervalMs: NEVER_MS },
            heal: { graceMs: NEVER_MS },
            audit: { periodMs: 30 * NEVER_MS }
          }
        }
      )
      await world.run(node.start())
    }
    const [owner] = world.nodes
    for (let number = 0; number < OBJECTS; number++) {
      await world.run(putObject(world, owner, number, number % 2 === 0 ? 100_000 : 100))
    }
    // Whatever is sent to it is lost, and nobody is told.
    world.links.setUp(PEERS - 1, false)
    const beganMs = owner.clock.nowMs()
    const looked = async (): Promise<OwnedObject[]> => {
      const objects: OwnedObject[] = []
      for await (const object of owner.hologram!.list({ check: true })) objects.push(object)
      return objects
    }
    const objects = await world.run(looked())
    expect(objects).to.have.length(OBJECTS)
    for (const { checkedMs } of objects) expect(checkedMs).to.be.at.least(beganMs)
    expect(objects.filter(({ missing = 0 }) => missing > 0)).to.have.length.above(OBJECTS / 2)
    expect(owner.clock.nowMs() - beganMs).to.be.below(15_000)
    // The link is back: it is asked again, and answers.
    world.links.setUp(PEERS - 1, true)
    for (const { missing } of await world.run(looked())) expect(missing).to.equal(0)
  })
})
