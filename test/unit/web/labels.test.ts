import { expect } from 'chai'
import fc from 'fast-check'
import { placeLabels } from '../../../web/src/labels.ts'
import type { Label, Labelled } from '../../../web/src/labels.ts'

const SIZE = 400

const boxOf = ({ text, x, y }: Label): readonly [number, number, number, number] => {
  const half = text.length * 3.5
  return [x - half, x + half, y - 7, y + 7]
}

const overlap = (a: ReturnType<typeof boxOf>, b: ReturnType<typeof boxOf>): boolean =>
  a[0] < b[1] && b[0] < a[1] && a[2] < b[3] && b[2] < a[3]

describe('web page: labels of the map', () => {
  const point = fc.record({
    text: fc.stringMatching(/^[a-z]{1,9}$/),
    x: fc.double({ min: 50, max: 350, noNaN: true }),
    y: fc.double({ min: 50, max: 350, noNaN: true }),
    radius: fc.constantFrom(7, 14)
  })

  it('cover neither one another nor a point, and stay in the picture', () => {
    fc.assert(
      fc.property(fc.array(point, { maxLength: 40 }), (points) => {
        const boxes = placeLabels(points, SIZE).map(boxOf)
        boxes.forEach((box, index) => {
          expect(Math.min(box[0], box[2]), 'inside').to.be.at.least(0)
          expect(Math.max(box[1], box[3]), 'inside').to.be.at.most(SIZE)
          expect(boxes.slice(index + 1).some((other) => overlap(box, other))).to.equal(false)
          const marks = points.map(({ x, y, radius: r }) => [x - r, x + r, y - r, y + r] as const)
          expect(marks.some((mark) => overlap(box, mark))).to.equal(false)
        })
      })
    )
  })

  it('stand below a point that has room, and farther off with a line in a crowd', () => {
    const alone: Labelled = { text: 'abc', x: 200, y: 200, radius: 7 }
    expect(placeLabels([alone], SIZE)).to.deep.equal([{ text: 'abc', x: 200, y: 217, from: undefined }])
    const crowd = Array.from({ length: 8 }, (_, index) => ({
      ...alone,
      text: `…peer-${index}`,
      x: 200 + 4 * index
    }))
    const labels = placeLabels(crowd, SIZE)
    expect(labels).to.have.length(8)
    expect(labels.filter(({ from }) => from !== undefined)).to.have.length.above(0)
  })
})
