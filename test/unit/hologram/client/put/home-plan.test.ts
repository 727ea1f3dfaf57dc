import { expect } from 'chai'
import { HomePlan } from '../../../../../src/hologram/client/put/home-plan.ts'
import { checkPeers, planPut } from '../../../../../src/hologram/client/put/put-plan.ts'
import { homesOf } from '../../../../../src/hologram/index.ts'
import { meshPeers } from '../../../../support/peers.ts'

const SEED = new Uint8Array(32).fill(3)

describe('where the shards of an upload go', () => {
  it('goes to the computed homes, then to peers that have no shard yet', async () => {
    const peers = await meshPeers(8)
    const plan = new HomePlan(SEED, { n: 6, k: 4 }, peers)
    const computed = homesOf(SEED, 6, 4, peers).peers
    expect(plan.homes.map(({ peer }) => peer)).to.deep.equal(computed.map((peer) => peer?.id))
    const spares = [plan.next(), plan.next()]
    expect(new Set([...plan.homes.map(({ peer }) => peer), ...spares]).size).to.equal(8)
    expect(plan.next()).to.equal(undefined)
    expect(plan.warning).to.equal(undefined)
  })

  it('reports which shards have no peer', async () => {
    const plan = new HomePlan(SEED, { n: 6, k: 2 }, await meshPeers(4))
    expect(plan.homes).to.have.length(4)
    expect(plan.homeless).to.have.length(2)
  })

  it('plans only shards that are not held, and gives no holder a second shard', async () => {
    const peers = await meshPeers(7)
    const held = [
      { shard: 0, peer: peers[6].id },
      { shard: 3, peer: peers[2].id }
    ]
    const plan = new HomePlan(SEED, { n: 6, k: 2 }, peers, held)
    expect(plan.homes.map(({ shard }) => shard)).to.deep.equal([1, 2, 4, 5])
    const all = [...plan.homes, ...held].map(({ peer }) => peer.toString())
    expect(new Set(all).size).to.equal(6)
  })

  it('prefers spares in domains that have room, and warns when there are too few domains', async () => {
    const peers = (await meshPeers(9)).map((peer, i) => ({ ...peer, failureDomain: `rack ${i % 3}` }))
    const plan = new HomePlan(SEED, { n: 6, k: 4 }, peers)
    const perRack = new Map<string, number>()
    for (const { peer } of plan.homes) {
      const { failureDomain } = peers.find(({ id }) => id.equals(peer))!
      perRack.set(failureDomain, (perRack.get(failureDomain) ?? 0) + 1)
    }
    expect([...perRack.values()]).to.deep.equal([2, 2, 2])
    expect(plan.warning).to.equal(undefined)
    const crowded = peers.map((peer) => ({ ...peer, failureDomain: 'one rack' }))
    expect(new HomePlan(SEED, { n: 6, k: 4 }, crowded).warning).to.include('6 shards')
  })
})

describe('durability of a put', () => {
  const network = { k: 4, n: 9, blockBytes: 262_144 }

  it('takes the code of the network, and half of what may be lost as margin', () => {
    expect(planPut({}, network)).to.deep.equal({ code: 'rs8', k: 4, n: 9, margin: 3, blockBytes: 262_144 })
    expect(planPut({ k: 2, n: 3, margin: 0 }, network)).to.include({ k: 2, n: 3, margin: 0 })
    expect(planPut({ k: 1, n: 1 }, network)).to.include({ k: 1, n: 1, margin: 0 })
    expect(planPut({ k: 256, n: 256 }, network)).to.include({ k: 256, n: 256, margin: 0 })
  })

  it('makes blocks smaller for large n, so that all blocks of a segment stay within 16 MiB', () => {
    for (const [n, blockBytes] of [
      [1, 262_144],
      [64, 262_144],
      [65, 258_048],
      [100, 167_744],
      [256, 65_536]
    ]) {
      expect(planPut({ k: 1, n }, network).blockBytes, `n = ${n}`).to.equal(blockBytes)
    }
    expect(planPut({ k: 1, n: 256 }, { ...network, blockBytes: 1024 }).blockBytes).to.equal(1024)
  })

  it('refuses impossible values, and names them', () => {
    const wrong: Array<[string, object]> = [
      ['n', { n: 257 }],
      ['n', { n: 0 }],
      ['n', { n: NaN }],
      ['k', { k: 10 }],
      ['k', { k: 0 }],
      ['k', { k: 1.5 }],
      ['margin', { margin: 6 }],
      ['margin', { margin: -1 }]
    ]
    for (const [parameter, options] of wrong) {
      expect(() => planPut(options, network))
        .to.throw()
        .that.deep.includes({ code: 'BAD_CODE_PARAMETERS' })
        .and.has.nested.property('data.parameter', parameter)
    }
  })

  it('counts peers: n of them, or k + margin where fewer are accepted', () => {
    const plan = { k: 4, n: 9, margin: 3 }
    expect(() => checkPeers(plan, 9, false)).to.not.throw()
    expect(() => checkPeers(plan, 8, false)).to.throw('n = 9 peers are needed, 8 lend storage')
    expect(() => checkPeers(plan, 7, true)).to.not.throw()
    expect(() => checkPeers(plan, 6, true)).to.throw('k + margin = 7 peers are needed, 6 lend storage')
  })
})
