import { expect } from 'chai'
import { createWasmBackend } from '../../encoder/index.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { InlineCodec } from './mesh/codec.ts'
import type { CapName, SimNode } from './mesh/node.ts'
import { putObject, readObject } from './mesh/objects.ts'
import { World } from './mesh/world.ts'

const [K, N] = [3, 5]
const OBJECT_BYTES = 600_000
const LINE = { upBytesPerSecond: 12.5e6, downBytesPerSecond: 12.5e6 }
const CAP = 100_000

describe('caps on bandwidth in the simulated mesh', function () {
  this.timeout(60_000)
  let world: World
  let node: SimNode

  /** Seven peers; the last one has caps. @param isLocal - all of them share a local network */
  const build = async (caps: Partial<Record<CapName, number>>, isLocal = false): Promise<void> => {
    const codec = new InlineCodec(await createWasmBackend())
    world = new World({ seed: 4, codec, latency: scatteredLatency(new Prng(4), 7, 20_000) })
    for (let host = 0; host < 7; host++) {
      node = await world.add(LINE, {
        capacityBytes: 2 ** 30,
        domain: isLocal ? 'here' : `domain ${host}`,
        caps: host === 6 ? caps : undefined,
        hologram: { client: { k: K, n: N, blockBytes: 16_384 } }
      })
      await world.run(node.start())
    }
  }

  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const startMicros = world.clock.nowMicros
    await world.run(work())
    return (world.clock.nowMicros - startMicros) / 1_000_000
  }

  /** How long this node puts an object, and then reads one of another node. */
  const putAndGet = async (): Promise<{ putSeconds: number; getSeconds: number }> => {
    const putSeconds = await seconds(async () => {
      expect((await putObject(world, node, 1, OBJECT_BYTES)).n).to.equal(N)
    })
    const other = await world.run(putObject(world, world.nodes[0], 2, OBJECT_BYTES))
    const getSeconds = await seconds(async () => {
      expect(await readObject(world, node, other)).to.equal(true)
    })
    expect(world.surprises).to.deep.equal([])
    return { putSeconds, getSeconds }
  }

  it('slow down the puts and gets of the node itself, and nothing fails', async () => {
    await build({})
    const free = await putAndGet()
    expect(free.putSeconds).to.be.below(3)
    expect(free.getSeconds).to.be.below(3)
    await build({ up: CAP, down: CAP })
    const capped = await putAndGet()
    // One shard of each object may be kept on this node's own disk.
    expect(capped.putSeconds).to.be.within((0.9 * OBJECT_BYTES * (N - 1)) / K / CAP, 15)
    expect(capped.getSeconds).to.be.within((0.9 * OBJECT_BYTES * (K - 1)) / K / CAP - 1, 9)
    expect([...world.warnings.keys()]).to.deep.equal([])
  })

  it('hold apart for the local network', async () => {
    await build({ up: CAP, down: CAP, upLocal: 20 * CAP, downLocal: 20 * CAP }, true)
    const { putSeconds, getSeconds } = await putAndGet()
    expect(putSeconds).to.be.below(3)
    expect(getSeconds).to.be.below(3)
  })

  it('that no put could keep to are exceeded rather than that the put fails', async () => {
    await build({ up: 1_000 })
    const { putSeconds } = await putAndGet()
    // Each holder is sent a block in ten seconds at the latest.
    expect(putSeconds).to.be.within(60, 10 * 15)
  })
})
