import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { homesOf } from '../../../src/hologram/index.ts'
import { buildMap, MAP_LIMITS, REVIEW_SLOTS } from '../../../src/manifold/map/index.ts'
import { choosePlacement, MAX_MAP_AGE_MS } from '../../../src/node/agreement/placement.ts'
import { Prng } from '../../sim/engine/index.ts'
import { epoch, report, sight } from '../manifold/map/reports.ts'
import type { MeshPeer } from '../../../src/hologram/mesh.ts'
import { viewFor } from '../../../src/hologram/placement/placement-view.ts'
import type { PlacementView } from '../../../src/hologram/placement/placement-view.ts'
import type { AgreedMap, MapReport } from '../../../src/manifold/map/index.ts'
import type { PlacementSources } from '../../../src/node/agreement/placement.ts'

const OBJECTS = 300
const GIB = 2 ** 30

/** Homes of the shards of many objects, as text. */
const homesBy = ({ peers }: PlacementView): string[] =>
  Array.from({ length: OBJECTS }, (_, i) => {
    const seed = new Uint8Array(32).fill(i % 256).fill(i >> 8, 16)
    return homesOf(seed, 12, 6, peers).peers.map((peer) => peer?.id.toString())
  }).flat() as string[]

const moved = (before: readonly string[], now: readonly string[]): number =>
  before.filter((home, i) => home !== now[i]).length

describe('placement by the agreed map', () => {
  let ids: string[]
  before(async () => {
    const prng = new Prng(1)
    ids = await Promise.all(
      Array.from({ length: 51 }, async () =>
        peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', prng.bytes(32))).toString()
      )
    )
  })

  /** What peers report in a calm network: everything that is measured trembles. */
  const calm = (count: number, prng: Prng): MapReport[] =>
    ids.slice(0, count).map((id, i) => {
      const others = prng.sample(
        ids.slice(0, count).filter((other) => other !== id),
        32
      )
      const sights = others.map((other) => {
        const rttMicros = 20_000 + prng.below(4_000)
        // Now and then somebody has a bad experience.
        const failuresPpm = prng.chance(0.05) ? 500_000 : 0
        return sight(other, rttMicros, {
          failuresPpm,
          serviceMicros: 500 + prng.below(500),
          domain: `net:${other}`
        })
      })
      const capacityBytes = (10 + (i % 7)) * GIB
      return report(id, sights, { capacityBytes, freeBytes: prng.below(GIB), heatPpm: prng.below(1_000_000) })
    })

  const by = (map: AgreedMap | undefined, more: Partial<PlacementSources> = {}): PlacementView =>
    choosePlacement({ map, nowMs: map?.closedAtMs ?? 0, live: [], isGone: () => false, ...more })

  /** A map after `slots` calm slots. */
  const grown = (count: number, slots: number, prng: Prng, from?: AgreedMap): AgreedMap => {
    let map = from
    for (let i = 0; i < slots; i++) map = buildMap(map, epoch((map?.slot ?? 0) + 1), calm(count, prng))
    return map!
  }

  it('moves no shard in 100 epochs of a calm network of 50 peers, whatever trembles', () => {
    const prng = new Prng(2)
    let map = grown(50, 2, prng)
    const first = homesBy(by(map))
    expect(by(map).peers).to.have.lengthOf(50)
    const { era } = map
    for (let i = 0; i < 100; i++) {
      map = grown(50, 1, prng, map)
      // Reviews of the weights included.
      if (i === 50) map = { ...map, slot: REVIEW_SLOTS * 2 - 1 }
    }
    expect(map.era).to.equal(era)
    expect(moved(first, homesBy(by(map)))).to.equal(0)
  })

  it('moves about one shard of N to a peer that joins, and no other', () => {
    const prng = new Prng(3)
    const before = grown(50, 5, prng)
    const after = grown(51, 2, prng, before)
    const joiner = ids[50]
    const [homes, now] = [homesBy(by(before)), homesBy(by(after))]
    const share = moved(homes, now) / homes.length
    expect(share).to.be.within(0.5 / 51, 2 / 51)
    // A shard moves to the joiner, or makes room for one that does.
    const toJoiner = now.filter((home) => home === joiner).length
    expect(moved(homes, now) / toJoiner).to.be.lessThan(1.3)
  })

  it('moves nothing while a peer restarts, and its shards when it stays away', () => {
    const prng = new Prng(4)
    const before = grown(50, 5, prng)
    const short = grown(49, 20, prng, before)
    expect(short.era).to.equal(before.era)
    const long = grown(49, 5, prng, short)
    const share = moved(homesBy(by(before)), homesBy(by(long))) / (12 * OBJECTS)
    expect(share).to.be.within(0.5 / 50, 2 / 50)
  })

  it('follows a capacity that changes much when weights are reviewed, and no small change', () => {
    const withCapacity = (map: AgreedMap | undefined, slot: number, capacityBytes: number): AgreedMap =>
      buildMap(
        map,
        epoch(slot),
        calm(10, new Prng(9)).map((one, i) => ({
          ...one,
          capacityBytes: i === 3 ? capacityBytes : 100 * GIB
        }))
      )
    const first = withCapacity(undefined, 1, 100 * GIB)
    const small = withCapacity(first, REVIEW_SLOTS, 120 * GIB)
    expect(small.era).to.equal(1)
    const unreviewed = withCapacity(small, REVIEW_SLOTS + 1, 50 * GIB)
    expect(unreviewed.era).to.equal(1)
    expect(withCapacity(unreviewed, 2 * REVIEW_SLOTS, 50 * GIB).era).to.equal(2 * REVIEW_SLOTS)
    expect(withCapacity(unreviewed, 2 * REVIEW_SLOTS + 1, 0).era, 'lends no more').to.equal(
      2 * REVIEW_SLOTS + 1
    )
  })

  it('is the same for every node with the same map, whatever each has experienced', () => {
    const map = grown(50, 3, new Prng(5))
    const table = by(map).peers.map((peer, i) => ({ ...peer, reliabilityPpm: 1 + i * 1_000 }))
    const [one, other] = [by(map, { live: table }), by(structuredClone(map), { live: table.slice(10) })]
    expect(one.epoch).to.equal(map.era).and.to.equal(other.epoch)
    expect(homesBy(other)).to.deep.equal(homesBy(one))
  })

  it('leaves out a peer that this node has lost: only what it held moves', () => {
    const map = grown(50, 3, new Prng(6))
    const gone = ids[7]
    const [all, without] = [homesBy(by(map)), homesBy(by(map, { isGone: (id) => id === gone }))]
    expect(without).not.to.include(gone)
    expect(moved(all, without) / all.filter((home) => home === gone).length).to.be.lessThan(1.3)
  })

  it('adds peers without a seat for more shards than have one, and never those that are gone', () => {
    const map = grown(10, 3, new Prng(6))
    const live = by(grown(12, 3, new Prng(6))).peers
    const gone = new Set([ids[2], ids[11]])
    const placement = (): PlacementView => by(map, { live, isGone: (id) => gone.has(id) })
    const namesFor = (n: number): string[] => viewFor(n, { placement }).peers.map(({ id }) => id.toString())
    const seated = ids.slice(0, 10).filter((id) => !gone.has(id))
    expect(namesFor(9)).to.have.members(seated)
    expect(namesFor(10)).to.have.members([...seated, ids[10]])
    expect(namesFor(40)).to.have.members([...seated, ids[10]])
    expect(viewFor(10, { placement }).epoch).to.equal(map.era)
  })

  describe("falls back to the node's own table", () => {
    const map = () => grown(10, 3, new Prng(7))
    const live = (count: number): MeshPeer[] =>
      by(grown(count, 3, new Prng(8))).peers.map((peer) => ({ ...peer, freeBytes: -1 }))
    const isTable = ({ epoch: ofView, peers }: PlacementView): boolean =>
      ofView === 0 && peers.every(({ freeBytes }) => freeBytes === -1)

    it('without a map, and while nobody has a seat', () => {
      expect(isTable(by(undefined, { live: live(3) }))).to.equal(true)
      const empty = buildMap(undefined, epoch(1), [report(ids[0]), report(ids[1])])
      expect(empty.era).to.equal(0)
      expect(isTable(by(empty, { live: live(3) }))).to.equal(true)
    })

    it('when the map is too old', () => {
      const agreed = map()
      const at = (ageMs: number): boolean =>
        isTable(by(agreed, { live: live(10), nowMs: agreed.closedAtMs + ageMs }))
      expect([at(MAX_MAP_AGE_MS), at(MAX_MAP_AGE_MS + 1)]).to.deep.equal([false, true])
    })

    it('when the map lacks more than a quarter of the peers that are there', () => {
      expect(isTable(by(map(), { live: live(13) }))).to.equal(false)
      expect(isTable(by(map(), { live: live(14) }))).to.equal(true)
    })

    it('but not because a map that has all the peers it can have lacks others', () => {
      const agreed = map()
      const full = (count: number): AgreedMap => ({
        ...agreed,
        peers: Array.from({ length: count }, (_, i) => agreed.peers[i % agreed.peers.length])
      })
      expect(isTable(by(full(MAP_LIMITS.peers - 1), { live: live(14) }))).to.equal(true)
      expect(isTable(by(full(MAP_LIMITS.peers), { live: live(14) }))).to.equal(false)
    })
  })
})
