import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import fc from 'fast-check'
import { Report, Signed } from '../../../../protocols/generated/report.js'
import { signPayload } from '../../../../protocols/signed.ts'
import { checkReport, REPORT_LIMITS, signReport } from '../../../../src/node/peers/report.ts'
import type { Signer } from '../../../../protocols/signed.ts'
import type { CheckContext, DropReason, PeerReport } from '../../../../src/node/peers/report.ts'
import { EMPTY_SECTIONS } from '../../../support/reports.ts'

const NOW = 1_800_000_000_000
const NETWORK = new Uint8Array(32).fill(1)
const OTHER_NETWORK = new Uint8Array(32).fill(2)

const newSigner = async (): Promise<Signer> => {
  const key = await generateKeyPair('Ed25519')
  return { peer: peerIdFromPrivateKey(key), sign: async (bytes) => await key.sign(bytes) }
}

const FIELDS: Omit<PeerReport, 'signed' | 'peer'> = {
  sequence: 5n,
  issuedAtMs: NOW - 1_000,
  capacityBytes: 100,
  freeBytes: 40,
  version: '1.2.3',
  uptimeSeconds: 9,
  ...EMPTY_SECTIONS,
  domain: 'rack-1',
  multiaddrs: [multiaddr('/ip4/192.0.2.1/tcp/4701')],
  intervalMs: 30_000
}

describe('peer reports', () => {
  let signer: Signer
  before(async () => {
    signer = await newSigner()
  })

  const context = (last?: bigint): CheckContext => ({
    networkId: NETWORK,
    nowMs: NOW,
    lastSequence: () => last
  })
  const check = async (bytes: Uint8Array, last?: bigint): Promise<PeerReport | DropReason> =>
    await checkReport(bytes, context(last))
  const sign = async (fields: Partial<typeof FIELDS> = {}, networkId = NETWORK): Promise<Uint8Array> =>
    await signReport(networkId, { ...FIELDS, ...fields }, signer)
  /** A report whose encoding `signReport` would not make. */
  const signRaw = async (fields: Partial<Report>, by = signer): Promise<Uint8Array> => {
    const report = Report.decode(Signed.decode(await sign()).payload)
    return await signPayload('report', NETWORK, Report.encode({ ...report, ...fields }), by)
  }

  it('are decoded unchanged', async () => {
    const signed = await sign()
    const report = (await check(signed)) as PeerReport
    expect({
      ...report,
      multiaddrs: report.multiaddrs.map(String),
      peer: report.peer.toString()
    }).to.deep.equal({
      ...FIELDS,
      multiaddrs: ['/ip4/192.0.2.1/tcp/4701'],
      peer: signer.peer.toString(),
      signed
    })
  })

  it('carry at most what a report may hold', async () => {
    const many = Array.from({ length: 40 }, (_, i) => multiaddr(`/ip4/192.0.2.1/tcp/${i + 1}`))
    const report = (await check(await sign({ multiaddrs: many }))) as PeerReport
    expect(report.multiaddrs).to.have.lengthOf(REPORT_LIMITS.multiaddrs)
  })

  it('are dropped as malformed without a signature, or when they are other messages', async () => {
    const { signer: by, payload } = Signed.decode(await sign())
    expect(await check(Signed.encode({ signer: by, payload, signature: new Uint8Array() }))).to.equal(
      'malformed'
    )
    expect(await check(Report.encode(Report.decode(payload)))).to.equal('malformed')
    expect(await check(new Uint8Array())).to.equal('malformed')
    const notAReport = await signPayload('report', NETWORK, Uint8Array.of(0xff, 0xff), signer)
    expect(await check(notAReport)).to.equal('malformed')
  })

  it('are dropped when a bit of the report or of its signature is wrong', async () => {
    const signed = Signed.decode(await sign())
    signed.signature[3] ^= 1
    expect(await check(Signed.encode(signed))).to.equal('bad-signature')
    expect(
      await check(await signPayload('lease', NETWORK, Signed.decode(await sign()).payload, signer))
    ).to.equal('bad-signature')
  })

  it('are dropped when another peer signed them', async () => {
    expect(await check(await signRaw({}, await newSigner()))).to.equal('bad-signature')
  })

  it('are dropped when they belong to another network, or were signed for one', async () => {
    expect(await check(await sign({}, OTHER_NETWORK))).to.equal('wrong-network')
    const payload = Signed.decode(await sign()).payload
    expect(await check(await signPayload('report', OTHER_NETWORK, payload, signer))).to.equal('bad-signature')
  })

  it('are dropped when they were seen before, or are older than the newest', async () => {
    expect(await check(await sign(), 5n)).to.equal('replayed')
    expect(await check(await sign(), 6n)).to.equal('replayed')
    expect(await check(await sign(), 4n)).to.have.property('sequence', 5n)
  })

  it('are dropped when too old for their interval or too far in the future', async () => {
    const { clockSkewMs } = REPORT_LIMITS
    const age = (ms: number): Promise<PeerReport | DropReason> =>
      sign({ issuedAtMs: NOW - ms }).then((one) => check(one))
    expect(await age(clockSkewMs + 90_001)).to.equal('too-old')
    expect(await age(clockSkewMs + 90_000)).to.be.an('object')
    expect(await age(-clockSkewMs - 1)).to.equal('from-future')
    expect(await age(-clockSkewMs)).to.be.an('object')
  })

  it('still count as a clock when they are dropped for their time, if properly signed', async () => {
    const heard: number[] = []
    const onTime = (_peer: unknown, _sequence: bigint, issuedAtMs: number): void =>
      void heard.push(issuedAtMs)
    const listen = async (bytes: Uint8Array): Promise<PeerReport | DropReason> =>
      await checkReport(bytes, { ...context(), onTime })
    const dayBefore = NOW - 86_400_000
    expect(await listen(await sign({ issuedAtMs: dayBefore }))).to.equal('too-old')
    await listen(await sign())
    const forged = Signed.decode(await sign({ issuedAtMs: dayBefore + 1 }))
    forged.signature[3] ^= 1
    expect(await listen(Signed.encode(forged))).to.equal('too-old')
    expect(heard).to.deep.equal([dayBefore, FIELDS.issuedAtMs])
  })

  const limits: Array<[string, Partial<Report>]> = [
    ['more free than it has', { freeBytes: 101 }],
    ['an endless version', { version: 'v'.repeat(65) }],
    ['an endless domain', { domain: 'd'.repeat(65) }],
    ['a version that is no text to print', { version: '1\u001b[2J' }],
    ['an interval too short', { intervalMs: 10 }],
    ['an interval too long', { intervalMs: 4_000_000 }],
    ['an uptime beyond numbers', { uptimeSeconds: 2n ** 60n }],
    ['an address too long', { multiaddrs: [new Uint8Array(257)] }],
    ['an address that is none', { multiaddrs: [Uint8Array.of(0xff, 0xff, 0xff)] }]
  ]
  for (const [what, fields] of limits) {
    it(`are dropped with ${what}`, async () => {
      expect(await check(await signRaw(fields))).to.equal('out-of-limits')
    })
  }

  it('are dropped with more addresses than the limit, or longer than the limit, before they are decoded', async () => {
    const addresses = Array.from({ length: 17 }, () => Uint8Array.from(FIELDS.multiaddrs[0].bytes))
    expect(await check(await signRaw({ multiaddrs: addresses }))).to.equal('malformed')
    expect(await check(new Uint8Array(REPORT_LIMITS.payloadBytes + 129))).to.equal('out-of-limits')
  })

  it('are dropped when they claim an impossible capacity', async () => {
    const { payload } = Signed.decode(await sign())
    const capacityOf2Pow63 = Uint8Array.of(0x28, ...Array<number>(9).fill(0x80), 0x01)
    const greedy = Buffer.concat([payload, capacityOf2Pow63])
    expect(await check(await signPayload('report', NETWORK, greedy, signer))).to.equal('malformed')
  })

  it('carry any possible capacity', async () => {
    const sizes = fc.oneof(fc.maxSafeNat(), fc.integer({ min: 2 ** 31, max: 2 ** 32 }))
    await fc.assert(
      fc.asyncProperty(sizes, async (capacityBytes) => {
        const report = await check(await sign({ capacityBytes, freeBytes: capacityBytes }))
        expect(report).to.include({ capacityBytes, freeBytes: capacityBytes })
      })
    )
  })

  it('never make the check throw, for any bytes', async () => {
    const good = await sign()
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
        .map((edits) => {
          const copy = Uint8Array.from(good)
          for (const [at, value] of edits) copy[at] = value
          return copy
        })
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (candidate) => {
        const outcome = await check(candidate)
        if (typeof outcome === 'object') expect(Buffer.from(candidate).equals(good)).to.equal(true)
      }),
      { numRuns: 300 }
    )
  })
})
