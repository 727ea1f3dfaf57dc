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
import type { PeerId } from '@libp2p/interface'
import type { SectionValues } from '../../../../src/node/peers/report-sections.ts'

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
    sights: [{ peer: other.toString(), rttMicros: 1_500, failuresPpm: 20 }]
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
      ...values(),
      multiaddrs: () => [],
      sights: () => [{ ...values().sights[0], rttMicros }]
    }
    expect(readSections(sources).sights[0].rttMicros).to.equal(1)
    rttMicros = 2
    expect(readSections(sources).sights[0].rttMicros).to.equal(2)
  })

  it('write no field of another section', () => {
    const { multiaddrs, sights } = values()
    const fields = [
      ...Object.keys(REPORT_SECTIONS.multiaddrs.encode(multiaddrs)),
      ...Object.keys(REPORT_SECTIONS.sights.encode(sights))
    ]
    expect(new Set(fields).size).to.equal(fields.length)
  })

  it('keep the nearest sights when there are too many, and none that breaks the rules', async () => {
    const many = await Promise.all(
      Array.from({ length: MAP_LIMITS.sights + 3 }, async (_, i) => ({
        peer: (await newPeer()).toString(),
        rttMicros: 5_000 - i,
        failuresPpm: 2_000_000
      }))
    )
    const unmeasured = { ...many[0], rttMicros: 0 }
    const report = sent(encodeSections({ ...values(), sights: [unmeasured, ...many] }))
    const sights = checkSections(report)?.sights ?? []
    expect(sights).to.have.lengthOf(MAP_LIMITS.sights)
    expect(sights[0]).to.deep.equal({ ...many[many.length - 1], failuresPpm: 1_000_000 })
  })

  it('fail the whole report when one of them breaks its rules', () => {
    const sight = { peer: bytesOf(other), rttMicros: 1_500, failuresPpm: 20 }
    const bad: Array<[string, Partial<Report>]> = [
      ['a peer twice', { sights: [sight, sight] }],
      ['the author itself', { sights: [{ ...sight, peer: bytesOf(author) }] }],
      ['no peer id', { sights: [{ ...sight, peer: Uint8Array.of(1, 2, 3) }] }],
      ['a round trip of nothing', { sights: [{ ...sight, rttMicros: 0 }] }],
      ['a round trip too long', { sights: [{ ...sight, rttMicros: MAP_LIMITS.maxRttMicros + 1 }] }],
      ['more failures than requests', { sights: [{ ...sight, failuresPpm: 1_000_001 }] }],
      ['an address too long', { multiaddrs: [new Uint8Array(257)] }],
      ['no address', { multiaddrs: [Uint8Array.of(0xff, 0xff, 0xff)] }]
    ]
    expect(checkSections(sent({ sights: [sight] }))).not.to.equal(undefined)
    for (const [what, fields] of bad) expect(checkSections(sent(fields)), what).to.equal(undefined)
  })
})
