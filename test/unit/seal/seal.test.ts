import { createDecipheriv } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  CHUNK_BYTES,
  generateKey,
  seal,
  sealedRange,
  sealedSize,
  TAG_BYTES,
  unseal,
  unsealedSize,
  unsealRange
} from '../../../src/seal/seal.ts'
import { codeOf, noise, sha256 } from '../hologram/support.ts'

const SEALED = CHUNK_BYTES + TAG_BYTES

/** `bytes` in pieces of the given sizes, over and over. */
async function* pieces(bytes: Uint8Array, sizes: readonly number[] = [bytes.byteLength]) {
  for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length])
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return new Uint8Array(Buffer.concat(parts))
}

const sealed = async (key: Uint8Array, plain: Uint8Array, sizes?: number[]) =>
  collect(seal(key)(pieces(plain, sizes)))
const opened = async (key: Uint8Array, bytes: Uint8Array, sizes?: number[]) =>
  collect(unseal(key)(pieces(bytes, sizes)))

describe('sealing', () => {
  const key = sha256(Buffer.from('a key for tests'))
  const plain = noise(3 * CHUNK_BYTES + 1000)

  it('opens to what was sealed, at every size around a chunk, however the bytes are cut', async () => {
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
      expect(bytes.byteLength, `${size}`).to.equal(sealedSize(size))
      expect(unsealedSize(bytes.byteLength)).to.equal(size)
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

  it('gives the vectors of the specification', async () => {
    const vectorKey = Uint8Array.from({ length: 32 }, (_, i) => i)
    const hex = async (text: string) =>
      Buffer.from(await sealed(vectorKey, Buffer.from(text))).toString('hex')
    expect(await hex('')).to.equal('367ef8288831557408e102950a16e26a')
    expect(await hex('thhe')).to.equal('61bed79996a21d33cae1468d87fd8af471bccdd3')
  })

  it('tells a wrong key from damage', async () => {
    const bytes = await sealed(key, plain)
    expect(await codeOf(async () => opened(generateKey(), bytes))).to.equal('WRONG_KEY')
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

  it('gives out nothing of a chunk that does not open', async () => {
    const damaged = await sealed(key, plain)
    damaged[SEALED + 1] ^= 1
    let given = 0
    const code = await codeOf(async () => {
      for await (const part of unseal(key)(pieces(damaged))) given += part.byteLength
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

  it('opens any range from no more chunks than it touches', async () => {
    const bytes = await sealed(key, plain)
    const edge = fc.oneof(
      fc.nat(plain.byteLength),
      fc.constantFrom(0, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, plain.byteLength)
    )
    await fc.assert(
      fc.asyncProperty(edge, edge, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        const range = sealedRange(start, end, bytes.byteLength)
        const touched = Math.max(1, Math.ceil(end / CHUNK_BYTES) - Math.floor(start / CHUNK_BYTES))
        expect(range.end - range.start).to.be.at.most(touched * SEALED)
        const part = await collect(
          unsealRange(key, range)(pieces(bytes.subarray(range.start, range.end), [50000]))
        )
        expect(Buffer.compare(part, plain.subarray(start, end))).to.equal(0)
      }),
      { numRuns: 60 }
    )
  })

  it('refuses ranges and sizes that cannot be', async () => {
    const size = sealedSize(1000)
    for (const [start, end] of [
      [-1, 5],
      [5, 4],
      [0, 1001],
      [0.5, 1]
    ]) {
      expect(await codeOf(() => sealedRange(start, end, size))).to.equal('BAD_RANGE')
    }
    for (const impossible of [0, TAG_BYTES - 1, SEALED + 1, SEALED + TAG_BYTES]) {
      expect(await codeOf(() => unsealedSize(impossible)), `${impossible}`).to.equal('TRUNCATED')
    }
  })

  it('notices a range that comes short, or is not the one that was asked for', async () => {
    const bytes = await sealed(key, plain)
    const range = sealedRange(10, 2 * CHUNK_BYTES, bytes.byteLength)
    const short = async () => collect(unsealRange(key, range)(pieces(bytes.subarray(range.start, SEALED))))
    expect(await codeOf(short)).to.equal('TRUNCATED')
    const other = async () => collect(unsealRange(key, range)(pieces(bytes.subarray(SEALED, 3 * SEALED))))
    expect(await codeOf(other)).to.equal('WRONG_KEY')
  })

  it('takes keys of 32 bytes, and makes another each time', async () => {
    expect(generateKey()).to.have.length(32)
    expect(generateKey()).not.to.deep.equal(generateKey())
    for (const make of [seal, unseal])
      expect(await codeOf(() => make(new Uint8Array(31)))).to.equal('BAD_KEY')
  })
})
