import { expect } from 'chai'
import fc from 'fast-check'
import { rateAt } from '../../../../src/node/config/byte-rate.ts'
import { byteRate } from '../../../../src/node/config/kinds.ts'
import { isLocalAddress } from '../../../../src/hologram/holder/network-prefix.ts'

const MIB = 2 ** 20
const at = (hours: number, minutes = 0): Date => new Date(2026, 0, 5, hours, minutes)

describe('rates by the hour', () => {
  it('a rate without hours is a number, whether it says "a second" or not', () => {
    for (const text of ['2MiB', '2MiB/s', ' 2 MiB '.replace(' M', 'M')])
      expect(byteRate.parse(text)).to.equal(2 * MIB)
    expect(byteRate.parse(5)).to.equal(5)
    expect(byteRate.parse('0')).to.equal(0)
  })

  it('holds within its hours, to the minute, and not outside', () => {
    const rate = byteRate.parse('2MiB/s 08:00-22:00')
    const seen = [at(7, 59), at(8), at(21, 59), at(22)].map((time) => rateAt(rate, time) / MIB)
    expect(seen).to.deep.equal([0, 2, 2, 0])
  })

  it('may go over midnight, and the first window that is open counts', () => {
    const rate = byteRate.parse('10MiB 22:30-6:15, 1MiB 12:00-13:00, 2MiB')
    const seen = [at(23), at(3), at(6, 14), at(6, 15), at(12, 30), at(22, 29)].map(
      (time) => rateAt(rate, time) / MIB
    )
    expect(seen).to.deep.equal([10, 10, 10, 2, 1, 2])
    expect(rateAt(byteRate.parse('1MiB 0:00-24:00'), at(23, 59))).to.equal(MIB)
  })

  for (const wrong of [
    '',
    '2MiB 8-22',
    '2MiB 08:00',
    '2MiB 08:00-08:00',
    '1MiB 25:00-26:00',
    '1MiB 10:60-11:00',
    'x 08:00-09:00',
    '1MiB,'
  ]) {
    it(`refuses ${JSON.stringify(wrong)} and says what it expects`, () => {
      expect(() => byteRate.parse(wrong)).to.throw(/expected bytes a second/)
    })
  }

  it('prints what parses to the same', () => {
    const minute = fc.integer({ min: 0, max: 1439 })
    const window = fc
      .record({ bytesPerSecond: fc.integer({ min: 1, max: 1e12 }), fromMinute: minute, toMinute: minute })
      .filter(({ fromMinute, toMinute }) => fromMinute !== toMinute)
    fc.assert(
      fc.property(fc.array(window, { minLength: 1, maxLength: 4 }), (windows) => {
        expect(byteRate.parse(byteRate.format(windows))).to.deep.equal(windows)
      })
    )
  })
})

describe('local networks', () => {
  it('are those that the Internet does not route', () => {
    const local = [
      '/ip4/127.0.0.1/tcp/1',
      '/ip4/10.1.2.3/tcp/1',
      '/ip4/172.31.0.1/udp/1',
      '/ip4/192.168.1.9/tcp/1',
      '/ip4/169.254.3.4/tcp/1',
      '/ip6/::1/tcp/1',
      '/ip6/fe80::1/tcp/1',
      '/ip6/fd00:1::2/tcp/1'
    ]
    const far = [
      '/ip4/203.0.113.7/tcp/1',
      '/ip4/172.32.0.1/tcp/1',
      '/ip6/2001:db8::1/tcp/1',
      '/ip6/::2/tcp/1',
      '/ip4/10.0.0.1/tcp/1/p2p/x/p2p-circuit',
      '/dns4/lan/tcp/1',
      ''
    ]
    for (const address of local) expect(isLocalAddress(address), address).to.equal(true)
    for (const address of far) expect(isLocalAddress(address), address).to.equal(false)
  })
})
