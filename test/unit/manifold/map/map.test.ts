import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { buildMap, decodeMap, encodeMap, MAP_LIMITS, MapError } from '../../../../src/manifold/map/index.ts'
import { printedOnOtherNode } from '../../../support/other-node.ts'
import { epoch, report, sight } from './reports.ts'
import { vectorDigest } from './vector.ts'
import type { AgreedMap } from '../../../../src/manifold/map/index.ts'

const edge = (map: AgreedMap, a: string, b: string) =>
  map.edges.find(({ from, to }) => {
    const ids = [map.peers[from].id, map.peers[to].id]
    return ids.includes(a) && ids.includes(b)
  })

/** SHA-256 of the bytes of the map that `vector.ts` makes. */
const VECTOR = '6642bc38c19a3e8c0b434c702a834007ad873076f08ece83730b2613e15d4cbe'

describe('agreed map', () => {
  it('has every peer that reported, with its reported values, in ascending order', () => {
    const map = buildMap(undefined, epoch(1), [report('b'), report('a', [], { domain: 'rack-1' })])
    expect(map.peers.map(({ id, domain }) => [id, domain])).to.deep.equal([
      ['a', 'rack-1'],
      ['b', '']
    ])
  })

  it('takes the larger of two round-trip times, so that a liar cannot seem nearer', () => {
    const map = buildMap(undefined, epoch(1), [
      report('a', [sight('b', 40_000)]),
      report('b', [sight('a', 1)])
    ])
    expect(edge(map, 'a', 'b')).to.include({ rttMicros: 40_000, witnesses: 2 })
  })

  it('keeps violations of the triangle inequality', () => {
    const map = buildMap(undefined, epoch(1), [
      report('a', [sight('b', 100_000), sight('c', 10_000)]),
      report('b', [sight('c', 10_000)]),
      report('c')
    ])
    expect(edge(map, 'a', 'b')).to.include({ rttMicros: 100_000, witnesses: 1 })
  })

  it('lets an edge change by at most a factor of two per slot', () => {
    let map = buildMap(undefined, epoch(1), [report('a', [sight('b', 10_000)]), report('b')])
    for (const expected of [20_000, 40_000, 80_000]) {
      map = buildMap(map, epoch(map.slot + 1), [report('a', [sight('b', 5_000_000)]), report('b')])
      expect(edge(map, 'a', 'b')?.rttMicros).to.equal(expected)
    }
    map = buildMap(map, epoch(map.slot + 1), [report('a', [sight('b', 1)]), report('b')])
    expect(edge(map, 'a', 'b')?.rttMicros).to.equal(40_000)
  })

  it('judges a peer by the median of its witnesses, never by itself', () => {
    const liars = ['x', 'y'].map((peer) => report(peer, [sight('victim', 10, { failuresPpm: 1_000_000 })]))
    const honest = ['a', 'b', 'c'].map((peer) => report(peer, [sight('victim', 10, { failuresPpm: 20 })]))
    const own = report('victim', [sight('victim', 10)])
    const map = buildMap(undefined, epoch(1), [...liars, ...honest, own])
    expect(map.peers.find(({ id }) => id === 'victim')).to.include({ failuresPpm: 20, witnesses: 5 })
  })

  it('keeps a silent peer, or one that left, and its edges for some slots', () => {
    let map = buildMap(undefined, epoch(1), [report('a', [sight('b', 10)]), report('b'), report('c')])
    map = buildMap(map, epoch(2), [report('a'), report('c', [], { isLeaving: true })])
    expect(map.peers.map(({ id }) => id)).to.deep.equal(['a', 'b', 'c'])
    expect(edge(map, 'a', 'b')?.rttMicros).to.equal(10)
    map = buildMap(map, epoch(MAP_LIMITS.slotsToLive), [report('a'), report('c', [], { isLeaving: true })])
    expect(map.peers.map(({ id }) => id)).to.deep.equal(['a', 'b', 'c'])
    map = buildMap(map, epoch(MAP_LIMITS.slotsToLive + 1), [report('a')])
    expect(map.peers.map(({ id }) => id)).to.deep.equal(['a'])
    expect(map.edges).to.deep.equal([])
  })

  const coordinate = fc.option(
    fc.record({
      positionMicros: fc.array(fc.integer({ min: -10_000_000, max: 10_000_000 }), {
        minLength: 8,
        maxLength: 8
      }),
      heightMicros: fc.integer({ min: 100, max: 10_000_000 }),
      errorPpm: fc.integer({ min: 0, max: 1_500_000 })
    }),
    { nil: undefined }
  )
  const reports = fc.uniqueArray(
    fc.record({
      peer: fc.constantFrom(...'abcdefghij'),
      sights: fc.uniqueArray(
        fc.record({
          peer: fc.constantFrom(...'abcdefghij'),
          rttMicros: fc.integer({ min: 1, max: MAP_LIMITS.maxRttMicros }),
          failuresPpm: fc.integer({ min: 0, max: 1_000_000 }),
          serviceMicros: fc.integer({ min: 0, max: MAP_LIMITS.maxRttMicros }),
          kibPerSecond: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          domain: fc.constantFrom('', 'net:192.0.2.0/24', 'net:198.51.100.0/24')
        }),
        { selector: ({ peer }) => peer, maxLength: 8 }
      ),
      coordinate,
      heatPpm: fc.integer({ min: 0, max: 1_000_000 }),
      isLeaving: fc.boolean()
    }),
    { selector: ({ peer }) => peer }
  )

  it('property: the order of the reports does not matter, and the bytes are decoded unchanged', () => {
    fc.assert(
      fc.property(fc.array(reports, { minLength: 1, maxLength: 4 }), (slots) => {
        let map: AgreedMap | undefined
        let shuffled: AgreedMap | undefined
        slots.forEach((entries, i) => {
          const all = entries.map(({ peer, sights, ...more }) => report(peer, sights, more))
          map = buildMap(map, epoch(i + 1), all)
          shuffled = buildMap(shuffled, epoch(i + 1), [...all].reverse())
        })
        expect(encodeMap(shuffled!)).to.deep.equal(encodeMap(map!))
        expect(decodeMap(encodeMap(map!))).to.deep.equal(map)
      })
    )
  })

  it('has these bytes on every engine', () => {
    expect(vectorDigest()).to.equal(VECTOR)
  })

  it('has the same bytes on another Node release', function () {
    this.timeout(20_000)
    const printed = printedOnOtherNode(
      "import { vectorDigest } from './test/unit/manifold/map/vector.ts'; console.log(vectorDigest())"
    )
    if (printed === undefined) {
      console.log('      skipped: there is no second Node release on the PATH')
      return this.skip()
    }
    expect(printed.trim()).to.equal(VECTOR)
  })

  it('reads maps of version 1, and builds the next map from them', () => {
    const peer = ['a', 3, 900, 7, 100, 50, 'rack-1', 20, 2]
    const map = decodeMap(dagCbor.encode([1, 7, 35_000, [peer], []]))
    expect(map.peers[0]).to.deep.include({
      id: 'a',
      sinceMs: 35_000,
      seenIn: '',
      coordinate: undefined,
      seat: undefined
    })
    const next = buildMap(map, epoch(8), [report('b')])
    expect(next.peers.map(({ id }) => id)).to.deep.equal(['a', 'b'])
  })

  it('refuses bytes that are not a map', () => {
    const bytes = encodeMap(buildMap(undefined, epoch(1), [report('a', [sight('b', 5)]), report('b')]))
    expect(() => decodeMap(bytes.subarray(0, -1))).to.throw(MapError)
    expect(() => decodeMap(Uint8Array.of(0x80))).to.throw(MapError)
    expect(() => decodeMap(new Uint8Array())).to.throw(MapError)
    for (let i = 0; i < bytes.length; i++) {
      const damaged = Uint8Array.from(bytes)
      damaged[i] ^= 0x10
      try {
        decodeMap(damaged)
      } catch (error) {
        expect(error).to.be.instanceOf(MapError)
      }
    }
  })

  it('looks at the shape of foreign bytes before it decodes them', () => {
    // Each is well-formed dag-cbor of a megabyte: decoding one takes a third of a second, and none can be a map.
    const million = Uint8Array.of(0x9a, 0, 0x0f, 0xff, 0xfb)
    const filled = (byte: number) => Buffer.concat([million, new Uint8Array(0xffffb).fill(byte)])
    for (const byte of [0x00, 0x80, 0xa0])
      expect(() => decodeMap(filled(byte))).to.throw(MapError, 'encoding')
    expect(() => decodeMap(dagCbor.encode([2, 1, 1, 1, [[[[[[]]]]]], []]))).to.throw(MapError, 'encoding')
  })

  it('decodes the largest map: 500 peers with coordinates and seats, an edge between any two', () => {
    const ids = Array.from({ length: MAP_LIMITS.peers }, (_, i) => `p${String(i).padStart(3, '0')}`)
    const map = buildMap(
      undefined,
      epoch(1),
      ids.map((id) => report(id))
    )
    const coordinate = { positionMicros: Array(8).fill(-1), heightMicros: 1_000, errorPpm: 1 }
    const seat = { capacityBytes: 1, reliabilityPpm: 1, domain: 'x' }
    const largest = {
      ...map,
      peers: map.peers.map((peer) => ({ ...peer, coordinate, seat })),
      edges: ids.flatMap((_, from) =>
        ids.slice(from + 1).map((_, i) => ({ from, to: from + 1 + i, rttMicros: 1, witnesses: 2 as const }))
      )
    }
    expect(decodeMap(encodeMap(largest)).edges).to.have.lengthOf(124_750)
  })
})
