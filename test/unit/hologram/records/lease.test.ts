import { MAX_LEASE_PAYLOAD_BYTES } from '../../../../protocols/limits.ts'
import { expect } from 'chai'
import { Lease as LeaseMessage } from '../../../../protocols/generated/object.js'
import { signPayload, type Signer } from '../../../../protocols/signed.ts'
import { objectCid } from '../../../../src/hologram/records/cid.ts'
import { isLive, MAX_LEASE_MS, openLease, storedLease } from '../../../../src/hologram/records/lease.ts'
import { codeOf, DAY_MS, leaseOn, NETWORK, NOW_MS, OTHER_NETWORK, sha256, signer } from '../support.ts'

describe('lease', () => {
  const cid = objectCid(sha256(Uint8Array.of(1)))
  let alice: Signer

  before(async () => {
    alice = await signer(0)
  })

  /** A lease message with some fields put otherwise, signed by alice. */
  async function forged(
    changes: Partial<LeaseMessage>,
    type: 'lease' | 'report' = 'lease'
  ): Promise<Uint8Array> {
    const message = {
      network: Uint8Array.from(NETWORK),
      cid: Uint8Array.from(cid.bytes),
      lessee: Uint8Array.from(alice.peer.toMultihash().bytes),
      sequence: 1n,
      expiresAtMs: NOW_MS + DAY_MS,
      tombstone: false
    }
    return await signPayload(type, NETWORK, LeaseMessage.encode({ ...message, ...changes }), alice)
  }

  const refusal = async (signed: Uint8Array) => codeOf(async () => openLease(NETWORK, signed, NOW_MS))

  it('is read back as it was signed', async () => {
    const expiresAtMs = NOW_MS + 5 * DAY_MS
    const signed = await leaseOn(cid, alice, { sequence: 2n ** 63n, expiresAtMs, tombstone: true })
    const lease = await openLease(NETWORK, signed, NOW_MS)
    expect(lease.cid.equals(cid) && lease.lessee.equals(alice.peer)).to.equal(true)
    expect(lease).to.include({ sequence: 2n ** 63n, expiresAtMs, tombstone: true })
    expect(storedLease(lease, signed)).to.deep.equal({
      lessee: alice.peer.toString(),
      sequence: 2n ** 63n,
      expiresAtMs,
      tombstone: true,
      signed
    })
  })

  it('is refused from another network, by name', async () => {
    expect(await refusal(await leaseOn(cid, alice, { network: OTHER_NETWORK }))).to.equal('WRONG_NETWORK')
    expect(await refusal(await forged({ network: new Uint8Array(0) }))).to.equal('WRONG_NETWORK')
  })

  it('is refused when it has expired, or runs for more than 400 days', async () => {
    expect(await refusal(await leaseOn(cid, alice, { expiresAtMs: NOW_MS }))).to.equal('BAD_LEASE')
    expect(await refusal(await leaseOn(cid, alice, { expiresAtMs: NOW_MS + MAX_LEASE_MS + 1 }))).to.equal(
      'BAD_LEASE'
    )
    const longest = await leaseOn(cid, alice, { expiresAtMs: NOW_MS + MAX_LEASE_MS })
    expect((await openLease(NETWORK, longest, NOW_MS)).expiresAtMs).to.equal(NOW_MS + MAX_LEASE_MS)
  })

  it('is refused when its signer is not its lessee', async () => {
    const { peer } = await signer(1)
    expect(await refusal(await forged({ lessee: Uint8Array.from(peer.toMultihash().bytes) }))).to.equal(
      'BAD_LEASE'
    )
  })

  it('is refused when the signature has another type, or is wrong', async () => {
    expect(await refusal(await forged({}, 'report'))).to.equal('BAD_LEASE')
    const signed = await leaseOn(cid, alice)
    signed[signed.length - 1] ^= 1
    expect(await refusal(signed)).to.equal('BAD_LEASE')
  })

  it('is refused when it names no object', async () => {
    expect(await refusal(await forged({ cid: new Uint8Array(36) }))).to.equal('BAD_LEASE')
    expect(await refusal(await forged({ cid: Uint8Array.from(cid.bytes.subarray(1)) }))).to.equal('BAD_LEASE')
  })

  it('is refused when it is not a message, or too long', async () => {
    const garbage = await signPayload('lease', NETWORK, new Uint8Array(8).fill(0xff), alice)
    expect(await refusal(garbage)).to.equal('BAD_LEASE')
    const long = await signPayload('lease', NETWORK, new Uint8Array(MAX_LEASE_PAYLOAD_BYTES + 1), alice)
    expect(await refusal(long)).to.equal('BAD_LEASE')
    expect(await refusal(new Uint8Array(0))).to.equal('BAD_LEASE')
  })

  it('fits its limit with the largest numbers', async () => {
    const signed = await leaseOn(cid, alice, { sequence: 2n ** 64n - 1n, tombstone: true })
    expect((await openLease(NETWORK, signed, NOW_MS)).sequence).to.equal(2n ** 64n - 1n)
  })

  it('keeps its object alive until it expires or is ended', () => {
    expect(isLive({ expiresAtMs: NOW_MS + 1, tombstone: false }, NOW_MS)).to.equal(true)
    expect(isLive({ expiresAtMs: NOW_MS, tombstone: false }, NOW_MS)).to.equal(false)
    expect(isLive({ expiresAtMs: NOW_MS + 1, tombstone: true }, NOW_MS)).to.equal(false)
  })
})
