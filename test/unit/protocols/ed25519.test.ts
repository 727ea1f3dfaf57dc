import { generateKeyPair, generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { expect } from 'chai'
import fc from 'fast-check'
import { signerOfKey, verifyEd25519, verifyWithKey } from '../../../protocols/ed25519.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** RFC 8032, section 7.1: tests 1 to 3. */
const RFC_8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a'
  }
]

/** The order of the group, 2^252 + 27742317777372353535851937790883648493. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** The same signature with the order added to its scalar: the same point, another encoding. */
function malleated(signature: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(signature)
  let scalar = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`) + ORDER
  for (let at = 32; at < 64; at++, scalar >>= 8n) changed[at] = Number(scalar & 0xffn)
  return changed
}

const point = (first: number, last = 0): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? first : i === 31 ? last : 0))
/** 2^255 - 19 + 1: the neutral element, not in its canonical form. */
const NON_CANONICAL_ONE = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xee : i === 31 ? 0x7f : 0xff))

/** What libp2p says, which checks with a key that it makes anew each time. */
async function asLibp2p(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    return await publicKeyFromRaw(key).verify(message, signature)
  } catch {
    return false
  }
}

describe('Ed25519 with kept keys', () => {
  it('verifies and makes the signatures of RFC 8032', async () => {
    for (const { seed, key, message, signature } of RFC_8032) {
      expect(verifyEd25519(hex(key), hex(message), hex(signature))).to.equal(true)
      const privateKey = await generateKeyPairFromSeed('Ed25519', hex(seed))
      expect(Buffer.from(await signerOfKey(privateKey)(hex(message))).toString('hex')).to.equal(signature)
    }
  })

  it('refuses a signature whose scalar is not reduced', () => {
    for (const { key, message, signature } of RFC_8032) {
      expect(verifyEd25519(hex(key), hex(message), malleated(hex(signature)))).to.equal(false)
    }
  })

  it('refuses keys and signatures of a wrong length, with no key object for them', () => {
    const [{ key, message, signature }] = RFC_8032
    for (const length of [0, 31, 33, 64]) {
      const wrong = new Uint8Array(length)
      wrong.set(hex(key).subarray(0, length))
      expect(verifyEd25519(wrong, hex(message), hex(signature)), `key of ${length}`).to.equal(false)
    }
    for (const length of [0, 32, 63, 65]) {
      const wrong = new Uint8Array(length)
      wrong.set(hex(signature).subarray(0, length))
      expect(verifyEd25519(hex(key), hex(message), wrong), `signature of ${length}`).to.equal(false)
    }
  })

  it('judges encodings at the edge as libp2p does: points of small order, not canonical ones, no points', async () => {
    const [{ key, message, signature }] = RFC_8032
    const points = [point(1), point(0), point(1, 0x80), point(0, 0x80), point(2), NON_CANONICAL_ONE]
    const halves = [...points, hex(signature).subarray(0, 32)]
    for (const aKey of [...points, hex(key)]) {
      for (const r of halves) {
        for (const s of [new Uint8Array(32), hex(signature).subarray(32)]) {
          const made = Uint8Array.of(...r, ...s)
          const expected = await asLibp2p(aKey, hex(message), made)
          const name = `${Buffer.from(aKey).toString('hex')} ${Buffer.from(made).toString('hex')}`
          expect(verifyEd25519(aKey, hex(message), made), name).to.equal(expected)
          // From the kept key, too.
          expect(verifyEd25519(aKey, hex(message), made), name).to.equal(expected)
        }
      }
    }
  })

  it('agrees with libp2p on changed signatures of more keys than are kept', async () => {
    const made = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const privateKey = await generateKeyPair('Ed25519')
        return { key: privateKey.publicKey, signature: await signerOfKey(privateKey)(Uint8Array.of(1, 2)) }
      })
    )
    // Pushes every key out that was kept before.
    for (let i = 0; i < 1100; i++) {
      const other = new Uint8Array(32)
      new DataView(other.buffer).setUint16(0, i)
      verifyEd25519(other, new Uint8Array(0), new Uint8Array(64))
    }
    for (const { key, signature } of made) {
      expect(await verifyWithKey(key, Uint8Array.of(1, 2), signature)).to.equal(true)
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(39), fc.nat(63), fc.nat(7), async (which, at, bit) => {
        const { key, signature } = made[which]
        const changed = Uint8Array.from(signature)
        changed[at] ^= 1 << bit
        const message = Uint8Array.of(1, 2)
        expect(await verifyWithKey(key, message, changed)).to.equal(await asLibp2p(key.raw, message, changed))
      }),
      { numRuns: 50 }
    )
  })

  it('asks keys of other types themselves', async () => {
    const other = await generateKeyPair('secp256k1')
    const message = Uint8Array.of(7)
    const signature = await signerOfKey(other)(message)
    expect(await verifyWithKey(other.publicKey, message, signature)).to.equal(true)
    expect(await verifyWithKey(other.publicKey, Uint8Array.of(8), signature)).to.equal(false)
  })
})
