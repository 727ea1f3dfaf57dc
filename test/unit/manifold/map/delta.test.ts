import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import {
  buildMap,
  encodeMap,
  MAP_LIMITS,
  MapError,
  mapDelta,
  patchMap
} from '../../../../src/manifold/map/index.ts'
import type { AgreedMap } from '../../../../src/manifold/map/index.ts'
import { epoch, report, sight } from './reports.ts'

const idOf = (i: number): string => `peer-${String(i).padStart(3, '0')}`

/** Peers `from` to `to`, each of which has measured its next ten. */
const mapOf = (previous: AgreedMap | undefined, slot: number, from: number, to: number): AgreedMap => {
  const ids = Array.from({ length: to - from }, (_, i) => from + i)
  return buildMap(
    previous,
    epoch(slot),
    ids.map((i) =>
      report(
        idOf(i),
        Array.from({ length: 10 }, (_, k) => sight(idOf(i + k + 1), 1_000 * (k + 1) + ((i * slot) % 7))),
        { sequence: slot, freeBytes: 50 - ((i * slot) % 5) }
      )
    )
  )
}

const leads = (before: AgreedMap, after: AgreedMap): void => {
  const [old, now] = [encodeMap(before), encodeMap(after)]
  expect(Buffer.compare(patchMap(old, mapDelta(old, now)), now)).to.equal(0)
}

describe('agreed map: deltas', () => {
  const first = mapOf(undefined, 1, 0, 60)

  it('lead to the next map, byte for byte', () => leads(first, mapOf(first, 2, 0, 60)))

  it('lead to it when peers come, before and behind others, and when they leave', () => {
    const middle = mapOf(undefined, 1, 20, 40)
    leads(middle, mapOf(middle, 2, 0, 60))
    const later = mapOf(first, 1 + MAP_LIMITS.slotsToLive, 30, 70)
    expect(later.peers.map(({ id }) => id)).to.not.include(idOf(3))
    leads(first, later)
  })

  it('of a map that stays as it is are a few bytes', () => {
    const bytes = encodeMap(first)
    expect(mapDelta(bytes, bytes).byteLength).to.be.lessThan(32)
  })

  it('are far shorter than the map', () => {
    const next = {
      ...first,
      slot: 2,
      peers: first.peers.map((peer, i) => (i % 6 ? peer : { ...peer, sequence: 2 }))
    }
    const bytes = encodeMap(next)
    expect(mapDelta(encodeMap(first), bytes).byteLength * 10).to.be.lessThan(bytes.byteLength)
  })

  const old = encodeMap(first)
  for (const [what, bytes] of Object.entries({
    'random bytes': Uint8Array.of(1, 2, 3),
    'another version': dagCbor.encode([9, [2, 1, 1, 0], [], [], [], []]),
    'no lists': dagCbor.encode([1, 2, 3, 4, 5, 6]),
    'a mask that is none': dagCbor.encode([1, [2, 1, 1, 0], [], [[idOf(1), 'x', 1]], [], []]),
    'more peers than a map may have': dagCbor.encode([
      ...[1, [2, 1, 1, 0], []],
      Array.from({ length: MAP_LIMITS.peers }, (_, i) => [`q${i}`, 1, `q${i}`]),
      ...[[], []]
    ])
  })) {
    it(`with ${what} are refused`, () => expect(() => patchMap(old, bytes)).to.throw(MapError))
  }

  it('of more items than two maps have are refused before they are decoded', () => {
    const lists = Array.from({ length: 3_000_000 }, () => 0)
    expect(() => patchMap(old, dagCbor.encode([1, lists, [], [], [], []]))).to.throw(MapError)
  })
})
