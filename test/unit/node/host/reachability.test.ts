import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { isBehindNat, reachability } from '../../../../src/node/host/reachability.ts'
import type { Reachability, ReachabilityInit } from '../../../../src/node/host/reachability.ts'

const RELAY = '/ip4/9.9.9.9/tcp/1/p2p/12D3KooWHboXZ3PRxL3hm5B6Wk5KnbzQ1LdQ2UQ2MYwd5cCyWLnz/p2p-circuit'
const behindNat = (own: string[], peers: string[]): boolean =>
  isBehindNat(
    own.map((address) => multiaddr(address)),
    peers.map((address) => multiaddr(address))
  )

describe('reachability', () => {
  it('detects a NAT when peers are public and this node is not', () => {
    expect(behindNat(['/ip4/192.168.1.5/tcp/4701'], ['/ip4/8.8.8.8/tcp/4701'])).to.equal(true)
    expect(behindNat(['/ip4/192.168.1.5/tcp/4701', RELAY], ['/ip4/8.8.8.8/tcp/4701'])).to.equal(true)
    expect(behindNat([], ['/ip4/8.8.8.8/tcp/4701'])).to.equal(true)
  })

  it('detects no NAT in a private network, or with a public address of its own', () => {
    expect(behindNat(['/ip4/192.168.1.5/tcp/4701'], ['/ip4/192.168.1.6/tcp/4701'])).to.equal(false)
    expect(behindNat(['/ip4/127.0.0.1/tcp/4701'], ['/ip4/127.0.0.1/tcp/4702'])).to.equal(false)
    expect(behindNat(['/ip4/8.8.4.4/tcp/4701'], ['/ip4/8.8.8.8/tcp/4701'])).to.equal(false)
    expect(behindNat(['/ip4/192.168.1.5/tcp/4701'], [])).to.equal(false)
  })
})

describe('reachability service', () => {
  const HOME = '/ip4/192.168.1.5/tcp/4701'
  const PUBLIC = '/ip4/8.8.4.4/tcp/4701'
  let own: string[]
  let peers: string[]
  let did: string[]
  const events = new EventTarget()

  const start = (init: ReachabilityInit): Reachability => {
    const components = {
      events,
      addressManager: { getAddresses: () => own.map((one) => multiaddr(one)) },
      connectionManager: {
        getConnections: () => peers.map((one) => ({ direct: true, remoteAddr: multiaddr(one) }))
      },
      transportManager: {
        listen: async (addresses: unknown[]) => void did.push(`listen ${String(addresses[0])}`)
      },
      dht: { setMode: async (mode: string) => void did.push(mode) }
    }
    const service = reachability(init)(
      components as unknown as Parameters<ReturnType<typeof reachability>>[0]
    )
    void service.start?.()
    void service.afterStart?.()
    return service
  }
  const change = (): void => void events.dispatchEvent(new Event('self:peer:update'))

  beforeEach(() => {
    own = [HOME]
    peers = []
    did = []
  })

  it('serves the DHT in a private network; behind a NAT it is only a client, and listens through relays', () => {
    const service = start({ dht: 'auto', relay: true })
    expect(did).to.deep.equal(['server'])
    peers = [PUBLIC]
    change()
    change()
    expect(service.behindNat()).to.equal(true)
    own = [HOME, PUBLIC]
    change()
    own = [HOME]
    change()
    expect(did).to.deep.equal(['server', 'client', 'listen /p2p-circuit', 'server', 'client'])
    void service.stop?.()
    own = [PUBLIC]
    change()
    expect(did).to.have.lengthOf(5)
  })

  it("keeps the operator's choice of DHT mode and relays", () => {
    peers = [PUBLIC]
    const service = start({ dht: 'server', relay: false })
    expect(did).to.deep.equal([])
    void service.stop?.()
  })
})
