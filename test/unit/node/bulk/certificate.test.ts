import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  createCertificate,
  encodeCertificate,
  signedKey,
  signedKeyExtension,
  verifyCertificate
} from '../../../../src/node/bulk/certificate.ts'
import { der, TAG } from '../../../../src/node/bulk/der.ts'
import { BulkError } from '../../../../src/node/bulk/errors.ts'
import { VECTORS } from './vectors.ts'
import type { CertificateForm } from '../../../../src/node/bulk/certificate.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

const NOW_MS = Date.UTC(2026, 5, 1)
const DAY_MS = 86_400_000

const rawOf = (cert: string): Buffer => new X509Certificate(cert).raw
const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex')
const reasonOf = (certificate: Uint8Array, nowMs = NOW_MS): string => {
  try {
    return verifyCertificate(certificate, nowMs).toString()
  } catch (error) {
    if (error instanceof BulkError) return error.code
    throw error
  }
}

describe('certificates of the libp2p TLS handshake', () => {
  let identity: Ed25519PrivateKey
  beforeEach(async () => {
    identity = await generateKeyPair('Ed25519')
  })

  const formed = async (form: Partial<CertificateForm> = {}): Promise<Buffer> => {
    const keys = generateKeyPairSync('ed25519')
    const publicKey = form.publicKey ?? keys.publicKey
    return rawOf(
      encodeCertificate({
        publicKey,
        privateKey: keys.privateKey,
        notBefore: new Date(NOW_MS - DAY_MS),
        notAfter: new Date(NOW_MS + DAY_MS),
        extensions: [signedKeyExtension(await signedKey(identity, publicKey))],
        ...form
      })
    )
  }

  it('proves the peer that made it, today and in fifty years', async () => {
    const raw = rawOf((await createCertificate(identity, NOW_MS)).cert)
    const peer = peerIdFromPrivateKey(identity).toString()
    expect(reasonOf(raw)).to.equal(peer)
    expect(reasonOf(raw, NOW_MS + 50 * 365 * DAY_MS)).to.equal(peer)
    // A peer whose clock is half a day behind.
    expect(reasonOf(raw, NOW_MS - DAY_MS / 2)).to.equal(peer)
  })

  it('has a key of its own each time', async () => {
    const [one, other] = [
      await createCertificate(identity, NOW_MS),
      await createCertificate(identity, NOW_MS)
    ]
    expect(one.key).not.to.equal(other.key)
  })

  it('is accepted as the specification writes it, with an Ed25519 identity only', () => {
    expect(reasonOf(bytesOf(VECTORS.ed25519.certificate))).to.equal(VECTORS.ed25519.peer)
    expect(reasonOf(bytesOf(VECTORS.ecdsa))).to.equal('KEY_TYPE')
    expect(reasonOf(bytesOf(VECTORS.secp256k1))).to.equal('KEY_TYPE')
    expect(reasonOf(bytesOf(VECTORS.invalid))).to.equal('BAD_SIGNATURE')
  })

  it('is refused before and after its time', async () => {
    expect(reasonOf(await formed({ notBefore: new Date(NOW_MS + 1000) }))).to.equal('EXPIRED')
    expect(reasonOf(await formed({ notAfter: new Date(NOW_MS - 1000) }))).to.equal('EXPIRED')
  })

  it('is refused without a signed key, with two, and with one that cannot be read', async () => {
    const { publicKey } = generateKeyPairSync('ed25519')
    const value = await signedKey(identity, publicKey)
    const extension = signedKeyExtension(value)
    expect(reasonOf(await formed({ extensions: [] }))).to.equal('NO_SIGNED_KEY')
    expect(reasonOf(await formed({ publicKey, extensions: [extension, extension] }))).not.to.match(/^12D3/)
    const more = Buffer.concat([value, Buffer.from([0x05, 0x00])])
    expect(reasonOf(await formed({ extensions: [signedKeyExtension(more)] }))).to.equal('NO_SIGNED_KEY')
    const empty = der(TAG.sequence)
    expect(reasonOf(await formed({ extensions: [signedKeyExtension(empty)] }))).to.equal('NO_SIGNED_KEY')
  })

  it('is refused with a critical extension that nobody knows', async () => {
    const keys = generateKeyPairSync('ed25519')
    const unknown = der(
      TAG.sequence,
      der(TAG.oid, Buffer.from('2a0304', 'hex')),
      der(TAG.boolean, Buffer.from([0xff])),
      der(TAG.octetString, Buffer.from([1]))
    )
    const extensions = [unknown, signedKeyExtension(await signedKey(identity, keys.publicKey))]
    expect(reasonOf(await formed({ ...keys, extensions }))).to.equal('BAD_CERTIFICATE')
  })

  it('is refused when the signed key was taken from the certificate of another peer', async () => {
    const { publicKey } = generateKeyPairSync('ed25519')
    const stolen = signedKeyExtension(await signedKey(identity, publicKey))
    expect(reasonOf(await formed({ extensions: [stolen] }))).to.equal('BAD_SIGNATURE')
  })

  it('is of no use to somebody who does not have its private key', async () => {
    const { cert } = await createCertificate(identity, NOW_MS)
    const { key } = await createCertificate(identity, NOW_MS)
    expect(() => createSecureContext({ cert, key })).to.throw(/mismatch/)
  })

  it('is refused when another key signed it', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const { publicKey } = generateKeyPairSync('ed25519')
    expect(reasonOf(await formed({ publicKey, privateKey }))).to.equal('BAD_SIGNATURE')
  })

  it('is refused with a key that is neither Ed25519 nor P-256', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    expect(reasonOf(await formed({ publicKey }))).to.equal('KEY_TYPE')
  })

  it('is refused, and nothing worse, with any byte changed or cut off', async () => {
    const raw = rawOf((await createCertificate(identity, NOW_MS)).cert)
    const peer = peerIdFromPrivateKey(identity).toString()
    fc.assert(
      fc.property(
        fc.nat(raw.byteLength - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, change, cut) => {
          const bad = cut ? raw.subarray(0, at) : Buffer.from(raw)
          if (!cut) bad[at] ^= change
          expect(reasonOf(bad)).not.to.equal(peer)
        }
      ),
      { numRuns: 300 }
    )
  })

  it('is refused, and nothing worse, when it is noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (noise) => {
        expect(reasonOf(noise)).to.equal('BAD_CERTIFICATE')
      }),
      { numRuns: 200 }
    )
  })
})
