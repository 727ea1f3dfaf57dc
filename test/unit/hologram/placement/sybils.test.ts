import { expect } from 'chai'
import { capacityLimit, homesOf } from '../../../../src/hologram/placement/placement.ts'
import { sha256, signer } from '../support.ts'
import type { PlacementPeer } from '../../../../src/hologram/placement/placement.ts'

const HONEST = 100
const [K, N] = [6, 12]
const OBJECTS = 600
const GIB = 2 ** 30
const PIB = 2 ** 50
const FULL_PPM = 1_000_000

type Peer = PlacementPeer & { readonly sybil: boolean }

/** What `count` sybils get of `OBJECTS` objects among 100 honest peers of 64 GiB, each in a domain of its own. */
interface Taken {
  /** Of all shards. */
  readonly share: number
  /** Of all objects: more than n - k shards. */
  readonly lost: number
  readonly most: number
}

describe(`shares of sybils in ${N} shards, any ${K} of which suffice, among ${HONEST} peers`, () => {
  const ids: Array<PlacementPeer['id']> = []

  before(async () => {
    for (let i = 0; i < HONEST + 60; i++) ids.push((await signer(i)).peer)
  })

  const taken = (count: number, ppm: number, domain: (i: number) => string): Taken => {
    const peers: Peer[] = [
      ...Array.from({ length: HONEST }, (_, i) => ({
        id: ids[i],
        capacityBytes: 64 * GIB,
        reliabilityPpm: FULL_PPM,
        failureDomain: `honest-${i}`,
        sybil: false
      })),
      ...Array.from({ length: count }, (_, i) => ({
        id: ids[HONEST + i],
        capacityBytes: 2 * PIB,
        reliabilityPpm: ppm,
        failureDomain: domain(i),
        sybil: true
      }))
    ]
    const counts = Array.from(
      { length: OBJECTS },
      (_, i) =>
        homesOf(sha256(Buffer.from(`object ${i}`)), N, K, peers).peers.filter((one) => one?.sybil).length
    )
    const all = counts.reduce((sum, one) => sum + one, 0)
    return {
      share: all / (OBJECTS * N),
      lost: counts.filter((one) => one > N - K).length / OBJECTS,
      most: Math.max(...counts)
    }
  }
  const apart = (i: number): string => `sybil-${i}`

  it('in one place: never more shards than an object can lose', function () {
    this.timeout(60_000)
    for (const count of [12, 60]) {
      const { most, lost } = taken(count, FULL_PPM, () => 'one place')
      expect([most <= N - K, lost]).to.deep.equal([true, 0])
    }
  })

  // docs/guide/security.md gives these figures.
  const FIGURES: ReadonlyArray<[count: number, ppm: number, share: number, lost: number]> = [
    [4, FULL_PPM / 4, 0.04, 0],
    [12, FULL_PPM / 4, 0.11, 0],
    [24, FULL_PPM / 4, 0.19, 0.005],
    [4, FULL_PPM, 0.12, 0],
    [12, FULL_PPM, 0.3, 0.017],
    [24, FULL_PPM, 0.465, 0.27]
  ]
  for (const [count, ppm, share, lost] of FIGURES) {
    it(`${count} each in its own place, standing ${ppm / FULL_PPM}: ${share} of the shards`, function () {
      this.timeout(60_000)
      const seen = taken(count, ppm, apart)
      expect(seen.share).to.be.closeTo(share, 0.015)
      expect(seen.lost).to.be.closeTo(lost, 0.02)
    })
  }

  it('by claiming petabytes: no more than four honest peers each', () => {
    const lend = (capacityBytes: number, failureDomain: string) => ({ capacityBytes, failureDomain })
    const honest = Array.from({ length: 9 }, (_, i) => lend(GIB * (i + 1), `honest-${i}`))
    expect(capacityLimit(honest)).to.equal(20 * GIB)
    const many = Array.from({ length: 50 }, () => lend(2 * PIB, 'one place'))
    expect(capacityLimit([...honest, ...many])).to.equal(20 * GIB)
    const none = Array.from({ length: 50 }, (_, i) => lend(0, `lends nothing ${i}`))
    expect(capacityLimit([...honest, ...none])).to.equal(20 * GIB)
    expect(capacityLimit([])).to.equal(0)
  })
})
