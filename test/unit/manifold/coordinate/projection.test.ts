import { expect } from 'chai'
import { projectPositions } from '../../../../src/manifold/coordinate/projection.ts'

const distance = ([ax, ay]: readonly number[], [bx, by]: readonly number[]): number =>
  Math.hypot(ax - bx, ay - by)

describe('projection of coordinates onto paper', () => {
  it('keeps the distances of peers that lie in one plane', () => {
    const plane = [
      [0, 0],
      [30, 0],
      [0, 40],
      [-10, 25]
    ]
    // The plane stands askew in three dimensions.
    const positions = plane.map(([u, v]) => [u * 600, u * 800, v * 1000])
    const points = projectPositions(positions)
    for (let i = 0; i < plane.length; i++) {
      for (let j = 0; j < i; j++) {
        expect(distance(points[i], points[j])).to.be.closeTo(distance(plane[i], plane[j]), 0.01)
      }
    }
  })

  it('puts one peer, and peers in one place, in the middle', () => {
    expect(projectPositions([])).to.deep.equal([])
    expect(projectPositions([[5, 6, 7]])).to.deep.equal([[0, 0]])
    expect(
      projectPositions([
        [5, 6],
        [5, 6]
      ])
    ).to.deep.equal([
      [0, 0],
      [0, 0]
    ])
  })
})
