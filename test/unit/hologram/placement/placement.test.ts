import { expect } from 'chai'
import fc from 'fast-check'
import { objectCid } from '../../../../src/hologram/records/cid.ts'
import { homesOf, manifestHomes, placementWeight } from '../../../../src/hologram/placement/placement.ts'
import { sha256, signer } from '../support.ts'
import type { PlacementPeer } from '../../../../src/hologram/placement/placement.ts'

const GIB = 2 ** 30

interface NumberedPeer extends PlacementPeer {
  readonly number: number
}

async function peers(count: number, of: (number: number) => Partial<PlacementPeer> = () => ({})) {
  return await Promise.all(
    Array.from({ length: count }, async (_, number): Promise<NumberedPeer> => {
      const { peer: id } = await signer(number)
      return {
        number,
        id,
        capacityBytes: 16 * GIB,
        reliabilityPpm: 1_000_000,
        failureDomain: `domain ${number}`,
        ...of(number)
      }
    })
  )
}

function seedOf(number: number): Uint8Array {
  return sha256(Buffer.from(`seed ${number}`))
}

const numbers = (homes: ReadonlyArray<NumberedPeer | undefined>) => homes.map((home) => home?.number)

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}

describe('placement', () => {
  it('matches the vectors of the specification', async () => {
    const mixed = await peers(12, (i) => ({
      capacityBytes: (1 + (i % 5)) * 16 * GIB,
      reliabilityPpm: 1_000_000 - i * 20_000,
      failureDomain: `domain ${i % 4}`
    }))
    expect(mixed.map((peer) => placementWeight(peer))).to.deep.equal([
      256, 512, 768, 960, 1152, 224, 448, 640, 832, 1024, 208, 384
    ])
    const homes = homesOf(seedOf(0), 8, 5, mixed)
    expect({ ...homes, peers: numbers(homes.peers) }).to.deep.equal({
      peers: [4, 7, 2, 6, 1, 8, 9, 5],
      relaxed: false,
      perDomain: 3
    })
    expect(numbers(manifestHomes(objectCid(seedOf(1)), 6, mixed))).to.deep.equal([10, 7, 11, 8, 3, 6])
  })

  it('does not depend on the order in which peers are listed', async () => {
    const all = await peers(20, (i) => ({ failureDomain: `domain ${i % 7}` }))
    fc.assert(
      fc.property(
        fc.shuffledSubarray(all, { minLength: 20, maxLength: 20 }),
        fc.nat(1000),
        (shuffled, seed) => {
          expect(homesOf(seedOf(seed), 8, 4, shuffled)).to.deep.equal(homesOf(seedOf(seed), 8, 4, all))
        }
      )
    )
  })

  it('gives each shard to another peer, and the last shards to no peer when there are too few', async () => {
    const twelve = await peers(12)
    expect(new Set(homesOf(seedOf(1), 12, 8, twelve).peers)).to.have.property('size', 12)
    const homes = homesOf(seedOf(1), 16, 8, twelve).peers
    expect(new Set(homes.slice(0, 12))).to.have.property('size', 12)
    expect(homes.slice(12)).to.deep.equal([undefined, undefined, undefined, undefined])
    expect(homesOf(seedOf(1), 3, 2, []).peers).to.deep.equal([undefined, undefined, undefined])
  })

  it('gives peers shards in proportion to their weight', async () => {
    const trials = 6000
    const weighted = await peers(5, (i) => ({ capacityBytes: 2 ** i * GIB }))
    const hits = weighted.map(() => 0)
    for (let trial = 0; trial < trials; trial++)
      hits[homesOf(seedOf(trial), 1, 1, weighted).peers[0]!.number]++
    const chiSquare = hits.reduce((sum, hit, i) => {
      const expected = (trials * 2 ** i) / 31
      return sum + (hit - expected) ** 2 / expected
    }, 0)
    expect(chiSquare, `hits ${hits.join()}`).to.be.below(18.5) // 4 degrees of freedom, one run in a thousand
  })

  it('moves little when a peer joins or leaves', async () => {
    const n = 8
    const all = await peers(41)
    const objects = 300
    let moved = 0
    let held = 0
    for (let seed = 0; seed < objects; seed++) {
      const without = homesOf(seedOf(seed), n, 4, all.slice(1)).peers
      const among = homesOf(seedOf(seed), n, 4, all).peers
      moved += among.filter((home, shard) => home !== without[shard]).length
      held += among.filter((home) => home === all[0]).length
    }
    // no placement can move less than what the joining peer comes to hold
    expect(moved).to.be.at.least(held)
    expect(held).to.be.closeTo((objects * n) / 41, 25)
    expect(moved).to.be.below(1.25 * held)
  })

  it('puts at most n - k shards in one failure domain while there are enough domains', async () => {
    const all = await peers(30, (i) => ({ failureDomain: i < 20 ? 'big' : `domain ${i % 4}` }))
    for (let seed = 0; seed < 50; seed++) {
      const homes = homesOf(seedOf(seed), 10, 7, all)
      expect(homes).to.include({ relaxed: false, perDomain: 3 })
      const perDomain = countBy(homes.peers as NumberedPeer[], ({ failureDomain }) => failureDomain)
      expect(Math.max(...perDomain.values())).to.be.at.most(3)
    }
  })

  it('reports too few domains, and spreads shards evenly', async () => {
    const all = await peers(20, (i) => ({ failureDomain: `domain ${i % 2}` }))
    const homes = homesOf(seedOf(1), 10, 7, all)
    expect(homes).to.include({ relaxed: true, perDomain: 5 })
    const perDomain = countBy(homes.peers as NumberedPeer[], ({ failureDomain }) => failureDomain)
    expect([...perDomain.values()]).to.deep.equal([5, 5])
    const oneHost = await peers(12, () => ({ failureDomain: 'this machine' }))
    expect(homesOf(seedOf(1), 12, 8, oneHost)).to.include({ relaxed: true, perDomain: 12 })
    expect(homesOf(seedOf(1), 4, 4, await peers(9)), 'no parity').to.include({ relaxed: true, perDomain: 1 })
  })

  it('lists the homes of a manifest so that a longer list begins with the shorter', async () => {
    const all = await peers(25, (i) => ({ failureDomain: `domain ${i % 3}` }))
    const cid = objectCid(seedOf(3))
    const long = manifestHomes(cid, 25, all)
    expect(new Set(long)).to.have.property('size', 25)
    for (let count = 0; count <= 25; count++) {
      expect(manifestHomes(cid, count, all)).to.deep.equal(long.slice(0, count))
    }
    expect(manifestHomes(cid, 30, all)).to.deep.equal(long)
  })

  it("keeps half of the manifest's homes out of any one domain while there are others", async () => {
    const all = await peers(40, (i) => ({ failureDomain: i < 30 ? 'big' : `domain ${i}` }))
    for (let seed = 0; seed < 50; seed++) {
      const homes = manifestHomes(objectCid(seedOf(seed)), 12, all)
      for (let count = 1; count <= 12; count++) {
        const perDomain = countBy(homes.slice(0, count), ({ failureDomain }) => failureDomain)
        expect(Math.max(...perDomain.values())).to.be.at.most(Math.ceil(count / 2))
      }
    }
  })

  it('weighs capacity by reliability, to four binary digits', () => {
    const weight = (capacityBytes: number, reliabilityPpm = 1_000_000) =>
      placementWeight({ capacityBytes, reliabilityPpm })
    expect(weight(16 * GIB)).to.equal(256)
    expect(weight(16 * GIB, 500_000)).to.equal(128)
    expect(weight(16 * GIB, 995_000), 'a small difference of opinion').to.equal(256)
    expect(weight(17 * GIB), 'half way, up').to.equal(288)
    expect(weight(2 ** 53)).to.equal(2 ** 25)
    expect(weight(1), 'the least').to.equal(1)
    expect(weight(16 * GIB, 2_000_000), 'no more than reliable').to.equal(256)
    expect([weight(0), weight(-1), weight(GIB, 0)]).to.deep.equal([0, 0, 0])
  })

  it('skips peers that lend nothing', async () => {
    const all = await peers(6, (i) => ({ capacityBytes: i < 3 ? 0 : GIB }))
    expect(numbers(homesOf(seedOf(1), 3, 2, all).peers).sort()).to.deep.equal([3, 4, 5])
  })

  it('refuses an impossible number of shards', async () => {
    const few = await peers(3)
    for (const n of [0, 257]) expect(() => homesOf(seedOf(1), n, 1, few)).to.throw(RangeError)
  })
})
