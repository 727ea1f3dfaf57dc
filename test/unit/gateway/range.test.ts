import { expect } from 'chai'
import fc from 'fast-check'
import { contentRange, parseRange } from '../../../src/gateway/range.ts'

describe('gateway: Range', () => {
  const cases: Array<[header: string, size: number, start: number, end: number]> = [
    ['bytes=0-0', 10, 0, 1],
    ['bytes=2-4', 10, 2, 5],
    ['bytes=5-', 10, 5, 10],
    ['bytes=-3', 10, 7, 10],
    ['bytes=-30', 10, 0, 10],
    ['bytes=2-400', 10, 2, 10]
  ]
  for (const [header, size, start, end] of cases) {
    it(`reads "${header}" of ${size} bytes`, () => {
      expect(parseRange(header, size)).to.deep.equal({ start, end })
    })
  }

  for (const header of [
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=4-2',
    'bytes=1-2,4-5',
    'rows=1-2',
    'bytes=a-b'
  ]) {
    it(`ignores ${JSON.stringify(header)}`, () => {
      expect(parseRange(header, 10)).to.equal(undefined)
    })
  }

  for (const [header, size] of [
    ['bytes=10-', 10],
    ['bytes=10-20', 10],
    ['bytes=-0', 10]
  ] as const) {
    it(`refuses "${header}" of ${size} bytes`, () => {
      expect(() => parseRange(header, size))
        .to.throw()
        .with.property('code', 'UNSATISFIABLE_RANGE')
    })
  }

  for (const header of ['bytes=-5', 'bytes=0-', 'bytes=0-1048575', 'bytes=7-9']) {
    it(`sends the whole of an empty object for "${header}"`, () => {
      expect(parseRange(header, 0)).to.equal(undefined)
    })
  }

  it('never leaves the object, for any range', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (first, last, size) => {
        try {
          const range = parseRange(`bytes=${first}-${last}`, size)
          if (range === undefined) return first > last || size === 0
          return 0 <= range.start && range.start < range.end && range.end <= size
        } catch {
          return size > 0 && first >= size
        }
      })
    )
  })

  it('writes Content-Range with an inclusive end', () => {
    expect(contentRange({ start: 2, end: 5 }, 10)).to.equal('bytes 2-4/10')
  })
})
