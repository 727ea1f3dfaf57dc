import { expect } from 'chai'
import { openNameValue, sealNameValue } from '../../../src/seal/index.ts'
import { codeOf, noise } from './support.ts'

describe('seal: what a name says', () => {
  const key = noise(32)
  let drawn = 0
  const random = {
    bytes: (count: number) => new Uint8Array(count).fill(++drawn),
    unit: () => 0.5
  }

  it('comes back with the key, of any length', async () => {
    for (const link of ['', 'a', 'thhe:07070707/bafy…#key', 'x'.repeat(2000)]) {
      expect(await openNameValue(await sealNameValue(link, key, random), key)).to.equal(link)
      expect(await openNameValue(await sealNameValue(link, undefined, random), undefined)).to.equal(link)
    }
  })

  it('never seals two links with one nonce', async () => {
    const values = await Promise.all(
      ['a', 'a', 'b'].map(async (link) => await sealNameValue(link, key, random))
    )
    const nonces = values.map((value) => Buffer.from(value.subarray(1, 13)).toString('hex'))
    expect(new Set(nonces).size).to.equal(3)
  })

  it('does not open with another key, without one, or with any bit changed', async () => {
    const value = await sealNameValue('link', key, random)
    expect(await codeOf(() => openNameValue(value, noise(31)))).to.equal('BAD_KEY')
    expect(await codeOf(() => openNameValue(value, new Uint8Array(32)))).to.equal('WRONG_KEY')
    expect(await codeOf(() => openNameValue(value, undefined))).to.equal('BAD_KEY')
    for (let bit = 8; bit < value.byteLength * 8; bit++) {
      const changed = Uint8Array.from(value)
      changed[bit >> 3] ^= 1 << (bit & 7)
      expect(await codeOf(() => openNameValue(changed, key)), `bit ${bit}`).to.equal('WRONG_KEY')
    }
    for (let length = 0; length < value.byteLength; length++) {
      const code = await codeOf(() => openNameValue(value.subarray(0, length), key))
      expect(code, `${length} bytes`).to.be.oneOf(['BAD_LINK', 'WRONG_KEY'])
    }
    expect(await codeOf(() => openNameValue(Uint8Array.of(9, 1), undefined))).to.equal('BAD_LINK')
  })
})
