import { expect } from 'chai'
import fc from 'fast-check'
import { defaultCrypto } from '@libp2p/noise/crypto'
import { Uint8ArrayList } from 'uint8arraylist'
import { frameCipher } from '../../../src/node/host/frame-cipher.ts'

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const text = fc.oneof(fc.constantFrom(0, 1, 1199, 1200, 1201, 65_519), fc.nat(70_000)).chain(bytes)
const associated = fc.constantFrom(0, 32).chain(bytes)

const whole = (data: Uint8Array | Uint8ArrayList): Buffer => Buffer.from(data.subarray())
const halves = (data: Uint8Array): Uint8ArrayList =>
  new Uint8ArrayList(data.subarray(0, data.length >> 1), data.subarray(data.length >> 1))

describe('the cipher of noise frames', () => {
  it("encrypts like the library's cipher, in one piece or several, and decrypts its own output", () => {
    fc.assert(
      fc.property(text, bytes(12), associated, bytes(32), (text, nonce, ad, key) => {
        const sealed = whole(defaultCrypto.chaCha20Poly1305Encrypt(text, nonce, ad, key))
        for (const form of [text, halves(text)]) {
          expect(whole(frameCipher.chaCha20Poly1305Encrypt(form, nonce, ad, key)).equals(sealed)).to.equal(
            true
          )
        }
        for (const form of [sealed, halves(sealed)]) {
          const copy = form instanceof Uint8Array ? Uint8Array.from(form) : halves(Uint8Array.from(sealed))
          const opened = frameCipher.chaCha20Poly1305Decrypt(copy, nonce, ad, key)
          expect(whole(opened).equals(text)).to.equal(true)
        }
      }),
      { numRuns: 60 }
    )
  })

  it('refuses to decrypt bytes that were changed, encrypted with another key, or are too short', () => {
    const key = new Uint8Array(32).fill(7)
    const nonce = new Uint8Array(12)
    const none = new Uint8Array(0)
    for (const length of [100, 5000]) {
      const sealed = whole(frameCipher.chaCha20Poly1305Encrypt(new Uint8Array(length), nonce, none, key))
      for (const at of [0, length - 1, length, length + 15]) {
        const wrong = Uint8Array.from(sealed)
        wrong[at] ^= 1
        expect(() => frameCipher.chaCha20Poly1305Decrypt(wrong, nonce, none, key)).to.throw()
      }
      const other = new Uint8Array(32).fill(8)
      expect(() =>
        frameCipher.chaCha20Poly1305Decrypt(Uint8Array.from(sealed), nonce, none, other)
      ).to.throw()
    }
  })
})
