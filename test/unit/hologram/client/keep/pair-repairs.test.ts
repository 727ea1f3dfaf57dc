import { expect } from 'chai'
import { createWasmBackend } from '../../../../../encoder/index.ts'
import { systemClock } from '../../../../../src/clock/index.ts'
import type { ClientContext } from '../../../../../src/hologram/client/context.ts'
import { newClientCounts } from '../../../../../src/hologram/client/counts.ts'
import { PairRepairs } from '../../../../../src/hologram/client/keep/pair-repairs.ts'
import { coder } from '../../../../../src/hologram/client/put/coder.ts'
import type { CodedSegment } from '../../../../../src/hologram/client/put/coder.ts'
import { layerSegmenter } from '../../../../../src/hologram/client/put/segmenter.ts'
import { Layout } from '../../../../../src/hologram/records/layout.ts'
import { UNLIMITED } from '../../../../../src/hologram/wire/bandwidth.ts'
import { silentLogger } from '../../../../../src/node/logger.ts'
import { InlineCodec } from '../../../../sim/mesh/codec.ts'
import { codedObject, noise, signer } from '../../support.ts'

const [K, N] = [4, 8]
const BLOCK_BYTES = 256
const SEGMENT = K * BLOCK_BYTES
const LOST = 1
const { signal } = new AbortController()

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const each of source) all.push(each)
  return all
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

describe('repair of one shard in the code rs8p', () => {
  const codec = new InlineCodec(createWasmBackend())
  /** Two layers: two pairs and a segment without a partner; one pair and a shorter segment. */
  const layers = [
    { k: K, length: 5 * SEGMENT },
    { k: K, length: 2 * SEGMENT + 300 }
  ]
  const layout = new Layout({ blockBytes: BLOCK_BYTES, layers })
  let segments: CodedSegment[]

  before(async () => {
    const rows = { parityRows: () => [4, 5, 6, 7], depth: 2, signal }
    const code = coder(codec, { name: 'rs8p', n: N }, N, rows)
    segments = await collected(code(layerSegmenter(layers, BLOCK_BYTES)(pieces(noise(layout.size)))))
  })

  /** All but the lost shard are on this node's own disk, which fails at some blocks. */
  const repair = async (failsAt: (shard: number, index: number) => boolean) => {
    const { peer: self } = await signer(1)
    const reads: string[] = []
    const counts = newClientCounts()
    const openShard = async (_: unknown, shard: number) => ({
      read: async (index: number) => {
        if (failsAt(shard, index)) throw new Error('the disk fails')
        reads.push(`${shard} ${index}`)
        return segments[index].block(shard)
      },
      close: async () => {}
    })
    const context = {
      mesh: { self, observe: () => {} },
      ...{ holdings: { openShard }, codec, counts, logger: silentLogger, clock: systemClock, lines: {} }
    } as unknown as ClientContext
    const { cid, manifest } = codedObject({ n: N, blockBytes: BLOCK_BYTES, layers })
    const object = { cid, manifest: { ...manifest, code: 'rs8p' as const }, layout }
    const others = Array.from({ length: N }, (_, shard) => shard).filter((shard) => shard !== LOST)
    const holders = others.map((shard) => ({ shard, peer: self }))
    const whole: number[] = []
    async function* fromWhole(first: number, end: number): AsyncGenerator<CodedSegment> {
      for (let index = first; index < end; index++) {
        whole.push(index)
        yield segments[index]
      }
    }
    const repairs = new PairRepairs(context, object, { shards: [LOST], holders, pace: UNLIMITED, signal })
    const rebuilt = await collected(repairs.coded(fromWhole))
    return { rebuilt, whole, reads, survived: counts.survived.helper }
  }

  const expectLostShard = (rebuilt: readonly CodedSegment[]): void => {
    expect(rebuilt.map(({ index }) => index)).to.deep.equal(segments.map(({ index }) => index))
    for (const segment of rebuilt) {
      const expected = segments[segment.index]
      expect(Buffer.compare(segment.block(LOST), expected.block(LOST)), `block ${segment.index}`).to.equal(0)
      expect(Buffer.compare(segment.leaf(LOST), expected.leaf(LOST)), `leaf ${segment.index}`).to.equal(0)
    }
  }

  it('reads five blocks of each pair, and makes segments without a partner from whole rows', async () => {
    const { rebuilt, whole, reads, survived } = await repair(() => false)
    expectLostShard(rebuilt)
    expect(whole).to.deep.equal([4, 7])
    expect(reads).to.have.length(3 * 5)
    expect(survived).to.equal(0)
  })

  it('makes the rest from whole rows when a helper fails', async () => {
    const { rebuilt, whole, survived } = await repair((shard, index) => shard === 2 && index === 3)
    expectLostShard(rebuilt)
    expect(whole).to.deep.equal([2, 3, 4, 5, 6, 7])
    expect(survived).to.equal(1)
  })
})
