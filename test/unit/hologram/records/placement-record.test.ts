import { MAX_PLACEMENT_PAYLOAD_BYTES } from '../../../../protocols/limits.ts'
import { expect } from 'chai'
import { Placement as PlacementMessage } from '../../../../protocols/generated/object.js'
import { signPayload, type Signer } from '../../../../protocols/signed.ts'
import { objectCid } from '../../../../src/hologram/records/cid.ts'
import {
  MAX_CLOCK_SKEW_MS,
  MAX_RECORD_HOLDERS,
  openPlacement,
  signPlacement
} from '../../../../src/hologram/records/placement-record.ts'
import { codeOf, NETWORK, NOW_MS, OTHER_NETWORK, sha256, signer } from '../support.ts'

describe('placement record', () => {
  const cid = objectCid(sha256(Uint8Array.of(1)))
  const sequence = BigInt(NOW_MS)
  let alice: Signer
  let bob: Signer

  before(async () => {
    alice = await signer(0)
    bob = await signer(1)
  })

  async function forged(changes: Partial<PlacementMessage>): Promise<Uint8Array> {
    const message = {
      network: Uint8Array.from(NETWORK),
      cid: Uint8Array.from(cid.bytes),
      sequence,
      holders: [{ shard: 0, peer: Uint8Array.from(bob.peer.toMultihash().bytes) }]
    }
    return await signPayload('placement', NETWORK, PlacementMessage.encode({ ...message, ...changes }), alice)
  }

  const refusal = async (signed: Uint8Array) => codeOf(async () => openPlacement(NETWORK, signed, NOW_MS))

  it('is read back as it was signed', async () => {
    const holders = [
      { shard: 3, peer: bob.peer },
      { shard: 3, peer: alice.peer },
      { shard: 255, peer: bob.peer }
    ]
    const record = await openPlacement(
      NETWORK,
      await signPlacement(NETWORK, { cid, sequence, holders }, alice),
      NOW_MS
    )
    expect(record.cid.equals(cid) && record.signer.equals(alice.peer)).to.equal(true)
    expect(record.sequence).to.equal(sequence)
    expect(record.holders.map(({ shard, peer }) => `${shard} ${peer.toString()}`)).to.deep.equal(
      holders.map(({ shard, peer }) => `${shard} ${peer.toString()}`)
    )
  })

  it('is refused from another network, by name', async () => {
    const signed = await signPlacement(OTHER_NETWORK, { cid, sequence, holders: [] }, alice)
    expect(await refusal(signed)).to.equal('WRONG_NETWORK')
  })

  it('is refused from the future, because it would outrank all later records', async () => {
    const latest = BigInt(NOW_MS + MAX_CLOCK_SKEW_MS)
    expect((await openPlacement(NETWORK, await forged({ sequence: latest }), NOW_MS)).sequence).to.equal(
      latest
    )
    expect(await refusal(await forged({ sequence: latest + 1n }))).to.equal('BAD_PLACEMENT')
  })

  it('is refused when a holder is out of range, not a peer id, or named twice', async () => {
    const peer = Uint8Array.from(bob.peer.toMultihash().bytes)
    expect(await refusal(await forged({ holders: [{ shard: 256, peer }] }))).to.equal('BAD_PLACEMENT')
    expect(await refusal(await forged({ holders: [{ shard: 0, peer: peer.slice(1) }] }))).to.equal(
      'BAD_PLACEMENT'
    )
    const twice = [
      { shard: 1, peer },
      { shard: 1, peer }
    ]
    expect(await refusal(await forged({ holders: twice }))).to.equal('BAD_PLACEMENT')
  })

  it('names at most 512 holders, and fits its limit with all of them', async () => {
    const holders = Array.from({ length: MAX_RECORD_HOLDERS }, (_, i) => ({
      shard: i % 256,
      peer: i < 256 ? alice.peer : bob.peer
    }))
    const largest = await signPlacement(NETWORK, { cid, sequence, holders }, alice)
    expect((await openPlacement(NETWORK, largest, NOW_MS)).holders).to.have.length(MAX_RECORD_HOLDERS)
    const tooMany = [...holders, { shard: 0, peer: bob.peer }]
    expect(
      await codeOf(async () => signPlacement(NETWORK, { cid, sequence, holders: tooMany }, alice))
    ).to.equal('BAD_PLACEMENT')
    const small = Uint8Array.of(0)
    const crowd = Array.from({ length: MAX_RECORD_HOLDERS + 1 }, () => ({ shard: 1, peer: small }))
    expect(await refusal(await forged({ holders: crowd }))).to.equal('BAD_PLACEMENT')
  })

  it('is refused when it is badly signed, not a message, too long, or names no object', async () => {
    const signed = await forged({})
    signed[signed.length - 1] ^= 1
    expect(await refusal(signed)).to.equal('BAD_PLACEMENT')
    expect(
      await refusal(await signPayload('placement', NETWORK, new Uint8Array(8).fill(0xff), alice))
    ).to.equal('BAD_PLACEMENT')
    const long = new Uint8Array(MAX_PLACEMENT_PAYLOAD_BYTES + 1)
    expect(await refusal(await signPayload('placement', NETWORK, long, alice))).to.equal('BAD_PLACEMENT')
    expect(await refusal(await forged({ cid: new Uint8Array(36) }))).to.equal('BAD_PLACEMENT')
  })
})
