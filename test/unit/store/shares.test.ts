import { expect } from 'chai'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { openStore } from '../../../src/store/index.ts'
import { networkPrefix } from '../../../src/hologram/holder/network-prefix.ts'
import { codeOf, leaseOf, sample, useFolder } from './support.ts'
import type { Putter } from '../../../src/hologram/holdings.ts'
import type { Store } from '../../../src/store/index.ts'

const MIB = 2 ** 20
const QUOTA_BYTES = 10 * MIB

describe('store shares', () => {
  const folder = useFolder()
  let store: Store

  const opened = async (): Promise<Store> =>
    await openStore({ path: folder(), quotaBytes: QUOTA_BYTES, diskFloorBytes: 0 })
  const alice: Putter = { peer: 'alice', network: '203.0.113/24' }
  const carol: Putter = { peer: 'carol', network: '198.51.100/24' }
  const neighbour = (number: number): Putter => ({ ...alice, peer: `neighbour ${number}` })

  beforeEach(async () => {
    store = await opened()
  })
  afterEach(async () => await store.close())

  /** Puts objects of a quarter MiB until one is refused. @returns bytes taken */
  async function fill(putter: Putter | undefined, name: string): Promise<number> {
    for (let taken = 0; ; taken += MIB / 4) {
      const one = await sample(`${name} ${taken}`, [MIB / 4])
      await store.putLease(one.cid, leaseOf({ expiresAtMs: Date.now() + 1e9 }), { own: true })
      try {
        const open = await store.openUpload(one.upload, 0, MIB / 4, { putter })
        try {
          await open.append(one.blocks[0], leafHash(one.blocks[0]))
          await open.commit(one.cid, one.manifest)
        } catch (error) {
          await open.abandon()
          throw error
        }
      } catch (error) {
        expect(error).to.include({ code: 'QUOTA_EXCEEDED' })
        return taken
      }
    }
  }

  it('lets one peer alone take most of the quota, and leaves room for others', async () => {
    expect(await fill(alice, 'alice')).to.be.within(0.72 * QUOTA_BYTES, 0.8 * QUOTA_BYTES)
    expect(await fill(carol, 'carol')).to.be.above(0.1 * QUOTA_BYTES)
  })

  it('do not limit the user of this node', async () => {
    expect(await fill(undefined, 'own')).to.be.above(0.9 * QUOTA_BYTES)
  })

  it('bounds the peers of one network prefix together', async () => {
    let taken = 0
    for (let i = 0; i < 20; i++) taken += await fill(neighbour(i), `neighbour ${i}`)
    expect(taken).to.be.within(0.8 * QUOTA_BYTES, (8 / 9) * QUOTA_BYTES)
    expect(await fill(carol, 'carol')).to.be.above(0)
  })

  it('counts the same after a restart, and gives back what is removed', async () => {
    await fill(alice, 'alice')
    await store.close()
    store = await opened()
    expect(await fill(alice, 'again')).to.equal(0)
    for (let taken = 0; taken < 2 * MIB; taken += MIB / 4) {
      await store.deleteObject((await sample(`alice ${taken}`, [MIB / 4])).cid)
    }
    expect(await fill(alice, 'more')).to.be.above(MIB)
  })

  it('counts interrupted uploads', async () => {
    for (let i = 0; ; i++) {
      const one = await sample(`part ${i}`, [MIB / 2])
      const code = await codeOf(
        (async () => {
          const open = await store.openUpload(one.upload, 0, 0, { putter: alice })
          await open.append(one.blocks[0], leafHash(one.blocks[0])).finally(async () => await open.close())
        })()
      )
      if (code === 'QUOTA_EXCEEDED') break
      expect(code).to.equal('resolved')
    }
    await store.close()
    store = await opened()
    expect(await fill(alice, 'alice')).to.be.below(MIB / 2)
    expect(await fill(carol, 'carol')).to.be.above(0.1 * QUOTA_BYTES)
  })

  it('knows which addresses belong together', () => {
    for (const [address, prefix] of [
      ['/ip4/203.0.113.7/tcp/4001', '203.0.113/24'],
      ['/ip4/203.0.113.200/udp/4001/quic-v1', '203.0.113/24'],
      ['/ip4/192.168.1.7/tcp/4001', '192.168.1.7'],
      ['/ip4/127.0.0.1/tcp/4001', '127.0.0.1'],
      ['/ip4/172.32.0.1/tcp/4001', '172.32.0/24'],
      ['/ip6/2001:db8:1:2::7/tcp/4001', '2001:db8:1/48'],
      ['/ip6/2001:DB8::7/tcp/4001', '2001:db8:0/48'],
      ['/ip6/::1/tcp/4001', '0:0:0/48'],
      ['/ip4/203.0.113.7/tcp/4001/p2p/relay/p2p-circuit', 'relayed'],
      ['', 'other']
    ]) {
      expect(networkPrefix(address), address).to.equal(prefix)
    }
  })
})
