import { expect } from 'chai'
import fc from 'fast-check'
import { choosePriorities, shardBytes, survival } from '../../../../encoder/tensor/index.ts'
import type { PriorityProblem } from '../../../../encoder/tensor/index.ts'
import { refusal } from './support.ts'

/** ENCODER-like figures of a photograph: bytes of six layers and what they show. */
const PICTURE: PriorityProblem = {
  lengths: [21_000, 59_000, 218_000, 769_000, 2_596_000, 7_844_000],
  fidelities: [0.55, 0.65, 0.75, 0.84, 0.92, 1],
  n: 12,
  k: 8
}

function* ascending(layers: number, k: number, from = 1): Generator<number[]> {
  if (layers === 1) return yield [k]
  for (let first = from; first <= k; first++) {
    for (const rest of ascending(layers - 1, k, first)) yield [first, ...rest]
  }
}

/** The best expected fidelity within the storage, by trying everything; undefined when nothing fits. */
function bestOfAll({
  lengths,
  fidelities,
  n,
  k,
  extraStorage = 0.15,
  lossProbability
}: PriorityProblem): number | undefined {
  const alive = survival(n, lossProbability)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const budget = (1 + extraStorage) * shardBytes([{ k, length: total }])
  let best: number | undefined
  for (const ks of ascending(lengths.length, k)) {
    if (shardBytes(lengths.map((length, layer) => ({ k: ks[layer], length }))) > budget) continue
    const expected = ks.reduce(
      (sum, kOfLayer, layer) => sum + (fidelities[layer] - (fidelities[layer - 1] ?? 0)) * alive[kOfLayer],
      0
    )
    if (best === undefined || expected > best) best = expected
  }
  return best
}

describe('priorities of layers', () => {
  it('are as good as the best choice within the storage limit', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: 1, max: 2_000_000 }), fc.double({ min: 0, max: 1, noNaN: true })),
          {
            minLength: 1,
            maxLength: 5
          }
        ),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(5),
        fc.constantFrom(undefined, 0.01, 0.2, 0.5),
        fc.constantFrom(0, 0.15, 0.6),
        (layers, k, spare, lossProbability, extraStorage) => {
          const lengths = layers.map(([length]) => length).sort((a, b) => a - b)
          const fidelities = layers.map(([, fidelity]) => fidelity).sort((a, b) => a - b)
          const problem = { lengths, fidelities, n: k + spare, k, lossProbability, extraStorage }
          const found = choosePriorities(problem)
          const best = bestOfAll(problem) ?? found.uniformFidelity
          expect(found.expectedFidelity).to.be.closeTo(best, 1e-12)
          expect(found.k.at(-1)).to.equal(k)
          expect([...found.k]).to.deep.equal(found.k.toSorted((a, b) => a - b))
        }
      ),
      { numRuns: 150 }
    )
  })

  it('give a photograph coarse layers from few shards, for at most 15 % more storage', () => {
    const { k, storageRatio, expectedFidelity, uniformFidelity } = choosePriorities(PICTURE)
    expect(k[0]).to.be.at.most(2)
    expect(k.at(-1)).to.equal(8)
    expect(storageRatio).to.be.within(1, 1.15)
    expect(expectedFidelity).to.be.above(1.3 * uniformFidelity)
  })

  it('use no extra storage when none is allowed, and more when more is allowed', () => {
    expect(
      choosePriorities({ ...PICTURE, lengths: [512, 512], fidelities: [0.5, 1], extraStorage: 0 }).k
    ).to.deep.equal([8, 8])
    const generous = choosePriorities({ ...PICTURE, extraStorage: 0.5 })
    expect(generous.expectedFidelity).to.be.above(choosePriorities(PICTURE).expectedFidelity)
  })

  it('stay uniform where padding alone costs more than is allowed', () => {
    const { k } = choosePriorities({ lengths: [1, 1, 1, 61], fidelities: [0.1, 0.2, 0.3, 1], n: 12, k: 8 })
    expect(k).to.deep.equal([8, 8, 8, 8])
  })

  it('are found quickly for the widest codes', () => {
    const lengths = Array.from({ length: 9 }, (_, layer) => 1000 * 4 ** layer)
    const fidelities = lengths.map((_, layer) => (layer + 1) / 9)
    const { storageRatio, k } = choosePriorities({ lengths, fidelities, n: 256, k: 128 })
    expect(storageRatio).to.be.within(1, 1.15)
    expect(k.at(-1)).to.equal(128)
  })

  it('support both models of live shards: equally likely, or binomial', () => {
    expect(survival(4)).to.deep.equal([1, 0.8, 0.6, 0.4, 0.2])
    const half = survival(3, 0.5)
    ;[1, 7 / 8, 4 / 8, 1 / 8].forEach((probability, j) => expect(half[j]).to.be.closeTo(probability, 1e-12))
  })

  it('are refused for impossible codes', () => {
    for (const wrong of [
      { n: 4, k: 5 },
      { n: 300, k: 5 },
      { k: 0 },
      { lengths: [], fidelities: [] },
      { lengths: [1] },
      { fidelities: [0.5, 0.5, 0.5, 0.5, 0.5, 2] },
      { lossProbability: 1.5 },
      { extraStorage: -1 }
    ]) {
      expect(refusal(() => choosePriorities({ ...PICTURE, ...wrong }))).to.equal('BAD_PRIORITIES')
    }
  })
})
