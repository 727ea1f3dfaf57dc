import { expect } from 'chai'
import type { MeshPeer } from '../../../../src/hologram/index.ts'
import type { PlannedShard } from '../../../../src/hologram/client/put/home-plan.ts'
import { Absence } from '../../../../src/hologram/heal/absence.ts'
import { ObjectIndex } from '../../../../src/hologram/heal/object-index.ts'
import type { IndexedObject } from '../../../../src/hologram/heal/object-index.ts'
import {
  isUrgent,
  LAZY_FACTOR,
  planRepair,
  repairDelayMs,
  spareOf
} from '../../../../src/hologram/heal/policy.ts'
import { homesOf } from '../../../../src/hologram/index.ts'
import { meshPeers } from '../../../support/peers.ts'
import { codedObject, noise } from '../support.ts'

const TIMING = { graceMs: 1000, rankDelayMs: 50, bytesPerSecond: () => 2 ** 20 }

function object(init: Partial<IndexedObject> = {}): IndexedObject {
  return {
    cid: codedObject().cid,
    k: 4,
    n: 8,
    sizeBytes: 0,
    inline: false,
    holders: Array.from({ length: 8 }, (_, shard) => ({ shard, peer: `peer ${shard}`, isSaid: true })),
    homes: ['peer 0', 'home 1', 'home 2'],
    ...init
  }
}

/** Every way to choose `count` of `items`. */
function* choices<T>(items: readonly T[], count: number): Generator<T[]> {
  if (count === 0) return yield []
  for (let i = 0; i + count <= items.length; i++) {
    for (const rest of choices(items.slice(i + 1), count - 1)) yield [items[i], ...rest]
  }
}

describe('when and by which peer a lost shard is rebuilt', () => {
  const lost =
    (...peers: string[]) =>
    (peer: string) =>
      peers.includes(peer)

  it('counts the shards that are not at lost peers', () => {
    expect(spareOf(object(), lost())).to.equal(4)
    expect(spareOf(object(), lost('peer 1', 'peer 7', 'home 2'))).to.equal(2)
    expect(spareOf(object({ inline: true, k: 1, n: 3, holders: [] }), lost('home 1'))).to.equal(1)
  })

  it('waits for peers to come back, but not once half of the spare shards are lost', () => {
    expect(isUrgent(object(), 2)).to.equal(false)
    expect(isUrgent(object(), 1)).to.equal(true)
    expect(isUrgent(object(), 2, 3), 'failures have taught to keep three').to.equal(true)
    expect(isUrgent(object(), 3, 3)).to.equal(false)
    const first = { rank: 0, lostForMs: TIMING.graceMs }
    expect(repairDelayMs(object(), { ...first, spare: 1 }, TIMING)).to.equal(0)
    expect(repairDelayMs(object(), { ...first, spare: 3 }, TIMING)).to.equal(
      (LAZY_FACTOR - 1) * TIMING.graceMs
    )
  })

  it('makes each peer wait for those that rank before it, longer for larger objects', () => {
    const delay = (rank: number, sizeBytes = 0): number =>
      repairDelayMs(object({ sizeBytes }), { rank, spare: 0, lostForMs: 5000 }, TIMING)
    expect([delay(0), delay(1), delay(2)]).to.deep.equal([0, 50, 100])
    expect(delay(1, 2 ** 20)).to.be.greaterThan(1000)
    expect(delay(0, 2 ** 20)).to.equal(0)
  })
})

describe('lost peers and their objects', () => {
  it('counts absence from the first look that misses a peer, and forgets it when the peer is back', () => {
    const absence = new Absence()
    absence.note(['a', 'b'], new Set(['a', 'b']), 0)
    absence.note(['a', 'b'], new Set(['a']), 100)
    absence.note(['a', 'b'], new Set(['a']), 200)
    expect(absence.goneMs('b', 300)).to.equal(200)
    expect(absence.lost(200, 299)).to.deep.equal([])
    expect(absence.lost(200, 300)).to.deep.equal(['b'])
    absence.note(['a', 'b'], new Set(['a', 'b']), 400)
    expect(absence.lost(0, 500)).to.deep.equal([])
  })

  it('maps a peer to its objects, and to no others', () => {
    const index = new ObjectIndex()
    const [one, two] = [1, 2].map((seed) => codedObject({ seed }).cid)
    index.set(object({ cid: one }))
    index.set(object({ cid: two, holders: [{ shard: 0, peer: 'another', isSaid: true }], homes: ['home 1'] }))
    const objectsOf = (peer: string): string[] => [...index.objectsOf(peer)].map(({ cid }) => cid.toString())
    expect(objectsOf('peer 3')).to.deep.equal([one.toString()])
    expect(objectsOf('home 1')).to.have.length(2)
    index.set(object({ cid: one, holders: [], homes: [] }))
    expect(objectsOf('peer 3')).to.deep.equal([])
    index.delete(two)
    expect([...index.peers()]).to.deep.equal([])
    expect(index.size).to.equal(1)
  })
})

describe('where lost shards are rebuilt', () => {
  const seed = noise(32)
  const code = { n: 8, k: 4 }
  const held = (peers: readonly MeshPeer[], shards: readonly number[]): PlannedShard[] =>
    shards.map((shard, i) => ({ shard, peer: peers[i].id }))

  it('chooses peers without a shard, one for each shard, and moves no existing shard', async () => {
    const peers = await meshPeers(12)
    const homes = homesOf(seed, code.n, code.k, peers).peers.map((home) => home!)
    const live = [0, 1, 2, 3, 4].map((shard) => ({ shard, peer: homes[shard].id }))
    const plan = planRepair(seed, code, live, peers)
    expect(plan.homeless).to.deep.equal([])
    // With nobody else lost, the computed homes themselves.
    expect(plan.homes).to.deep.equal([5, 6, 7].map((shard) => ({ shard, peer: homes[shard].id })))
  })

  it('plans nothing for a complete object', async () => {
    const peers = await meshPeers(9)
    expect(planRepair(seed, code, held(peers, [0, 1, 2, 3, 4, 5, 6, 7]), peers).homes).to.deep.equal([])
  })

  it('spreads shards evenly over too few peers, so that any half of six peers has four of eight shards', async () => {
    for (let trial = 0; trial < 20; trial++) {
      const peers = await meshPeers(6)
      const start = held(peers, [0, 3, 4, 6, 7].slice(trial % 2))
      const { homes } = planRepair(noise(32, trial), code, start, peers)
      const all = [...start, ...homes]
      const shardsOf = ({ id }: MeshPeer): number[] =>
        all.filter(({ peer }) => peer.equals(id)).map(({ shard }) => shard)
      expect(new Set(all.map(({ shard }) => shard)).size).to.equal(8)
      for (const three of choices(peers, 3)) {
        expect(new Set(three.flatMap(shardsOf)).size, `trial ${trial}`).to.be.at.least(4)
      }
    }
  })

  it('spreads twelve shards over ever fewer peers so that any half of six has the six that are needed', async () => {
    const table = await meshPeers(12)
    for (let t = 0; t < 12; t++) {
      const seed = noise(32, t)
      let held: PlannedShard[] = homesOf(seed, 12, 6, table).peers.map((peer, shard) => ({
        shard,
        peer: peer!.id
      }))
      for (const living of [table.slice(3), table.slice(6)]) {
        const ids = living.map(({ id }) => id.toString())
        held = held.filter(({ peer }) => ids.includes(peer.toString()))
        held = [...held, ...planRepair(seed, { n: 12, k: 6 }, held, living).homes]
      }
      for (const half of choices(table.slice(6), 3)) {
        const ids = half.map(({ id }) => id.toString())
        const left = new Set(
          held.filter(({ peer }) => ids.includes(peer.toString())).map(({ shard }) => shard)
        )
        expect(left.size, `object ${t}`).to.be.at.least(6)
      }
    }
  })

  it('never gives a peer the same shard twice, down to one peer', async () => {
    for (let count = 1; count < 8; count++) {
      const peers = await meshPeers(count)
      const { homes } = planRepair(seed, code, [], peers)
      const keys = homes.map(({ shard, peer }) => `${shard} ${peer.toString()}`)
      expect(new Set(keys).size).to.equal(keys.length)
      const perPeer = peers.map(({ id }) => homes.filter(({ peer }) => peer.equals(id)).length)
      expect(Math.max(...perPeer) - Math.min(...perPeer)).to.be.at.most(1)
    }
  })
})
