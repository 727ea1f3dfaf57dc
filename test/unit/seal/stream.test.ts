import { createDecipheriv } from 'node:crypto'
import { expect } from 'chai'
import { systemRandom } from '../../../src/clock/index.ts'
import { TAG_BYTES } from '../../../src/seal/sizes.ts'
import {
  CHUNK_BYTES,
  generateKey,
  sealedStreamBytes,
  sealStream,
  unsealedStreamBytes,
  unsealStream
} from '../../../src/seal/index.ts'
import { codeOf, collect, noise, pieces, sha256 } from './support.ts'

const SEALED = CHUNK_BYTES + TAG_BYTES

const sealed = async (key: Uint8Array, plain: Uint8Array, sizes?: number[]) =>
  collect(sealStream(key)(pieces(plain, sizes)))
const opened = async (key: Uint8Array, bytes: Uint8Array, sizes?: number[]) =>
  collect(unsealStream(key)(pieces(bytes, sizes)))

describe('sealed streams', () => {
  const key = sha256(Buffer.from('a key for tests'))
  const plain = noise(3 * CHUNK_BYTES + 1000)

  it('opens to the plaintext, at every size around a chunk, for any split of the bytes', async () => {
    for (const size of [
      0,
      1,
      CHUNK_BYTES - 1,
      CHUNK_BYTES,
      CHUNK_BYTES + 1,
      2 * CHUNK_BYTES,
      plain.byteLength
    ]) {
      const part = plain.subarray(0, size)
      const bytes = await sealed(key, part, [1, 70000, 5])
      expect(bytes.byteLength, `${size}`).to.equal(sealedStreamBytes(size))
      expect(unsealedStreamBytes(bytes.byteLength)).to.equal(size)
      expect(Buffer.compare(await opened(key, bytes, [3, 100000]), part), `${size}`).to.equal(0)
      expect(Buffer.compare(await sealed(key, part), bytes), 'the cut does not matter').to.equal(0)
    }
  })

  it('is AES-256-GCM under the nonce of the specification', async () => {
    const bytes = await sealed(key, plain)
    const chunk = bytes.subarray(3 * SEALED)
    const nonce = Buffer.from('000000000000000000000301', 'hex')
    const decipher = createDecipheriv('aes-256-gcm', key, nonce)
    decipher.setAuthTag(chunk.subarray(-TAG_BYTES))
    const tail = Buffer.concat([decipher.update(chunk.subarray(0, -TAG_BYTES)), decipher.final()])
    expect(Buffer.compare(tail, plain.subarray(3 * CHUNK_BYTES))).to.equal(0)
  })

  it('matches the vectors of the specification', async () => {
    const vectorKey = Uint8Array.from({ length: 32 }, (_, i) => i)
    const hex = async (text: string) =>
      Buffer.from(await sealed(vectorKey, Buffer.from(text))).toString('hex')
    expect(await hex('')).to.equal('367ef8288831557408e102950a16e26a')
    expect(await hex('thhe')).to.equal('61bed79996a21d33cae1468d87fd8af471bccdd3')
  })

  it('distinguishes a wrong key from damage', async () => {
    const bytes = await sealed(key, plain)
    expect(await codeOf(async () => opened(generateKey(systemRandom), bytes))).to.equal('WRONG_KEY')
    for (const at of [0, SEALED - 1]) {
      const damaged = Uint8Array.from(bytes)
      damaged[at] ^= 1
      expect(await codeOf(async () => opened(key, damaged)), `${at}`).to.equal('WRONG_KEY')
    }
    for (const at of [SEALED, 2 * SEALED + 5, bytes.byteLength - 1]) {
      const damaged = Uint8Array.from(bytes)
      damaged[at] ^= 0x80
      expect(await codeOf(async () => opened(key, damaged)), `${at}`).to.equal('CORRUPT')
    }
  })

  it('releases nothing of a chunk that does not open', async () => {
    const damaged = await sealed(key, plain)
    damaged[SEALED + 1] ^= 1
    let given = 0
    const code = await codeOf(async () => {
      for await (const part of unsealStream(key)(pieces(damaged))) given += part.byteLength
    })
    expect([code, given]).to.deep.equal(['CORRUPT', CHUNK_BYTES])
  })

  it('notices chunks that are missing, exchanged, repeated or added', async () => {
    const bytes = await sealed(key, plain)
    const chunk = (i: number) => bytes.subarray(i * SEALED, (i + 1) * SEALED)
    const codeOfChunks = async (...chunks: number[]) =>
      codeOf(async () => opened(key, Buffer.concat(chunks.map(chunk))))
    expect(await codeOfChunks(0, 1, 2), 'cut at the end of a chunk').to.equal('TRUNCATED')
    expect(await codeOfChunks(0), 'cut after the first').to.equal('TRUNCATED')
    expect(await codeOfChunks(0, 2, 1, 3), 'exchanged').to.equal('CORRUPT')
    expect(await codeOfChunks(0, 2, 3), 'left out').to.equal('CORRUPT')
    expect(await codeOfChunks(0, 1, 1, 2, 3), 'repeated').to.equal('CORRUPT')
    expect(await codeOfChunks(0, 1, 2, 3, 3), 'added').to.equal('CORRUPT')
    expect(await codeOf(async () => opened(key, bytes.subarray(0, SEALED + 3))), 'in a tag').to.equal(
      'TRUNCATED'
    )
    expect(await codeOf(async () => opened(key, new Uint8Array(0))), 'all').to.equal('TRUNCATED')
    expect(await codeOf(async () => opened(key, bytes.subarray(0, 3 * SEALED + 100)))).to.equal('CORRUPT')
  })

  it('refuses impossible sizes', async () => {
    for (const impossible of [0, TAG_BYTES - 1, SEALED + 1, SEALED + TAG_BYTES]) {
      expect(await codeOf(() => unsealedStreamBytes(impossible)), `${impossible}`).to.equal('TRUNCATED')
    }
  })

  it('accepts keys of 32 bytes, and makes a new one each time', async () => {
    expect(generateKey(systemRandom)).to.have.length(32)
    expect(generateKey(systemRandom)).not.to.deep.equal(generateKey(systemRandom))
    for (const make of [sealStream, unsealStream])
      expect(await codeOf(() => make(new Uint8Array(31)))).to.equal('BAD_KEY')
  })
})
