import { expect } from 'chai'
import fc from 'fast-check'
import { CANTOR_BASIS, POINTS, multiply } from '../../../encoder/gf256.ts'
import { generatorRow, pointIndexOf, recoveryMatrix } from '../../../encoder/rs8/generator.ts'
import { oracleRow } from '../../../encoder/rs8/oracle.ts'
import { SHAPES, pseudoRandomRows } from './support.ts'

/** The oracle turns the rows of the identity matrix into the coefficients that it stands for. */
function oracleCoefficients(k: number, row: number): number[] {
  const identity = Array.from({ length: k }, (_, j) => {
    const data = new Uint8Array(k)
    data[j] = 1
    return data
  })
  return [...oracleRow(identity, row)]
}

describe('rs8 points and coefficients', () => {
  it('has a Cantor basis: b_i^2 + b_i is the element before, and all 256 points differ', () => {
    for (let i = 1; i < 8; i++) {
      expect(multiply(CANTOR_BASIS[i], CANTOR_BASIS[i]) ^ CANTOR_BASIS[i]).to.equal(CANTOR_BASIS[i - 1])
    }
    expect(new Set(POINTS).size).to.equal(256)
  })

  it('gives each of the 256 rows of every k its own point', () => {
    for (let k = 1; k <= 256; k++) {
      const indices = Array.from({ length: 256 }, (_, row) => pointIndexOf(k, row))
      expect(new Set(indices).size, `k = ${k}`).to.equal(256)
      expect(Math.max(...indices), `k = ${k}`).to.equal(255)
    }
  })

  for (const [k, n] of SHAPES.filter(([k, n]) => n > k && k <= 129)) {
    it(`equals the interpolation that defines it at k = ${k}, first and last rows up to ${n - 1}`, () => {
      for (const row of new Set([0, k - 1, k, n - 1])) {
        expect([...generatorRow(k, row)], `row ${row}`).to.deep.equal(oracleCoefficients(k, row))
      }
    })
  }

  it('is MDS: rows made from any k others are the rows made from the data', () => {
    const code = fc
      .tuple(fc.integer({ min: 1, max: 256 }), fc.nat(), fc.nat())
      .chain(([k, a, seed]) =>
        fc.record({ k: fc.constant(k), n: fc.constant(k + (a % (257 - k))), seed: fc.constant(seed) })
      )
    fc.assert(
      fc.property(code, ({ k, n, seed }) => {
        const have = pseudoRandomRows(n, k, seed)
        const want = pseudoRandomRows(n, 1, seed + 1)
        const recovery = recoveryMatrix(k, have, want)
        const product = new Uint8Array(k)
        have.forEach((row, i) => {
          generatorRow(k, row).forEach((value, j) => (product[j] ^= multiply(recovery[i], value)))
        })
        expect([...product]).to.deep.equal([...generatorRow(k, want[0])])
      }),
      { numRuns: 60, seed: 1 }
    )
  })

  it('makes rows independent of n: a row depends only on k and its number', () => {
    expect(pointIndexOf(10, 10)).to.equal(16)
    expect(pointIndexOf(10, 249)).to.equal(255)
    expect(pointIndexOf(10, 250)).to.equal(10)
    expect(pointIndexOf(255, 255)).to.equal(255)
  })
})
