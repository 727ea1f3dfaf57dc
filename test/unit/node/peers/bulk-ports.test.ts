import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { Report } from '../../../../protocols/generated/report.js'
import { bulkEndpoints, bulkPortsSection, NO_BULK_PORTS } from '../../../../src/node/peers/bulk-ports.ts'
import type { BulkPorts } from '../../../../src/node/peers/bulk-ports.ts'

type Connections = Parameters<typeof bulkEndpoints>[0]

const connection = (
  address: string,
  direction: 'inbound' | 'outbound' = 'outbound',
  isLimited = false
): Connections[number] => ({
  remoteAddr: multiaddr(address),
  direction,
  limits: isLimited ? { bytes: 1n } : undefined
})
const PORTS: BulkPorts = { port: 4703, publicPort: 0 }

describe('the ports of the bulk channel in a report', () => {
  const checked = (fields: Partial<Report>): BulkPorts | undefined =>
    bulkPortsSection.check(Report.decode(Report.encode(fields)))

  it('are decoded unchanged; without them there is no port', () => {
    const ports = { port: 4703, publicPort: 65_535 }
    expect(checked(bulkPortsSection.encode(ports))).to.deep.equal(ports)
    expect(checked({})).to.deep.equal(NO_BULK_PORTS)
  })

  it('are refused where they are no ports', () => {
    expect(checked({ bulkPort: 65_536 })).to.equal(undefined)
    expect(checked({ bulkPort: 1, bulkPublicPort: 65_536 })).to.equal(undefined)
    expect(checked({ bulkPublicPort: 4703 })).to.equal(undefined)
  })
})

describe('where a peer takes bulk connections', () => {
  it('is nowhere without a port, without a connection, and behind a relay', () => {
    const direct = connection('/ip4/192.0.2.1/tcp/4701')
    const relay =
      '/ip4/192.0.2.9/tcp/4701/p2p/12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7/p2p-circuit'
    expect(bulkEndpoints([direct], NO_BULK_PORTS)).to.deep.equal([])
    expect(bulkEndpoints([], PORTS)).to.deep.equal([])
    expect(bulkEndpoints([connection(relay, 'outbound', true)], PORTS)).to.deep.equal([])
  })

  it('is the address of a direct connection, whatever its transport; first one that was dialled', () => {
    const connections = [
      connection('/ip4/192.0.2.7/tcp/50123', 'inbound'),
      connection('/ip6/2001:db8::1/udp/4701/quic-v1'),
      connection('/ip6/2001:db8::1/tcp/4701')
    ]
    expect(bulkEndpoints(connections, PORTS)).to.deep.equal([
      { host: '2001:db8::1', port: 4703 },
      { host: '192.0.2.7', port: 4703 }
    ])
  })

  it('is the forwarded port at a public address, and its own port inside the site', () => {
    const ports = { port: 4703, publicPort: 31_000 }
    expect(bulkEndpoints([connection('/ip4/8.8.8.8/tcp/4701')], ports)[0].port).to.equal(31_000)
    expect(bulkEndpoints([connection('/ip4/192.168.1.2/tcp/4701')], ports)[0].port).to.equal(4703)
    expect(bulkEndpoints([connection('/ip4/127.0.0.1/tcp/4701')], ports)[0].port).to.equal(4703)
  })
})
