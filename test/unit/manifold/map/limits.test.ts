// A map stays within the largest payload, however many peers there are and whatever they measure.
import { expect } from 'chai'
import { MAX_PAYLOAD_BYTES } from '../../../../src/agreement/payloads.ts'
import { buildMap, decodeMap, encodeMap, MAP_LIMITS } from '../../../../src/manifold/map/index.ts'
import { Prng } from '../../../sim/engine/index.ts'
import { epoch, report, sight } from './reports.ts'
import type { AgreedMap, MapReport } from '../../../../src/manifold/map/index.ts'

const idOf = (i: number): string => `12D3KooW${String(i).padStart(44, '0')}`

/** Reports of `count` of `peers` peers, each of 32 neighbours drawn anew. */
const churned = (peers: number, count: number, prng: Prng): MapReport[] =>
  Array.from({ length: count }, (_, i) => {
    const seen = new Set<number>()
    while (seen.size < MAP_LIMITS.sights) seen.add(prng.below(peers))
    return report(
      idOf(i),
      [...seen].map((j) => sight(idOf(j), 1_000 + prng.below(200_000)))
    )
  })

const idsOfEdges = ({ peers, edges }: AgreedMap): string[] =>
  edges.map(({ from, to }) => `${peers[from].id} ${peers[to].id}`)

describe('limits of the agreed map', () => {
  for (const peers of [500, 1_000]) {
    it(`${peers} peers that measure others in every slot make no map above the largest payload`, () => {
      const prng = new Prng(peers)
      let map: AgreedMap | undefined
      for (let slot = 1; slot <= 3; slot++) {
        map = buildMap(map, epoch(slot), churned(peers, MAP_LIMITS.peers, prng))
        expect(map.edges.length).to.be.at.most(MAP_LIMITS.edges)
      }
      expect(map!.edges.length).to.be.greaterThan(0.9 * MAP_LIMITS.edges)
      expect(encodeMap(map!).byteLength).to.be.lessThan(MAX_PAYLOAD_BYTES)
    })
  }

  it('the longest map that there can be fits into a payload', () => {
    const text = (length: number, i: number): string => String(i).padStart(length, '\uffff')
    const largest = Number.MAX_SAFE_INTEGER
    const peers = Array.from({ length: MAP_LIMITS.peers }, (_, i) => ({
      id: `12D3KooW${String(i).padStart(MAP_LIMITS.maxIdLength - 8, '0')}`,
      ...{ sequence: largest, issuedAtMs: largest, reportedInSlot: largest, sinceMs: largest },
      ...{ capacityBytes: largest, freeBytes: largest, serviceMicros: largest, heatPpm: largest },
      ...{ upKibPerSecond: largest, downKibPerSecond: largest, failuresPpm: largest, witnesses: largest },
      ...{ domain: text(MAP_LIMITS.maxDomainLength, i), seenIn: text(MAP_LIMITS.maxDomainLength, i) },
      coordinate: {
        positionMicros: Array(8).fill(-10_000_000),
        heightMicros: 10_000_000,
        errorPpm: 1_500_000
      },
      isDoubted: true,
      seat: {
        capacityBytes: largest,
        reliabilityPpm: largest,
        domain: text(MAP_LIMITS.maxSeatDomainLength, i)
      }
    }))
    const edges = Array.from({ length: MAP_LIMITS.edges }, (_, i) => ({
      from: 300 + Math.floor(i / 100),
      to: 460 + (i % 100),
      rttMicros: MAP_LIMITS.maxRttMicros,
      witnesses: 2 as const
    }))
    const bytes = encodeMap({ slot: largest, closedAtMs: largest, era: largest, peers, edges })
    expect(bytes.byteLength).to.be.within(700_000, MAX_PAYLOAD_BYTES)
  })

  it('a peer in the middle of all keeps what others measure of it', () => {
    const ids = Array.from({ length: 200 }, (_, i) => idOf(i))
    const reports = ids.map((id, i) => report(id, i === 0 ? [] : [sight(ids[0], 1_000 + i)]))
    expect(buildMap(undefined, epoch(1), reports).edges).to.have.lengthOf(199)
  })

  it('edges of peers that are silent outlive those that two reporting peers no longer measure', () => {
    const full = (peer: number, first: number): MapReport =>
      report(
        idOf(peer),
        Array.from({ length: MAP_LIMITS.sights }, (_, i) => sight(idOf(first + i), 10_000))
      )
    const others = Array.from({ length: 98 }, (_, i) => report(idOf(i + 2)))
    let map = buildMap(undefined, epoch(1), [full(0, 10), full(1, 10), ...others])
    // Both turn to others: the edges before are kept while their ends have room.
    map = buildMap(map, epoch(2), [full(0, 50), full(1, 50), ...others])
    expect(map.edges).to.have.lengthOf(4 * MAP_LIMITS.sights)
    // Peer 10 falls silent, and everybody else fills its room with new edges.
    const busy = others.map((_, i) => full(i + 2, 200)).filter(({ peer }) => peer !== idOf(10))
    const strangers = Array.from({ length: MAP_LIMITS.sights }, (_, i) => report(idOf(200 + i)))
    map = buildMap(map, epoch(3), [full(0, 50), full(1, 50), ...busy, ...strangers])
    const kept = idsOfEdges(map)
    expect(kept).to.include(`${idOf(0)} ${idOf(10)}`)
    expect(kept).to.not.include(`${idOf(0)} ${idOf(11)}`)
  })

  it('a full map keeps its peers, and takes a newcomer when it gives one up', () => {
    const among = (first: number, count: number): MapReport[] =>
      Array.from({ length: count }, (_, i) => report(idOf(first + i)))
    let map = buildMap(undefined, epoch(1), among(100, 500))
    const before = map.peers.map(({ id }) => id)
    map = buildMap(map, epoch(2), [...among(0, 1), ...among(101, 499)])
    expect(map.peers.map(({ id }) => id)).to.deep.equal(before)
    map = buildMap(map, epoch(1 + MAP_LIMITS.slotsToLive), [...among(0, 1), ...among(101, 499)])
    expect(map.peers.map(({ id }) => id)).to.deep.equal([idOf(0), ...before.slice(1)])
  })

  it('maps of earlier versions with more edges are read, and the next one is within the limits', () => {
    const reports = Array.from({ length: MAP_LIMITS.peers }, (_, i) => report(idOf(i)))
    const map = buildMap(undefined, epoch(1), reports)
    const edges = reports
      .flatMap((_, from) => reports.map((_, to) => ({ from, to, rttMicros: 5, witnesses: 2 as const })))
      .filter(({ from, to }) => from < to)
    const next = buildMap(decodeMap(encodeMap({ ...map, edges })), epoch(2), reports)
    expect(next.edges.length).to.be.within(0.9 * MAP_LIMITS.edges, MAP_LIMITS.edges)
  })
})
