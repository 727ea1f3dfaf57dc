import { expect } from 'chai'
import fc from 'fast-check'
import { createWasmBackend, RowCodec } from '../../../../encoder/index.ts'
import { weakestCut, wedgeOf } from '../../../../src/hologram/wedge/index.ts'
import type { WedgeHolder } from '../../../../src/hologram/wedge/index.ts'

const BLOCK_BYTES = 64

/** A code, and holders of some of its shards over links that carry some of them. */
const world = fc
  .record({ k: fc.integer({ min: 1, max: 6 }), parity: fc.integer({ min: 0, max: 6 }) })
  .chain(({ k, parity }) => {
    const n = k + parity
    const holder = fc.record({
      shards: fc.uniqueArray(fc.integer({ min: 0, max: n - 1 }), { maxLength: n }),
      carries: fc.option(fc.integer({ min: 0, max: n }), { nil: undefined })
    })
    return fc.record({ k: fc.constant(k), n: fc.constant(n), holders: fc.array(holder, { maxLength: 7 }) })
  })
const named = <T>(holders: readonly T[]): Array<T & { id: string }> =>
  holders.map((holder, i) => ({ ...holder, id: `host-${i}` }))

/** Whether some choice of shards, each by one of its holders and within the links, has k of them: by trying all. */
function canDeliver(k: number, holders: readonly WedgeHolder[]): boolean {
  const shards = [...new Set(holders.flatMap((holder) => holder.shards))]
  const room = holders.map(({ carries, shards: own }) => carries ?? own.length)
  const look = (at: number, got: number): boolean => {
    if (got >= k) return true
    if (at === shards.length || got + shards.length - at < k) return false
    for (const [i, { shards: own }] of holders.entries()) {
      if (room[i] <= 0 || !own.includes(shards[at])) continue
      room[i]--
      const isDone = look(at + 1, got + 1)
      room[i]++
      if (isDone) return true
    }
    return look(at + 1, got)
  }
  return look(0, 0)
}

describe('wedge: what live holders can rebuild', () => {
  let codec: RowCodec
  before(async () => {
    codec = new RowCodec(await createWasmBackend())
  })

  it('is exactly what the decoder rebuilds from what the links deliver', () => {
    fc.assert(
      fc.property(world, ({ k, n, holders }) => {
        const live = named(holders)
        const [layer] = wedgeOf([{ k, length: k * BLOCK_BYTES }], live).layers
        expect(layer.isRebuilt, 'the bound').to.equal(canDeliver(k, live))
        expect(layer.sources.size).to.equal(layer.reached)
        for (const [shard, id] of layer.sources) {
          expect(live.find((holder) => holder.id === id)!.shards).to.include(shard)
        }
        for (const { id, carries } of live) {
          const sent = [...layer.sources.values()].filter((by) => by === id).length
          expect(sent).to.be.at.most(carries ?? n)
        }
        if (!layer.isRebuilt) return
        const shape = { k, n, blockBytes: BLOCK_BYTES }
        const data = Uint8Array.from({ length: k * BLOCK_BYTES }, (_, i) => (i * 31 + k) & 0xff)
        const rows = new Uint8Array(Buffer.concat([data, codec.encode(shape, data)]))
        const have = [...layer.sources.keys()]
        const blocks = Buffer.concat(
          have.map((row) => rows.subarray(row * BLOCK_BYTES, (row + 1) * BLOCK_BYTES))
        )
        const all = Array.from({ length: k }, (_, row) => row)
        const want = all.filter((row) => !have.includes(row))
        const made = codec.reconstruct(shape, have, new Uint8Array(blocks), want)
        want.forEach((row, i) => {
          const block = made.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES)
          expect(Buffer.compare(block, data.subarray(row * BLOCK_BYTES, (row + 1) * BLOCK_BYTES))).to.equal(0)
        })
      })
    )
  })

  it('of a tensor begins with its coarse layers', () => {
    const holders = named([{ shards: [0] }, { shards: [3] }, { shards: [5] }])
    const layers = [
      { k: 1, length: 10 },
      { k: 3, length: 100 },
      { k: 5, length: 1_000 }
    ]
    const { bytes, layers: found } = wedgeOf(layers, holders)
    expect(found.map(({ isRebuilt }) => isRebuilt)).to.deep.equal([true, true, false])
    expect(found.map(({ reached }) => reached)).to.deep.equal([1, 3, 3])
    expect(bytes).to.equal(110)
  })
})

describe('weakest cut', () => {
  const one = (shards: readonly number[], i: number): { name: string; shards: readonly number[] } => ({
    name: String.fromCharCode(97 + i),
    shards
  })

  it('is as many hosts as there are spare shards and one more, where each has one', () => {
    const holdings = [0, 1, 2, 3, 4, 5].map((shard, i) => one([shard], i))
    expect(weakestCut(4, holdings)).to.deep.equal({ names: ['a', 'b', 'c'], isExact: true })
    expect(weakestCut(6, holdings).names).to.have.length(1)
    expect(weakestCut(7, holdings)).to.deep.equal({ names: [], isExact: true })
  })

  it('is the two hosts that hold too much between them', () => {
    const holdings = [[0], [1], [2, 3, 4], [5], [6, 7]].map(one)
    expect(weakestCut(4, holdings)).to.deep.equal({ names: ['c', 'e'], isExact: true })
  })

  it('counts hosts of one failure domain as one', () => {
    const holdings = [0, 1, 2, 3, 4, 5].map((shard) => ({ name: `site ${shard % 2}`, shards: [shard] }))
    expect(weakestCut(4, holdings)).to.deep.equal({ names: ['site 0'], isExact: true })
  })

  it('is minimal, and loses the object, whatever the holders share', () => {
    const holder = fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 5 })
    fc.assert(
      fc.property(fc.array(holder, { maxLength: 8 }), fc.integer({ min: 1, max: 6 }), (shards, k) => {
        const holdings = shards.map(one)
        const leftWithout = (names: ReadonlySet<string>): number =>
          new Set(holdings.filter(({ name }) => !names.has(name)).flatMap((holding) => holding.shards)).size
        const cut = weakestCut(k, holdings)
        expect(cut.isExact).to.equal(true)
        expect(leftWithout(new Set(cut.names))).to.be.below(k)
        for (let subset = 0; subset < 2 ** holdings.length; subset++) {
          const names = holdings.filter((_, i) => (subset >> i) & 1).map(({ name }) => name)
          if (names.length < cut.names.length) expect(leftWithout(new Set(names))).to.be.at.least(k)
        }
      }),
      { numRuns: 60 }
    )
  })

  it('is found for the largest code in bounded time', () => {
    const holdings = Array.from({ length: 256 }, (_, i) => ({
      name: `h${i}`,
      shards: [i, (i + 1) % 256]
    }))
    const { names } = weakestCut(128, holdings)
    expect(names.length).to.be.within(129, 160)
  })
})
