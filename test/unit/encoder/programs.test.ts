import { expect } from 'chai'
import { PlanCache } from '../../../encoder/index.ts'
import type { RowPlan } from '../../../encoder/index.ts'
import { columnProgram, methodsFor, programBy } from '../../../encoder/rs8/compile.ts'
import { decodeBySyndrome, decodeByTransform, decodeFromCoset } from '../../../encoder/rs8/decode.ts'
import { encodeByChunks, encodeByTransform } from '../../../encoder/rs8/encode.ts'
import { byMatrix } from '../../../encoder/rs8/matrix.ts'
import type { Method } from '../../../encoder/rs8/task.ts'

const plans = new PlanCache()
/** All data from all parity. */
const fromParity = (k: number) => plans.reconstruct(k, 2 * k, range(k, 2 * k), range(0, k))
/** Every other data row from the rest and as much parity. */
const everyOther = (k: number) => {
  const odd = range(0, k / 2).map((i) => 2 * i + 1)
  const even = range(0, k / 2).map((i) => 2 * i)
  return plans.reconstruct(k, 2 * k, [...odd, ...range(k, k + k / 2)], even)
}
/** The first `lost` data rows from the others and as much parity. */
const firstRows = (k: number, n: number, lost: number) =>
  plans.reconstruct(k, n, range(lost, k + lost), range(0, lost))

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i)
}

// The backends' suite compares the bytes of all these shapes with the oracle; this says which steps made
// them.
const CHOSEN: ReadonlyArray<readonly [what: string, plan: RowPlan, method: Method]> = [
  ['a copy (1, 3)', plans.encode(1, 3), byMatrix],
  ['one row of (10, 14)', plans.encode(10, 14, [12]), byMatrix],
  ['(10, 14)', plans.encode(10, 14), encodeByChunks],
  ['(33, 35)', plans.encode(33, 35), encodeByChunks],
  ['(8, 16)', plans.encode(8, 16), encodeByTransform],
  ['(4, 6)', plans.encode(4, 6), encodeByTransform],
  ['(64, 128)', plans.encode(64, 128), encodeByTransform],
  ['the padding points of (129, 256)', plans.encode(129, 256), encodeByTransform],
  ['all data of (8, 16) from parity', fromParity(8), decodeFromCoset],
  ['all data of (64, 128) from parity', fromParity(64), decodeFromCoset],
  [
    'data and parity of (16, 64) from parity',
    plans.reconstruct(16, 64, range(32, 48), [3, 20, 63]),
    byMatrix
  ],
  ['much of (16, 64) from parity', plans.reconstruct(16, 64, range(32, 48), range(0, 32)), decodeFromCoset],
  ['all data of (48, 96) from parity', fromParity(48), decodeByTransform],
  ['half the data of (8, 16)', everyOther(8), byMatrix],
  ['half the data of (64, 128)', everyOther(64), decodeByTransform],
  ['half the data of (128, 256)', everyOther(128), decodeByTransform],
  ['eight lost rows of (64, 128)', firstRows(64, 128, 8), decodeBySyndrome],
  ['twenty lost rows of (200, 256)', firstRows(200, 256, 20), decodeBySyndrome],
  ['one lost row of (64, 128)', plans.reconstruct(64, 128, range(1, 65), [0]), byMatrix]
]

describe('column programs', () => {
  for (const [what, plan, method] of CHOSEN) {
    it(`makes ${what} by ${method.name}`, () => {
      expect(methodsFor(plan)).to.include(method)
      expect([...columnProgram(plan).words]).to.deep.equal([...programBy(method, plan).words])
    })
  }

  it('takes the matrix for the change of one row and for rows at padding points', () => {
    expect(methodsFor(plans.update(64, 128, 3, range(64, 128)))).to.deep.equal([byMatrix])
    expect(methodsFor(plans.reconstruct(33, 256, [...range(0, 32), 255], range(33, 60)))).to.deep.equal([
      byMatrix
    ])
  })

  it('stays within the kernel’s memory at every shape', () => {
    for (let k = 1; k <= 256; k += 17) {
      for (const n of new Set([k, Math.min(256, 2 * k), 256])) {
        for (const plan of [
          plans.encode(k, n, range(0, n)),
          plans.reconstruct(k, n, range(n - k, n), range(0, n))
        ]) {
          const { words, rowSlots, scratchSlots } = columnProgram(plan)
          expect(words.byteLength).to.be.at.most(176 * 1024)
          expect(rowSlots + 1 + scratchSlots).to.be.at.most(1024)
          expect(scratchSlots * (256 + 64)).to.be.at.most(256 * 1024)
        }
      }
    }
  })
})
