import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { isProof } from '../../../../src/node/peers/prober.ts'

const RELAYED = '/ip4/9.9.9.9/tcp/1/p2p/12D3KooWHboXZ3PRxL3hm5B6Wk5KnbzQ1LdQ2UQ2MYwd5cCyWLnz/p2p-circuit'

describe("proof of a peer's address", () => {
  const proven = (direction: 'inbound' | 'outbound', seenAt: string, ...claims: string[]): boolean =>
    isProof(
      { direction, remoteAddr: multiaddr(seenAt) },
      claims.map((one) => multiaddr(one))
    )

  it('is a connection that this node made', () => {
    expect(proven('outbound', '/ip4/8.8.8.8/tcp/4701', '/ip4/8.8.8.8/tcp/4701')).to.equal(true)
  })

  it('is a connection that the peer made from an address that it claims, from any port', () => {
    expect(
      proven('inbound', '/ip4/8.8.8.8/tcp/50123', '/ip4/1.2.3.4/tcp/1', '/ip4/8.8.8.8/tcp/4701')
    ).to.equal(true)
    expect(proven('inbound', '/ip4/8.8.8.8/tcp/50123', '/ip4/1.2.3.4/tcp/4701')).to.equal(false)
  })

  it('is a connection from the local site, or from a peer behind a NAT that claims only relays', () => {
    expect(proven('inbound', '/ip4/172.18.0.5/tcp/50123', '/ip4/1.2.3.4/tcp/4701')).to.equal(true)
    expect(proven('inbound', '/ip4/127.0.0.1/tcp/50123', '/ip4/1.2.3.4/tcp/4701')).to.equal(true)
    expect(proven('inbound', '/ip4/8.8.8.8/tcp/50123', RELAYED)).to.equal(true)
    expect(proven('inbound', '/ip4/8.8.8.8/tcp/50123', RELAYED, '/ip4/1.2.3.4/tcp/1')).to.equal(false)
  })
})
