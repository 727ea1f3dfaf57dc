import { expect } from 'chai'
import type { ClientContext } from '../../../../src/hologram/client/context.ts'
import { newHealCounts } from '../../../../src/hologram/heal/counts.ts'
import { Indexer } from '../../../../src/hologram/heal/indexer.ts'
import { spareOf } from '../../../../src/hologram/heal/policy.ts'
import { homesOf } from '../../../../src/hologram/index.ts'
import type { MeshPeer } from '../../../../src/hologram/index.ts'
import { signHolderStatement } from '../../../../src/hologram/records/holder-statement.ts'
import { FakeMesh } from '../fake-mesh.ts'
import { MemoryHoldings } from '../memory-holdings.ts'
import { codedObject, NETWORK, NOW_MS, signer } from '../support.ts'

const PEERS = 6
const MEMORY_MS = 1000
const { cid, bytes, manifest } = codedObject({ n: 4, layers: [{ k: 2, length: 2000 }] })

describe('index of who keeps what', () => {
  let holdings: MemoryHoldings
  let table: MeshPeer[]
  let indexer: Indexer
  let monotonicMs: number

  beforeEach(async () => {
    holdings = new MemoryHoldings()
    holdings.manifests.set(cid.toString(), bytes)
    const signers = await Promise.all(Array.from({ length: PEERS }, async (_, number) => signer(number)))
    table = signers.map(({ peer: id }) => ({
      ...{ id, capacityBytes: 2 ** 30, freeBytes: 2 ** 30, reliabilityPpm: 1_000_000 },
      failureDomain: id.toString()
    }))
    const mesh = new FakeMesh(signers[0])
    mesh.peers = () => table
    monotonicMs = 0
    const clock = { monotonicMs: () => monotonicMs, nowMs: () => NOW_MS }
    const logger = { warn: () => {}, info: () => {}, debug: () => {} }
    const context = { mesh, holdings, logger, clock } as unknown as ClientContext
    indexer = new Indexer({ context, counts: newHealCounts(), memoryMs: MEMORY_MS })
  })

  const holders = async (): Promise<Map<number, string>> => {
    indexer.notePeers()
    const object = await indexer.indexObject(cid)
    return new Map(object?.holders.map(({ shard, peer }) => [shard, peer]))
  }

  /** A repair has given a shard to the peer, which says so. */
  const give = async (shard: number, number: number): Promise<string> => {
    const holder = await signer(number)
    const sequence = BigInt(NOW_MS)
    const signed = await signHolderStatement(NETWORK, { cid, sequence, shards: [shard] }, holder)
    await holdings.putStatement(cid, { holder: holder.peer.toString(), sequence, signed }, 8)
    return holder.peer.toString()
  }

  const homesOf4 = (): string[] => homesOf(manifest.seed, 4, 2, table).peers.map((peer) => String(peer?.id))

  it('takes the computed homes where nothing was said', async () => {
    expect([...(await holders()).values()]).to.deep.equal(homesOf4())
  })

  it('keeps what it knew of the other shards when a repair tells of one', async () => {
    const before = await holders()
    const lost = before.get(2)
    // The lost peer has left the table by now: homes computed anew may be others for every shard.
    table = table.filter(({ id }) => id.toString() !== lost)
    monotonicMs += MEMORY_MS
    const number = table.findIndex(({ id }) => ![...before.values()].includes(id.toString()))
    const fresh = await signerNumber(table[number].id.toString())
    const holder = await give(2, fresh)
    const after = await holders()
    expect(after).to.deep.equal(new Map([...before, [2, holder]]))
    const object = indexer.index.get(cid)
    expect(spareOf(object!, (peer) => peer === lost)).to.equal(2)
    expect(object?.holders.filter(({ isSaid }) => isSaid)).to.deep.equal([
      { shard: 2, peer: holder, isSaid: true }
    ])
  })

  it('takes what peers have just said over what it knew', async () => {
    const before = await holders()
    const { id } = table.find((peer) => ![...before.values()].includes(peer.id.toString())) as MeshPeer
    const object = await indexer.indexObject(cid, [{ shard: 2, peer: id }])
    const after = new Map(object?.holders.map(({ shard, peer }) => [shard, peer]))
    expect(after).to.deep.equal(new Map([...before, [2, id.toString()]]))
    expect(object?.holders.some(({ isSaid }) => isSaid)).to.equal(false)
  })

  it('takes the computed homes of the other shards when it has known nothing before', async () => {
    const holder = await give(2, 5)
    const found = await holders()
    expect(found.size).to.equal(4)
    expect(found.get(2)).to.equal(holder)
  })

  it('no longer counts a holder that an audit has disproved', async () => {
    const before = await holders()
    indexer.disprove(cid, 1, before.get(1) ?? '')
    expect((await holders()).has(1)).to.equal(false)
  })

  const signerNumber = async (peer: string): Promise<number> => {
    for (let number = 0; number < PEERS; number++) {
      if ((await signer(number)).peer.toString() === peer) return number
    }
    throw new Error('nobody')
  }
})
