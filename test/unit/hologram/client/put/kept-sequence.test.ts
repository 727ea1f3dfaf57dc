import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { keptSequence } from '../../../../../src/hologram/client/put/kept-sequence.ts'
import { manifestCid } from '../../../../../src/hologram/records/manifest.ts'
import { signLease } from '../../../../../src/hologram/records/lease.ts'
import type { ClientContext } from '../../../../../src/hologram/client/context.ts'

const NETWORK = new Uint8Array(32).fill(3)
const CID = manifestCid(Uint8Array.of(1))

describe('the sequence of our lease that a holder keeps', () => {
  const lessee = async (seed: number) => {
    const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(seed))
    const peer = peerIdFromPrivateKey(key)
    const leaseAt = async (sequence: number, cid = CID): Promise<Uint8Array> =>
      await signLease(
        NETWORK,
        { cid, sequence: BigInt(sequence), expiresAtMs: 2 ** 40, tombstone: false },
        { peer, sign: (bytes) => key.sign(bytes) }
      )
    return { context: { mesh: { self: peer, networkId: NETWORK } } as unknown as ClientContext, leaseAt }
  }

  it('is that of the lease given when the holder shows the same bytes, whoever else has leases', async () => {
    const { context, leaseAt } = await lessee(1)
    const { leaseAt: othersAt } = await lessee(2)
    const given = { sequence: 5, signed: await leaseAt(5) }
    const leases = [await othersAt(99), Uint8Array.from(given.signed)]
    expect(await keptSequence(context, CID, leases, given)).to.equal(5)
    expect(await keptSequence(context, CID, [await othersAt(99)], given)).to.equal(0)
  })

  it('is that of a newer lease of ours, which is verified', async () => {
    const { context, leaseAt } = await lessee(1)
    const given = { sequence: 5, signed: await leaseAt(5) }
    expect(await keptSequence(context, CID, [await leaseAt(9)], given)).to.equal(9)
    expect(
      await keptSequence(context, CID, [await leaseAt(9, manifestCid(Uint8Array.of(2)))], given)
    ).to.equal(0)
    const forged = await leaseAt(9)
    forged[forged.length - 1] ^= 1
    const error = await keptSequence(context, CID, [forged], given).catch((reason: unknown) => reason)
    expect(error).to.have.property('code', 'BAD_LEASE')
  })
})
