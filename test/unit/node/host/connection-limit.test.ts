import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { limitConnections, WORTH } from '../../../../src/node/host/connection-limit.ts'
import type { Connection } from '@libp2p/interface'
import type { Worth } from '../../../../src/node/host/connection-limit.ts'

const MAX = 10
const OLD_MS = 60_000

describe('connection slots', () => {
  let open: Connection[]
  let worths: Map<string, Worth>
  let nowMs: number
  let onOpen: (event: { detail: Connection }) => void
  /** Connections of the bulk channel: all, and those of them that are idle. */
  let bulk: { size: number; idle: number }

  beforeEach(() => {
    open = []
    worths = new Map()
    nowMs = 1_000_000
    bulk = { size: 0, idle: 0 }
    const host = {
      getConnections: () => open,
      addEventListener: (_name: string, listener: typeof onOpen) => {
        onOpen = listener
      }
    }
    limitConnections(host as unknown as Parameters<typeof limitConnections>[0], {
      maxConnections: MAX,
      worth: (peer) => worths.get(peer.toString()) ?? WORTH.stranger,
      bulk: {
        get size() {
          return bulk.size
        },
        endIdle: () => {
          if (bulk.idle === 0) return false
          bulk = { size: bulk.size - 1, idle: bulk.idle - 1 }
          return true
        }
      },
      nowMs: () => nowMs,
      random: () => 0
    })
  })

  const connect = (
    peer: string,
    address = '/ip4/8.8.8.8/tcp/1',
    direction: 'inbound' | 'outbound' = 'inbound'
  ): Connection => {
    const remotePeer = { toString: () => peer, equals: (other: unknown) => String(other) === peer }
    const connection = {
      remotePeer,
      remoteAddr: multiaddr(address),
      direction,
      status: 'open',
      timeline: { open: nowMs++ },
      close: async () => {
        open = open.filter((one) => one !== (connection as unknown))
      }
    } as unknown as Connection
    open.push(connection)
    onOpen({ detail: connection })
    return connection
  }
  const held = (): string[] => open.map(({ remotePeer }) => remotePeer.toString())
  const age = (): void => {
    nowMs += OLD_MS
  }

  it('are at most four for each key; its oldest connection is closed', () => {
    const first = connect('eve')
    for (let i = 0; i < 48; i++) connect('eve')
    expect(held()).to.deep.equal(['eve', 'eve', 'eve', 'eve'])
    expect(open).not.to.include(first)
  })

  it('are shared with the bulk channel, whose idle connections go first', () => {
    bulk = { size: 2, idle: 1 }
    for (let i = 0; i < MAX - 1; i++) connect(`peer-${i}`)
    expect(held()).to.have.length(MAX - 1)
    expect(bulk).to.deep.equal({ size: 1, idle: 0 })
    connect('late')
    expect(held()).to.have.length(MAX - 1)
    expect(bulk.size).to.equal(1)
  })

  it('go to a newcomer from the connection that is worth least', () => {
    for (let i = 0; i < MAX; i++) {
      connect(`peer-${i}`)
      worths.set(`peer-${i}`, i === 6 ? WORTH.stranger : WORTH.member)
    }
    age()
    connect('newcomer')
    expect(held()).to.include('newcomer').and.not.include('peer-6')
    expect(held()).to.have.lengthOf(MAX)
  })

  it('are taken, among equals, from the address with most: many keys of one machine lock no peer out', () => {
    connect('lone', '/ip4/1.1.1.1/tcp/1')
    for (let i = 1; i < MAX; i++) connect(`key-${i}`, '/ip4/8.8.8.8/tcp/1')
    for (let i = 0; i < 3; i++) {
      age()
      connect(`newcomer-${i}`, `/ip4/9.9.9.${i}/tcp/1`)
    }
    expect(held()).to.include.members(['lone', 'newcomer-0', 'newcomer-1', 'newcomer-2'])
    expect(held().filter((one) => one.startsWith('key'))).to.have.lengthOf(MAX - 4)
  })

  it('count a /64 of IPv6 as one address', () => {
    connect('lone', '/ip6/2a00:2::1/tcp/1')
    for (let i = 1; i < MAX; i++) connect(`key-${i}`, `/ip6/2a00:1:0:0:${i}::1/tcp/1`)
    age()
    connect('newcomer', '/ip6/2a00:3::1/tcp/1')
    expect(held()).to.include.members(['lone', 'newcomer'])
  })

  it('stay with peers that have proven themselves: then the newcomer is refused', () => {
    for (let i = 0; i < MAX; i++) {
      connect(`peer-${i}`)
      worths.set(`peer-${i}`, WORTH.proven)
    }
    age()
    connect('newcomer')
    expect(held()).to.have.lengthOf(MAX).and.not.include('newcomer')
  })

  it('stay for some seconds with peers that have not had time to identify themselves', () => {
    for (let i = 0; i < MAX - 1; i++) {
      connect(`peer-${i}`)
      worths.set(`peer-${i}`, WORTH.member)
    }
    age()
    connect('young')
    connect('newcomer')
    expect(held()).to.include.members(['young', 'newcomer'])
  })

  it('are not taken from connections that this node made', () => {
    for (let i = 0; i < MAX; i++) connect(`ours-${i}`, '/ip4/8.8.8.8/tcp/1', 'outbound')
    connect('newcomer')
    expect(held().filter((one) => one.startsWith('ours'))).to.have.lengthOf(MAX)
    expect(held()).not.to.include('newcomer')
  })
})
