import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import fc from 'fast-check'
import { Signed } from '../../../protocols/generated/report.js'
import {
  decodePeerId,
  openSigned,
  PEER_ID_BYTES,
  SIGNED_OVERHEAD_BYTES,
  signedBytes,
  SignedError,
  signPayload
} from '../../../protocols/signed.ts'
import type { SignedErrorCode, Signer } from '../../../protocols/signed.ts'

const NETWORK = new Uint8Array(32).fill(1)
const PAYLOAD = Uint8Array.of(1, 2, 3)

async function makeSigner(seed: number): Promise<Signer> {
  const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(seed))
  return { peer: peerIdFromPrivateKey(key), sign: (bytes) => key.sign(bytes) }
}

async function codeOf(bytes: Uint8Array, maxPayloadBytes = 100): Promise<SignedErrorCode | 'fine'> {
  try {
    await openSigned('lease', NETWORK, bytes, maxPayloadBytes)
    return 'fine'
  } catch (error) {
    if (error instanceof SignedError) return error.code
    throw error
  }
}

describe('signed messages', () => {
  let alice: Signer
  let signed: Uint8Array

  before(async () => {
    alice = await makeSigner(7)
    signed = await signPayload('lease', NETWORK, PAYLOAD, alice)
  })

  it("are opened with the key in the signer's peer id", async () => {
    const opened = await openSigned('lease', NETWORK, signed, 100)
    expect(opened.signer.equals(alice.peer)).to.equal(true)
    expect(opened.payload).to.deep.equal(PAYLOAD)
  })

  it('sign the bytes that the specification defines', () => {
    const bytes = signedBytes('placement', NETWORK, PAYLOAD)
    const expected = [...Buffer.from('thhe/placement/1'), 0, ...NETWORK, 1, 2, 3]
    expect([...bytes]).to.deep.equal(expected)
    expect(() => signedBytes('lease', new Uint8Array(31), PAYLOAD)).to.throw(RangeError)
  })

  it('match the vector of the specification', () => {
    expect(Buffer.from(signed).toString('hex')).to.equal(
      '0a26002408011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c12030102031a40bd75b7ac0cdd7ab17f3dae59454cfb3c4ff0249a08786e73f3a83892ad904fd2d1a9f8aff7dd4f886e5757f57b533f5c823f547f86442be96e6f29549ab41007'
    )
  })

  it('are not valid for another type, network or signer', async () => {
    const report = await signPayload('report', NETWORK, PAYLOAD, alice)
    expect(await codeOf(report)).to.equal('BAD_SIGNATURE')
    const elsewhere = await signPayload('lease', new Uint8Array(32), PAYLOAD, alice)
    expect(await codeOf(elsewhere)).to.equal('BAD_SIGNATURE')
    const bob = await makeSigner(8)
    const message = Signed.decode(signed)
    const bobs = Signed.encode({ ...message, signer: Uint8Array.from(bob.peer.toMultihash().bytes) })
    expect(await codeOf(bobs)).to.equal('BAD_SIGNATURE')
  })

  it('are refused when a bit of payload or signature is changed', async () => {
    const message = Signed.decode(signed)
    for (const field of ['payload', 'signature'] as const) {
      for (let at = 0; at < message[field].byteLength; at += 7) {
        const changed = Uint8Array.from(message[field])
        changed[at] ^= 1
        expect(await codeOf(Signed.encode({ ...message, [field]: changed }))).to.equal('BAD_SIGNATURE')
      }
    }
  })

  it('are refused from a signer without an Ed25519 peer id', async () => {
    const message = Signed.decode(signed)
    const rsa = Uint8Array.of(0x12, 0x20, ...new Uint8Array(32))
    const secp256k1 = Uint8Array.of(0x00, 0x25, 0x08, 0x02, 0x12, 0x21, ...new Uint8Array(33).fill(2))
    const url = Uint8Array.of(0x00, 0x24, ...Buffer.from('https://example.org/0123456789abcdef'))
    for (const signer of [rsa, secp256k1, url, new Uint8Array(0), message.signer.subarray(1)]) {
      expect(await codeOf(Signed.encode({ ...message, signer: Uint8Array.from(signer) }))).to.equal(
        'BAD_SIGNER'
      )
    }
    const noPoint = Uint8Array.from(message.signer).fill(0xff, PEER_ID_BYTES - 32)
    expect(await codeOf(Signed.encode({ ...message, signer: noPoint }))).to.equal('BAD_SIGNATURE')
  })

  it('are refused when they are longer than allowed', async () => {
    const long = await signPayload('lease', NETWORK, new Uint8Array(101), alice)
    expect(await codeOf(long, 100)).to.equal('MALFORMED')
    expect(await codeOf(long, 101)).to.equal('fine')
    expect(await codeOf(new Uint8Array(100 + SIGNED_OVERHEAD_BYTES + 1))).to.equal('MALFORMED')
    const message = Signed.decode(signed)
    expect(await codeOf(Signed.encode({ ...message, signature: new Uint8Array(65) }))).to.equal('MALFORMED')
    expect(await codeOf(Signed.encode({ ...message, signature: new Uint8Array(0) }))).to.equal('MALFORMED')
  })

  it('fit in their payload plus the overhead', async () => {
    const largest = await signPayload('placement', NETWORK, new Uint8Array(32768), alice)
    expect(largest.byteLength).to.be.at.most(32768 + SIGNED_OVERHEAD_BYTES)
  })

  it('answer any bytes with a SignedError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(await codeOf(bytes)).not.to.equal('fine')
      })
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(signed.length - 1), async (length) => {
        expect(await codeOf(signed.subarray(0, length))).not.to.equal('fine')
      })
    )
  })

  it('know a peer id only by its exact bytes', () => {
    const bytes = alice.peer.toMultihash().bytes
    expect(decodePeerId(bytes)?.equals(alice.peer)).to.equal(true)
    expect(decodePeerId(Uint8Array.of(...bytes, 0))).to.equal(undefined)
  })
})
