import { XMLParser } from 'fast-xml-parser'
import { expect } from 'chai'
import { mapSvg } from '../../../src/cli/map-svg.ts'
import type { MapJson } from '../../../src/gateway/index.ts'

const peer = (index: number, more: Partial<MapJson['peers'][number]> = {}): MapJson['peers'][number] => ({
  id: `12D3KooW${String(index).padStart(44, 'a')}`,
  capacityBytes: 1,
  freeBytes: 1,
  failuresPpm: 0,
  heatPpm: 0,
  witnesses: 3,
  isDoubted: false,
  seenIn: '',
  domain: '',
  serviceMicros: 0,
  upKibPerSecond: 0,
  downKibPerSecond: 0,
  slotsSilent: 0,
  coordinate: { positionMicros: [index * 10_000, (index % 3) * 4_000, 0], heightMicros: 100, errorPpm: 0 },
  ...more
})

const mapOf = (peers: MapJson['peers'], validators: readonly string[] = []): MapJson =>
  ({
    state: 'agreed',
    slot: 7,
    ageMs: 1000,
    hasQuorum: true,
    peers,
    links: [],
    agreement: { validators: validators.map((id) => ({ id })) }
  }) as unknown as MapJson

const parse = (svg: string) =>
  new XMLParser({ ignoreAttributes: false, isArray: (name) => ['g', 'circle', 'text'].includes(name) }).parse(
    svg,
    true
  ) as {
    svg: { g?: Array<{ title: string; circle: Array<Record<string, string>> }>; text: unknown[] }
  }
/** The circle of a peer itself: rings come before it. */
const dots = (svg: string) => (parse(svg).svg.g ?? []).map(({ circle }) => circle.at(-1)!)

describe('cli: the map as a picture', () => {
  it('is well-formed, with one peer, peers in one place, without coordinates, and with none at all', () => {
    for (const peers of [
      [],
      [peer(1)],
      [peer(1), peer(1, { id: 'other' })],
      [peer(1, { coordinate: undefined })],
      Array.from({ length: 50 }, (_, index) => peer(index))
    ]) {
      const drawn = dots(mapSvg(mapOf(peers)))
      expect(drawn).to.have.length(peers.filter(({ coordinate }) => coordinate !== undefined).length)
      for (const { '@_cx': x, '@_cy': y } of drawn) {
        expect(Number(x)).to.be.within(0, 800)
        expect(Number(y)).to.be.within(60, 870)
      }
    }
  })

  it('keeps distances: what is twice as far stands twice as far', () => {
    const at = (ms: number, id: string) =>
      peer(0, { id, coordinate: { positionMicros: [0, ms * 1000, 0], heightMicros: 100, errorPpm: 0 } })
    const [a, b, c] = dots(mapSvg(mapOf([at(0, 'a'), at(10, 'b'), at(30, 'c')])))
    const apart = (one: Record<string, string>, two: Record<string, string>): number =>
      Math.hypot(Number(one['@_cx']) - Number(two['@_cx']), Number(one['@_cy']) - Number(two['@_cy']))
    expect(apart(b, c) / apart(a, b)).to.be.closeTo(2, 0.01)
  })

  it('shows load as colour, who is silent, and who validates', () => {
    const peers = [peer(1), peer(2, { heatPpm: 990_000 }), peer(3, { slotsSilent: 4 })]
    const svg = mapSvg(mapOf(peers, [peers[1].id]))
    const [cool, hot, silent] = dots(svg)
    expect(cool['@_fill']).not.to.equal(hot['@_fill'])
    expect(cool['@_stroke-dasharray']).to.equal(undefined)
    expect(silent['@_stroke-dasharray']).to.equal('3 2')
    expect(parse(svg).svg.g!.map(({ circle }) => circle.length)).to.deep.equal([1, 2, 1])
  })
})
