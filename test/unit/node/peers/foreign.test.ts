import { expect } from 'chai'
import { ForeignPeers, FOREIGN_MS } from '../../../../src/node/peers/foreign.ts'
import { peerIds } from '../../../support/peers.ts'
import { VirtualTime } from '../../../support/virtual-clock.ts'
import type { PeerId } from '@libp2p/interface'

describe('peers of other networks', () => {
  let clock: VirtualTime
  let foreign: ForeignPeers
  let peer: PeerId

  beforeEach(async () => {
    clock = new VirtualTime()
    foreign = new ForeignPeers(clock)
    ;[peer] = await peerIds(1)
  })

  it('are neither dialled nor accepted until the mark expires', async () => {
    foreign.add(peer)
    expect([foreign.gater.denyDialPeer?.(peer), foreign.has(peer)]).to.deep.equal([true, true])
    await clock.advance(FOREIGN_MS - 1)
    expect(foreign.gater.denyInboundEncryptedConnection?.(peer, {} as never)).to.equal(true)
    await clock.advance(1)
    expect(foreign.gater.denyDialPeer?.(peer)).to.equal(false)
    expect(foreign.gater.denyInboundEncryptedConnection?.(peer, {} as never)).to.equal(false)
  })

  it('are remembered for longer with each mark', async () => {
    foreign.add(peer)
    await clock.advance(FOREIGN_MS - 1)
    foreign.add(peer)
    await clock.advance(FOREIGN_MS - 1)
    expect(foreign.has(peer)).to.equal(true)
  })

  it('are remembered in a bounded number: the oldest mark is dropped', () => {
    const named = (i: number): PeerId => ({ toString: () => `peer-${i}` }) as unknown as PeerId
    for (let i = 0; i < 4097; i++) foreign.add(named(i))
    expect([foreign.has(named(0)), foreign.has(named(1)), foreign.has(named(4096))]).to.deep.equal([
      false,
      true,
      true
    ])
  })
})
