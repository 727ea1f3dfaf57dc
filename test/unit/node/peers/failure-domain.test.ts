import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { failureDomain } from '../../../../src/node/peers/failure-domain.ts'

const domain = (label: string, ...addresses: string[]): string =>
  failureDomain(
    label,
    addresses.map((a) => multiaddr(a)),
    'me'
  )

describe('failure domain', () => {
  it('is what the operator says', () => {
    expect(domain('rack-7', '/ip4/8.8.8.8/tcp/1')).to.equal('label:rack-7')
  })

  it('is the /24 or /48 of a public address', () => {
    expect(domain('', '/ip4/8.8.8.8/tcp/1')).to.equal(domain('', '/ip4/8.8.8.200/udp/9/quic-v1'))
    expect(domain('', '/ip4/8.8.8.8/tcp/1')).not.to.equal(domain('', '/ip4/8.8.9.8/tcp/1'))
    expect(domain('', '/ip6/2a00:1450:4001::1/tcp/1')).to.equal('net:2a00:1450:4001/48')
    expect(domain('', '/ip6/2a00:1450::4001:0:0:1/tcp/1')).to.equal('net:2a00:1450:0/48')
  })

  it('is the host of a private address, and host and port on loopback', () => {
    expect(domain('', '/ip4/10.1.2.3/tcp/1')).to.equal(domain('', '/ip4/10.1.2.3/tcp/2'))
    expect(domain('', '/ip4/10.1.2.3/tcp/1')).not.to.equal(domain('', '/ip4/10.1.2.4/tcp/1'))
    expect(domain('', '/ip4/127.0.0.1/tcp/1')).not.to.equal(domain('', '/ip4/127.0.0.1/tcp/2'))
  })

  it('prefers public to private to loopback, and goes by no relay', () => {
    const relayed = '/ip4/9.9.9.9/tcp/1/p2p/12D3KooWHboXZ3PRxL3hm5B6Wk5KnbzQ1LdQ2UQ2MYwd5cCyWLnz/p2p-circuit'
    const all = ['/ip4/127.0.0.1/tcp/1', relayed, '/ip4/10.0.0.1/tcp/1', '/ip4/8.8.8.8/tcp/1']
    expect(domain('', ...all)).to.equal('net:8.8.8/24')
    expect(domain('', ...all.slice(0, 3))).to.equal('host:10.0.0.1')
    expect(domain('', relayed)).to.equal('peer:me')
    expect(domain('', '/dns4/example.com/tcp/1')).to.equal('peer:me')
  })
})
