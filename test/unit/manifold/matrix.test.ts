import { expect } from 'chai'
import {
  cityMatrix,
  MatrixError,
  parseMatrix,
  seededDice,
  withoutGaps
} from '../../../src/manifold/simulation/index.ts'
import { shortestPaths } from '../../../src/manifold/simulation/shortest-paths.ts'

describe('manifold: matrix', () => {
  const rows = (text: string) => {
    const matrix = parseMatrix(text)
    return Array.from({ length: matrix.size }, (_, i) =>
      Array.from({ length: matrix.size }, (_, j) => matrix.rttMs(i, j))
    )
  }

  it('reads numbers, with or without names, and ignores the diagonal', () => {
    const plain = [
      [0, 1, 2],
      [3, 0, 4.5],
      [5, 6, 0]
    ]
    expect(rows('9,1,2\n3,9,4.5\n5,6,9\n')).to.deep.equal(plain)
    expect(rows('region,a,b,c\r\na,9,1,2\r\nb,3,9,4.5\r\nc,5,6,9\r\n')).to.deep.equal(plain)
    expect(parseMatrix('r,a,b,c\na,9,1,2\nb,3,9,4\nc,5,6,9').names).to.deep.equal(['a', 'b', 'c'])
  })

  for (const [what, text] of [
    ['nothing', ''],
    ['two nodes', '0,1\n1,0'],
    ['a short row', '0,1,2\n1,0\n2,1,0'],
    ['a long row', '0,1,2\n1,0,2,3\n2,1,0'],
    ['a negative time', '0,1,2\n-1,0,2\n2,1,0'],
    ['a word', '0,1,2\n1,0,x\n2,1,0'],
    ['infinity', '0,1,2\n1,0,Infinity\n2,1,0']
  ]) {
    it(`refuses ${what}`, () =>
      expect(() => parseMatrix(text))
        .to.throw(MatrixError)
        .with.property('code', 'BAD_MATRIX'))
  }

  it('gaps are filled from the other direction, or with the median', () => {
    const whole = withoutGaps(parseMatrix('0,7,0\n0,0,5\n0,0,0'))
    expect([whole.rttMs(1, 0), whole.rttMs(2, 1), whole.rttMs(0, 2)]).to.deep.equal([7, 5, 7])
  })

  it('shortest paths go over any hops and count each relay', () => {
    const matrix = parseMatrix('0,1,50,50\n1,0,1,50\n50,1,0,1\n50,50,1,0')
    expect(shortestPaths(matrix)[3]).to.equal(3)
    expect(shortestPaths(matrix, 2)[3]).to.equal(7)
    expect(shortestPaths(matrix, 30)[3]).to.equal(50)
  })

  it('made cities: the same seed gives the same matrix, symmetric, nothing faster than light', () => {
    const [a, b] = [cityMatrix(40, seededDice(1)), cityMatrix(40, seededDice(1))]
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < i; j++) {
        expect(a.rttMs(i, j)).to.equal(b.rttMs(i, j))
        expect(a.rttMs(i, j)).to.equal(a.rttMs(j, i))
        expect(a.rttMs(i, j)).to.be.within(0.5, 700)
      }
    }
    expect(cityMatrix(40, seededDice(2)).rttMs(1, 0)).not.to.equal(a.rttMs(1, 0))
  })
})
