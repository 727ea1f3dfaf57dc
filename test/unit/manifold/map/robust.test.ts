// What liars can make of the map.
import { expect } from 'chai'
import {
  buildMap,
  MAP_LIMITS,
  MAX_RATE_MULTIPLE,
  predictRttMicros
} from '../../../../src/manifold/map/index.ts'
import type { AgreedMap, MapPeer, MapReport, Sight } from '../../../../src/manifold/map/index.ts'
import { epoch, report, sight } from './reports.ts'

const at = (x: number, errorPpm = 50_000) => ({
  positionMicros: [x, 0, 0, 0, 0, 0, 0, 0],
  heightMicros: 1_000,
  errorPpm
})
const peerOf = (map: AgreedMap, id: string): MapPeer => map.peers.find((peer) => peer.id === id)!

/** Maps of `slots` slots from the same reports. */
const settled = (reports: readonly MapReport[], slots = 1): AgreedMap => {
  let map = buildMap(undefined, epoch(1), reports)
  for (let slot = 2; slot <= slots; slot++) map = buildMap(map, epoch(slot), reports)
  return map
}

/** Peers on a line, 20 ms apart, all of which measure each other rightly. */
const COUNT = 12
const place = (i: number): number => i * 20_000
const rtt = (i: number, j: number): number => Math.abs(place(i) - place(j)) + 2_000
const name = (i: number): string => `p${String(i).padStart(2, '0')}`
const line = (change: (i: number) => Partial<MapReport> = () => ({})): MapReport[] =>
  Array.from({ length: COUNT }, (_, i) =>
    report(
      name(i),
      Array.from({ length: COUNT }, (_, j) => j).flatMap((j) => (i === j ? [] : [sight(name(j), rtt(i, j))])),
      { coordinate: at(place(i)), ...change(i) }
    )
  )

describe('agreed map: coordinates', () => {
  it('are those of the reports, and predict what was measured', () => {
    const map = settled(line())
    expect(map.peers.filter(({ isDoubted }) => isDoubted)).to.deep.equal([])
    const [a, b] = [peerOf(map, 'p02'), peerOf(map, 'p09')]
    expect(predictRttMicros(a.coordinate!, b.coordinate!)).to.equal(rtt(2, 9))
    expect(a.coordinate!.errorPpm).to.equal(50_000)
  })

  it('of a peer that claims to be elsewhere are doubted by those who measured it, and their error is what they found', () => {
    const map = settled(line((i) => (i === 4 ? { coordinate: at(9_000_000, 0) } : {})))
    expect(map.peers.filter(({ isDoubted }) => isDoubted).map(({ id }) => id)).to.deep.equal(['p04'])
    expect(peerOf(map, 'p04').coordinate!.errorPpm).to.be.greaterThan(900_000)
  })

  it('of an honest peer are not doubted because two liars measure nonsense', () => {
    const slander = (i: number): Partial<MapReport> => ({
      sights: line()[i].sights.map((one) => (one.peer === 'p00' ? { ...one, rttMicros: 30_000_000 } : one))
    })
    const map = settled(line((i) => (i === 10 || i === 11 ? slander(i) : {})))
    expect(peerOf(map, 'p00').isDoubted).to.equal(false)
    expect(peerOf(map, 'p00').coordinate!.errorPpm).to.equal(50_000)
  })

  it('follow their claims by a bounded way per slot, whatever the error that they claim', () => {
    let map = settled([report('a', [], { coordinate: at(0) })])
    for (let slot = 2; slot <= 4; slot++) {
      map = buildMap(map, epoch(slot), [report('a', [], { coordinate: at(-1_000_000, 1_500_000) })])
      const moved = -peerOf(map, 'a').coordinate!.positionMicros[0]
      expect(moved).to.equal(MAP_LIMITS.maxDriftMicros * (slot - 1))
    }
    map = buildMap(map, epoch(5), [report('a', [], { coordinate: at(-65_000) })])
    expect(peerOf(map, 'a').coordinate).to.deep.equal(at(-65_000))
  })
})

describe('agreed map: load', () => {
  const served = (serviceMicros: number, more: Partial<Sight> = {}): Partial<Sight> => ({
    serviceMicros,
    ...more
  })
  /** Everybody is served by `cool`, `warm` and `hot`. */
  const witnesses = (count: number, hot: (i: number) => number): MapReport[] =>
    Array.from({ length: count }, (_, i) =>
      report(`w${i}`, [
        sight('cool', 10, served(1_000)),
        sight('warm', 10, served(1_000)),
        sight('hot', 10, served(hot(i)))
      ])
    )

  it('is what the peer feels, while nobody finds it slower than usual', () => {
    const map = settled([
      ...witnesses(4, () => 900),
      report('cool', [], { heatPpm: 700_000 }),
      report('hot'),
      report('warm')
    ])
    expect(peerOf(map, 'cool')).to.include({ heatPpm: 700_000, serviceMicros: 1_000 })
    expect(peerOf(map, 'hot').heatPpm).to.equal(0)
  })

  it('is what observers wait for when the peer claims to be cool: 1 - usual / observed', () => {
    const map = settled([
      ...witnesses(4, () => 10_000),
      report('cool'),
      report('hot', [], { heatPpm: 5 }),
      report('warm')
    ])
    expect(peerOf(map, 'hot')).to.include({ heatPpm: 900_000, serviceMicros: 10_000 })
  })

  it('cannot be slandered by fewer than half of those who were served, nor by two witnesses alone', () => {
    const map = settled([
      ...witnesses(5, (i) => (i < 2 ? 60_000_000 : 1_000)),
      report('cool'),
      report('hot'),
      report('warm')
    ])
    expect(peerOf(map, 'hot').heatPpm).to.equal(0)
    const two = settled([...witnesses(2, () => 60_000_000), report('cool'), report('hot'), report('warm')])
    expect(peerOf(two, 'hot')).to.include({ heatPpm: 0, serviceMicros: 0 })
  })

  it('shows the bandwidth that a peer claims up to a multiple of what others saw it send', () => {
    const saw = (kibPerSecond: number): MapReport[] =>
      ['w0', 'w1', 'w2'].map((peer) => report(peer, [sight('x', 10, { kibPerSecond })]))
    const claim = (upKibPerSecond: number): MapReport => report('x', [], { upKibPerSecond })
    const up = (reports: MapReport[]): number => peerOf(settled(reports), 'x').upKibPerSecond
    expect(up([...saw(1_000), claim(4_000_000_000)])).to.equal(MAX_RATE_MULTIPLE * 1_000)
    expect(up([...saw(1_000), claim(2_000)])).to.equal(2_000)
    expect(up([...saw(1_000), claim(0)])).to.equal(1_000)
    expect(up([claim(2_000)])).to.equal(2_000)
  })
})

describe('agreed map: witnesses', () => {
  const honest = (more: Partial<Sight>): MapReport[] =>
    ['h0', 'h1', 'h2'].map((peer) => report(peer, [sight('victim', 10, more)]))
  /** Many names in one place, which all say the same. */
  const crowd = (more: Partial<Sight>): MapReport[] =>
    Array.from({ length: 20 }, (_, i) => report(`s${i}`, [sight('victim', 10, more)]))
  /** Honest peers say where everybody is, so that the map knows it from the second slot on. */
  const seers = (): MapReport[] =>
    ['o0', 'o1', 'o2', 'o3'].map((peer) =>
      report(peer, [
        ...crowd({}).map((one) => sight(one.peer, 10, { domain: 'net:crowded' })),
        ...['h0', 'h1', 'h2'].map((one) => sight(one, 10))
      ])
    )

  it('in one place have one voice together', () => {
    const lie = { failuresPpm: 1_000_000, domain: 'net:elsewhere', serviceMicros: 1 }
    const reports = [...honest({ domain: 'net:right' }), ...crowd(lie), ...seers(), report('victim')]
    const victim = peerOf(settled(reports, 3), 'victim')
    expect(victim).to.include({ failuresPpm: 0, seenIn: 'net:right', witnesses: 23, serviceMicros: 0 })
  })

  it('say in which failure domain a peer is; it keeps the last when nobody sees it', () => {
    const map = settled([...honest({ domain: 'net:right' }), report('victim')])
    expect(peerOf(map, 'victim').seenIn).to.equal('net:right')
    const later = buildMap(map, epoch(2), [report('victim'), report('h0')])
    expect(peerOf(later, 'victim').seenIn).to.equal('net:right')
  })
})
