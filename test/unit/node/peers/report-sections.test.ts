import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { Report } from '../../../../protocols/generated/report.js'
import { MAP_LIMITS } from '../../../../src/manifold/map/index.ts'
import {
  checkSections,
  encodeSections,
  readSections,
  REPORT_SECTIONS
} from '../../../../src/node/peers/report-sections.ts'
import { REPORT_LIMITS } from '../../../../src/node/peers/report.ts'
import type { PeerId } from '@libp2p/interface'
import type { SectionValues } from '../../../../src/node/peers/report-sections.ts'

const AT = {
  positionMicros: [-1, 0, 7, 10_000_000, -10_000_000, 1, 2, 3],
  heightMicros: 100,
  errorPpm: 1_500_000
}

const newPeer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

describe('report sections', () => {
  let author: PeerId
  let other: PeerId
  before(async () => {
    author = await newPeer()
    other = await newPeer()
  })
  const values = (): SectionValues => ({
    multiaddrs: [multiaddr('/ip4/192.0.2.1/tcp/4701')],
    sights: [
      {
        peer: other.toString(),
        rttMicros: 1_500,
        failuresPpm: 20,
        serviceMicros: 900,
        kibPerSecond: 70_000,
        domain: 'net:192.0.2.0/24'
      }
    ],
    coordinate: { at: AT },
    heatPpm: 250_000,
    bandwidth: { upKibPerSecond: 4_096, downKibPerSecond: 0 },
    bulk: { port: 4703, publicPort: 31_000 },
    draining: true
  })
  const bytesOf = (peer: PeerId): Uint8Array<ArrayBuffer> => Uint8Array.from(peer.toMultihash().bytes)
  /** A report with these sections, after a way over the wire. */
  const sent = (fields: Partial<Report>): Report =>
    Report.decode(Report.encode({ peer: bytesOf(author), ...fields }))

  it('are decoded unchanged', () => {
    const checked = checkSections(sent(encodeSections(values())))
    expect({ ...checked, multiaddrs: checked?.multiaddrs.map(String) }).to.deep.equal({
      ...values(),
      multiaddrs: ['/ip4/192.0.2.1/tcp/4701']
    })
  })

  it('read their values anew for each report', () => {
    let rttMicros = 1
    const sources = {
      coordinate: () => values().coordinate,
      heatPpm: () => 0,
      bandwidth: () => values().bandwidth,
      multiaddrs: () => [],
      bulk: () => values().bulk,
      draining: () => false,
      sights: () => [{ ...values().sights[0], rttMicros }]
    }
    expect(readSections(sources).sights[0].rttMicros).to.equal(1)
    rttMicros = 2
    expect(readSections(sources).sights[0].rttMicros).to.equal(2)
  })

  it('write no field of another section', () => {
    const { multiaddrs, sights, coordinate, heatPpm, bandwidth, bulk, draining } = values()
    const fields = [
      ...Object.keys(REPORT_SECTIONS.multiaddrs.encode(multiaddrs)),
      ...Object.keys(REPORT_SECTIONS.sights.encode(sights)),
      ...Object.keys(REPORT_SECTIONS.coordinate.encode(coordinate)),
      ...Object.keys(REPORT_SECTIONS.heatPpm.encode(heatPpm)),
      ...Object.keys(REPORT_SECTIONS.bandwidth.encode(bandwidth)),
      ...Object.keys(REPORT_SECTIONS.bulk.encode(bulk)),
      ...Object.keys(REPORT_SECTIONS.draining.encode(draining))
    ]
    expect(new Set(fields).size).to.equal(fields.length)
  })

  it('keep the nearest sights when there are too many, and none that breaks the rules', async () => {
    const many = await Promise.all(
      Array.from({ length: MAP_LIMITS.sights + 3 }, async (_, i) => ({
        peer: (await newPeer()).toString(),
        rttMicros: 5_000 - i,
        failuresPpm: 2_000_000,
        serviceMicros: NaN,
        kibPerSecond: Infinity,
        domain: 'no domain'
      }))
    )
    const unmeasured = { ...many[0], rttMicros: 0 }
    const report = sent(encodeSections({ ...values(), sights: [unmeasured, ...many] }))
    const sights = checkSections(report)?.sights ?? []
    expect(sights).to.have.lengthOf(MAP_LIMITS.sights)
    expect(sights[0]).to.deep.equal({
      ...many[many.length - 1],
      failuresPpm: 1_000_000,
      serviceMicros: 0,
      kibPerSecond: 2 ** 32 - 1,
      domain: ''
    })
  })

  it('fail the whole report when one of them breaks its rules', () => {
    const { sights, coordinate } = encodeSections(values()) as Report
    const [sight] = sights
    const bad: Array<[string, Partial<Report>]> = [
      ['a peer twice', { sights: [sight, sight] }],
      ['the author itself', { sights: [{ ...sight, peer: bytesOf(author) }] }],
      ['no peer id', { sights: [{ ...sight, peer: Uint8Array.of(1, 2, 3) }] }],
      ['a round trip of nothing', { sights: [{ ...sight, rttMicros: 0 }] }],
      ['a round trip too long', { sights: [{ ...sight, rttMicros: MAP_LIMITS.maxRttMicros + 1 }] }],
      ['more failures than requests', { sights: [{ ...sight, failuresPpm: 1_000_001 }] }],
      ['a service of hours', { sights: [{ ...sight, serviceMicros: MAP_LIMITS.maxRttMicros + 1 }] }],
      ['a domain with a space', { sights: [{ ...sight, domain: 'a b' }] }],
      ['a domain too long', { sights: [{ ...sight, domain: 'x'.repeat(65) }] }],
      ['too few dimensions', { coordinate: { ...coordinate!, positionMicros: [1, 2, 3] } }],
      [
        'a place beyond all networks',
        { coordinate: { ...coordinate!, positionMicros: AT.positionMicros.with(0, 10_000_001) } }
      ],
      ['a height below 100 µs', { coordinate: { ...coordinate!, heightMicros: 99 } }],
      ['no height', { coordinate: { ...coordinate!, heightMicros: 0 } }],
      ['an error above one and a half', { coordinate: { ...coordinate!, errorPpm: 1_500_001 } }],
      ['more heat than there is', { heatPpm: 1_000_001 }],
      ['an address too long', { multiaddrs: [new Uint8Array(257)] }],
      ['no address', { multiaddrs: [Uint8Array.of(0xff, 0xff, 0xff)] }]
    ]
    expect(checkSections(sent({ sights: [sight] }))).not.to.equal(undefined)
    for (const [what, fields] of bad) expect(checkSections(sent(fields)), what).to.equal(undefined)
  })

  describe('numbers that are none', () => {
    const NONE: ReadonlyArray<[what: string, value: number]> = [
      ['NaN', NaN],
      ['infinity', Infinity],
      ['minus infinity', -Infinity],
      ['minus zero', -0],
      ['a fraction', 0.5]
    ]
    /** A report as no decoder makes it: `check` must not rely on that. */
    const made = (fields: Partial<Report>): Report => ({ ...sent(encodeSections(values())), ...fields })

    for (const [what, value] of NONE) {
      it(`are refused: ${what}`, () => {
        const { sights, coordinate, bandwidth } = made({})
        const at = coordinate!
        const bad: Array<[string, Partial<Report>]> = [
          ...['rttMicros', 'failuresPpm', 'serviceMicros', 'kibPerSecond'].map(
            (field): [string, Partial<Report>] => [
              `sights.${field}`,
              { sights: [{ ...sights[0], [field]: value }] }
            ]
          ),
          ['position', { coordinate: { ...at, positionMicros: at.positionMicros.with(3, value) } }],
          ['height', { coordinate: { ...at, heightMicros: value } }],
          ['error', { coordinate: { ...at, errorPpm: value } }],
          ['heat', { heatPpm: value }],
          ['up', { bandwidth: { ...bandwidth!, upKibPerSecond: value } }],
          ['down', { bandwidth: { ...bandwidth!, downKibPerSecond: value } }]
        ]
        expect(checkSections(made({}))).not.to.equal(undefined)
        for (const [field, fields] of bad) expect(checkSections(made(fields)), field).to.equal(undefined)
      })
    }

    it('are never sent by this node', () => {
      for (const [what, value] of NONE.slice(0, 4)) {
        const positionMicros = AT.positionMicros.with(1, value)
        const own = { ...values(), coordinate: { at: { ...AT, positionMicros } }, heatPpm: value }
        const checked = checkSections(sent(encodeSections(own)))
        expect(checked?.coordinate, what).to.deep.equal({ at: undefined })
        expect(checked?.heatPpm, what).to.be.oneOf([0, 1_000_000])
      }
    })

    it('cannot be written: the bits of a floating-point NaN in a field of integers are out of range or of another type', () => {
      // Field 21 with field 1 as fixed64, the wire type of a double: NaN.
      const nan = Uint8Array.of(0xaa, 0x01, 9, 0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f)
      // The same bits as a varint: 2^63 - 2^51.
      const varint = Uint8Array.of(0xaa, 0x01, 10, 0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0xfc, 0x7f)
      for (const [what, bytes] of Object.entries({ nan, varint })) {
        const check = (): unknown =>
          checkSections(Report.decode(Buffer.concat([Report.encode({ peer: bytesOf(author) }), bytes])))
        let outcome: unknown
        try {
          outcome = check()
        } catch {
          // The decoder refuses it, and the report with it.
        }
        expect(outcome, what).to.equal(undefined)
      }
    })
  })

  it('leave room in a report of the longest kind that nodes send', async () => {
    const sights = await Promise.all(
      Array.from({ length: MAP_LIMITS.sights }, async () => ({
        peer: (await newPeer()).toString(),
        rttMicros: MAP_LIMITS.maxRttMicros,
        failuresPpm: 1_000_000,
        serviceMicros: MAP_LIMITS.maxRttMicros,
        kibPerSecond: 2 ** 32 - 1,
        domain: 'net:2001:db8:1234:/48'
      }))
    )
    const multiaddrs = Array.from({ length: 8 }, () => multiaddr('/ip6/2001:db8::1/udp/65535/quic-v1'))
    const bytes = Report.encode(encodeSections({ ...values(), sights, multiaddrs }))
    expect(bytes.byteLength).to.be.lessThan(REPORT_LIMITS.payloadBytes - 300)
  })
})
