import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { mergeByLabel } from '../../../../src/manifold/map/index.ts'
import { claimedDomain, observedDomain } from '../../../../src/node/peers/failure-domain.ts'

const claimed = (...addresses: string[]): string =>
  claimedDomain(
    addresses.map((a) => multiaddr(a)),
    'me'
  )
const observed = (address: string, ...claims: string[]): string =>
  observedDomain(
    multiaddr(address),
    claims.map((a) => multiaddr(a)),
    'me'
  )
const RELAYED = '/ip4/9.9.9.9/tcp/1/p2p/12D3KooWHboXZ3PRxL3hm5B6Wk5KnbzQ1LdQ2UQ2MYwd5cCyWLnz/p2p-circuit'

describe('failure domain', () => {
  it('is the /24 or /48 of a public address', () => {
    expect(claimed('/ip4/8.8.8.8/tcp/1')).to.equal(claimed('/ip4/8.8.8.200/udp/9/quic-v1'))
    expect(claimed('/ip4/8.8.8.8/tcp/1')).not.to.equal(claimed('/ip4/8.8.9.8/tcp/1'))
    expect(claimed('/ip6/2a00:1450:4001::1/tcp/1')).to.equal('net:2a00:1450:4001/48')
    expect(claimed('/ip6/2a00:1450::4001:0:0:1/tcp/1')).to.equal('net:2a00:1450:0/48')
  })

  it('is the host of a private address, and host and port on loopback', () => {
    expect(claimed('/ip4/10.1.2.3/tcp/1')).to.equal(claimed('/ip4/10.1.2.3/tcp/2'))
    expect(claimed('/ip4/10.1.2.3/tcp/1')).not.to.equal(claimed('/ip4/10.1.2.4/tcp/1'))
    expect(claimed('/ip4/127.0.0.1/tcp/1')).not.to.equal(claimed('/ip4/127.0.0.1/tcp/2'))
  })

  it('prefers public to private to loopback addresses, and ignores relays', () => {
    const all = ['/ip4/127.0.0.1/tcp/1', RELAYED, '/ip4/10.0.0.1/tcp/1', '/ip4/8.8.8.8/tcp/1']
    expect(claimed(...all)).to.equal('net:8.8.8/24')
    expect(claimed(...all.slice(0, 3))).to.equal('host:10.0.0.1')
    expect(claimed(RELAYED)).to.equal('peer:me')
    expect(claimed('/dns4/example.com/tcp/1')).to.equal('peer:me')
  })

  it('is the place where a peer was seen, whatever it claims', () => {
    expect(observed('/ip4/8.8.8.8/tcp/50123', '/ip4/1.2.3.4/tcp/1', '/ip4/8.8.8.8/tcp/1')).to.equal(
      'net:8.8.8/24'
    )
    expect(observed('/ip4/10.0.0.7/tcp/50123', '/ip4/1.2.3.4/tcp/1')).to.equal('host:10.0.0.7')
  })

  it('is the port at which it listens, for a peer on this machine', () => {
    expect(observed('/ip4/127.0.0.1/tcp/50123', '/ip4/127.0.0.1/tcp/4701')).to.equal('port:127.0.0.1:4701')
    expect(observed('/ip4/127.0.0.1/tcp/50123', '/ip4/10.0.0.7/tcp/4701')).to.equal('host:10.0.0.7')
    expect(observed('/ip4/127.0.0.1/tcp/4701')).to.equal('port:127.0.0.1:4701')
  })
})

describe('labels of failure domains', () => {
  const merged = (...peers: Array<[domain: string, label: string]>): string[] =>
    mergeByLabel(peers.map(([domain, label]) => ({ domain, label })))

  it('merge domains', () => {
    expect(merged(['a', 'rack'], ['b', 'rack'], ['c', ''])).to.deep.equal(['label:rack', 'label:rack', 'c'])
  })

  it('never split one: a peer without a label, or with another, stays in the domain', () => {
    expect(merged(['a', 'x'], ['a', 'y'], ['a', 'x'], ['a', ''])).to.deep.equal(
      Array<string>(4).fill('label:x')
    )
    expect(merged(['a', 'y'], ['a', 'x'])).to.deep.equal(['label:x', 'label:x'])
  })

  it('do not merge other domains through one domain with several labels', () => {
    const [one, two] = merged(['a', 'x'], ['b', 'y'], ['evil', 'x'], ['evil', 'y'])
    expect(one).not.to.equal(two)
  })
})
