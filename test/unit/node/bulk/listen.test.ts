import { expect } from 'chai'
import { bulkListen } from '../../../../src/node/bulk/index.ts'
import { OPTIONS } from '../../../../src/node/config/options.ts'

describe('where the bulk channel listens', () => {
  it('is on the IP addresses of TCP, two ports above the first', () => {
    expect(bulkListen(OPTIONS.listen.default, undefined)).to.deep.equal({
      hosts: ['0.0.0.0'],
      port: 4703,
      orFree: true
    })
    const several = ['/ip4/10.0.0.1/tcp/9000', '/ip6/::/tcp/9001', '/ip4/10.0.0.1/tcp/9002']
    expect(bulkListen(several, undefined)).to.deep.equal({
      hosts: ['10.0.0.1', '::'],
      port: 9002,
      orFree: true
    })
  })

  it('is on a free port where the node is, and on the chosen port where there is one', () => {
    expect(bulkListen(['/ip4/127.0.0.1/tcp/0'], undefined).port).to.equal(0)
    expect(bulkListen(['/ip4/127.0.0.1/tcp/65534'], undefined).port).to.equal(0)
    expect(bulkListen(['/ip4/127.0.0.1/tcp/9000'], 7000)).to.deep.equal({
      hosts: ['127.0.0.1'],
      port: 7000,
      orFree: false
    })
  })

  it('is nowhere without TCP', () => {
    const others = ['/ip4/0.0.0.0/udp/4701/quic-v1', '/ip4/0.0.0.0/tcp/4702/ws', '/dns4/example.org/tcp/1']
    expect(bulkListen(others, 4703).hosts).to.deep.equal([])
    expect(bulkListen([], undefined)).to.deep.equal({ hosts: [], port: 0, orFree: true })
  })
})
