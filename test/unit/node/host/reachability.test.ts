import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { isBehindNat } from '../../../../src/node/host/reachability.ts'

const RELAY = '/ip4/9.9.9.9/tcp/1/p2p/12D3KooWHboXZ3PRxL3hm5B6Wk5KnbzQ1LdQ2UQ2MYwd5cCyWLnz/p2p-circuit'
const behindNat = (own: string[], peers: string[]): boolean =>
  isBehindNat(
    own.map((address) => multiaddr(address)),
    peers.map((address) => multiaddr(address))
  )

describe('reachability', () => {
  it('sees a NAT where peers are public and this node is not', () => {
    expect(behindNat(['/ip4/192.168.1.5/tcp/4701'], ['/ip4/8.8.8.8/tcp/4701'])).to.equal(true)
    expect(behindNat(['/ip4/192.168.1.5/tcp/4701', RELAY], ['/ip4/8.8.8.8/tcp/4701'])).to.equal(true)
    expect(behindNat([], ['/ip4/8.8.8.8/tcp/4701'])).to.equal(true)
  })

  it('sees none in a private network, nor with a public address of its own', () => {
    expect(behindNat(['/ip4/192.168.1.5/tcp/4701'], ['/ip4/192.168.1.6/tcp/4701'])).to.equal(false)
    expect(behindNat(['/ip4/127.0.0.1/tcp/4701'], ['/ip4/127.0.0.1/tcp/4702'])).to.equal(false)
    expect(behindNat(['/ip4/8.8.4.4/tcp/4701'], ['/ip4/8.8.8.8/tcp/4701'])).to.equal(false)
    expect(behindNat(['/ip4/192.168.1.5/tcp/4701'], [])).to.equal(false)
  })
})
