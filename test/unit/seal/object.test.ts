import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { systemRandom } from '../../../src/clock/index.ts'
import {
  CHUNK_BYTES,
  generateKey,
  HEADER_BYTES,
  MAX_NAME_BYTES,
  openSealed,
  sealedForm,
  sealedObjectBytes,
  sealObject,
  sealStream
} from '../../../src/seal/index.ts'
import { codeOf, collect, noise, pieces, sha256 } from './support.ts'

const SEALED_CHUNK = 16 + CHUNK_BYTES + 16
const SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 1000]

const sealed = async (key: Uint8Array, plain: Uint8Array, name = 'a file', sizes?: number[]) =>
  collect(sealObject(key, name)(pieces(plain, sizes)))
const opened = async (key: Uint8Array, bytes: Uint8Array, sizes?: number[]) =>
  collect((await openSealed(key, pieces(bytes, sizes))).bytes)
const chunkOf = (bytes: Uint8Array, index: number) =>
  bytes.subarray(HEADER_BYTES + index * SEALED_CHUNK, HEADER_BYTES + (index + 1) * SEALED_CHUNK)

describe('sealed objects', () => {
  const key = sha256(Buffer.from('a key for tests'))
  const plain = noise(3 * CHUNK_BYTES + 1000)

  it('open to the plaintext, at every size around a chunk, for any split of the bytes', async () => {
    for (const size of SIZES) {
      const part = plain.subarray(0, size)
      const bytes = await sealed(key, part, 'a file', [1, 70_000, 5])
      expect(bytes.byteLength, `${size}`).to.equal(sealedObjectBytes(size))
      expect((await sealedForm(key, bytes.subarray(0, HEADER_BYTES))).plainBytes(bytes.byteLength)).to.equal(
        size
      )
      for (const cut of [[3, 100_000], [HEADER_BYTES], [HEADER_BYTES + 1], [1 << 20]]) {
        expect(Buffer.compare(await opened(key, bytes, cut), part), `${size}`).to.equal(0)
      }
    }
  })

  it('carry their name, up to the longest that file systems allow', async () => {
    for (const name of [
      '',
      'a',
      'résumé 漢字.txt',
      '漢'.repeat(MAX_NAME_BYTES / 3),
      'x'.repeat(MAX_NAME_BYTES)
    ]) {
      const bytes = await sealed(key, plain.subarray(0, 10), name)
      const { form } = await openSealed(key, pieces(bytes))
      expect(form.name).to.equal(name === '' ? undefined : name)
      expect(Buffer.from(bytes).includes(name.slice(0, 8)) && name.length > 3, name).to.equal(false)
    }
    expect(await codeOf(() => sealObject(key, '漢'.repeat(86)))).to.equal('NAME_TOO_LONG')
  })

  it('are the same for the same key, name and bytes, so that an interrupted put resumes', async () => {
    const [first, second] = [await sealed(key, plain), await sealed(key, plain, 'a file', [999])]
    expect(Buffer.compare(first, second)).to.equal(0)
  })

  it('never repeat a cipher key and nonce for two plaintexts under one key', async () => {
    const other = Uint8Array.from(plain)
    other[CHUNK_BYTES + 7] ^= 1
    const [one, two] = [await sealed(key, plain), await sealed(key, other)]
    expect(Buffer.compare(chunkOf(one, 0), chunkOf(two, 0)), 'what is equal looks equal').to.equal(0)
    // Under one key and nonce the ciphertexts would differ in exactly the bit in which the plaintexts do.
    const bits = chunkOf(one, 1).map((byte, at) => byte ^ chunkOf(two, 1)[at])
    expect(bits.filter((byte) => byte !== 0).length).to.be.above(CHUNK_BYTES * 0.9)
    const [named, renamed] = [await sealed(key, plain, 'one'), await sealed(key, plain, 'two')]
    const header = named.subarray(12, HEADER_BYTES).map((byte, at) => byte ^ renamed[12 + at])
    expect(header.filter((byte) => byte !== 0).length).to.be.above(250)
  })

  it('seal equal chunks at two places to different bytes', async () => {
    const bytes = await sealed(key, new Uint8Array(2 * CHUNK_BYTES))
    const bits = chunkOf(bytes, 0).map((byte, at) => byte ^ chunkOf(bytes, 1)[at])
    expect(bits.filter((byte) => byte !== 0).length).to.be.above(CHUNK_BYTES * 0.9)
  })

  it('can be opened by following the specification alone', async () => {
    const bytes = await sealed(key, plain)
    const derived = (info: string) => Buffer.from(hkdfSync('sha256', key, '', `thhe/seal/2/${info}`, 32))
    const hmac = (hmacKey: Buffer, ...parts: Uint8Array[]) => {
      const hash = createHmac('sha256', hmacKey)
      for (const part of parts) hash.update(part)
      return hash.digest()
    }
    const open = (position: string, chunk: Uint8Array): Buffer => {
      const nonce = Buffer.from(position, 'hex')
      const salt = chunk.subarray(0, 16)
      const decipher = createDecipheriv('aes-256-gcm', hmac(derived('chunk'), nonce, salt), nonce)
      decipher.setAuthTag(chunk.subarray(-16))
      const out = Buffer.concat([decipher.update(chunk.subarray(16, -16)), decipher.final()])
      expect(hmac(derived('salt'), nonce, out).subarray(0, 16).equals(salt)).to.equal(true)
      return out
    }
    expect(Buffer.from(bytes.subarray(0, 12)).toString()).to.equal('thhe/seal/2\n')
    const header = open('000000000000000000000002', bytes.subarray(12, HEADER_BYTES))
    expect(header.toString('latin1')).to.equal(`\u0006a file${'\0'.repeat(276 - 7)}`)
    expect(
      open('000000000000000000000000', chunkOf(bytes, 0)).equals(plain.subarray(0, CHUNK_BYTES))
    ).to.equal(true)
    expect(
      open('000000000000000000000301', chunkOf(bytes, 3)).equals(plain.subarray(3 * CHUNK_BYTES))
    ).to.equal(true)
  })

  it('match the vectors of the specification', async () => {
    const document = readFileSync(new URL('../../../docs/reference/protocols.md', import.meta.url), 'utf8')
    const text = document.replace(/\s/g, '')
    const vectorKey = Uint8Array.from({ length: 32 }, (_, i) => i)
    const hex = async (content: string, name: string): Promise<string> =>
      Buffer.from(await sealed(vectorKey, Buffer.from(content), name)).toString('hex')
    expect(text).to.include(await hex('thhe', 'a.txt'))
    expect(text).to.include((await hex('', '')).slice(2 * HEADER_BYTES))
  })

  describe('without a header', () => {
    it('stay readable, whole and by range', async () => {
      const vectorKey = Uint8Array.from({ length: 32 }, (_, i) => i)
      // Written by version 0.1.0.
      const old = Buffer.from('61bed79996a21d33cae1468d87fd8af471bccdd3', 'hex')
      expect(Buffer.from(await opened(vectorKey, old)).toString()).to.equal('thhe')
      expect((await openSealed(vectorKey, pieces(old))).form.name).to.equal(undefined)
      expect(await opened(vectorKey, Buffer.from('367ef8288831557408e102950a16e26a', 'hex'))).to.have.length(
        0
      )
      for (const size of SIZES) {
        const part = plain.subarray(0, size)
        const bytes = await collect(sealStream(key)(pieces(part)))
        expect(Buffer.compare(await opened(key, bytes, [50_000]), part)).to.equal(0)
        const form = await sealedForm(key, bytes.subarray(0, HEADER_BYTES))
        expect(form.plainBytes(bytes.byteLength)).to.equal(size)
        const [start, end] = [Math.min(3, size), Math.max(size - 1, Math.min(3, size))]
        const range = form.range(start, end, bytes.byteLength)
        const got = await collect(form.unsealRange(range)(pieces(bytes.subarray(range.start, range.end))))
        expect(Buffer.compare(got, plain.subarray(start, end))).to.equal(0)
      }
    })
  })

  it('distinguish a wrong key from damage', async () => {
    const bytes = await sealed(key, plain)
    const wrong = generateKey(systemRandom)
    expect(await codeOf(async () => opened(wrong, bytes))).to.equal('WRONG_KEY')
    expect(await codeOf(() => sealedForm(wrong, bytes.subarray(0, HEADER_BYTES)))).to.equal('WRONG_KEY')
    for (const [at, code] of [
      // Damage to the magic makes it look like the form without a header.
      [0, 'WRONG_KEY'],
      [12, 'WRONG_KEY'],
      [HEADER_BYTES - 1, 'WRONG_KEY'],
      [HEADER_BYTES, 'CORRUPT'],
      [HEADER_BYTES + 20, 'CORRUPT'],
      [HEADER_BYTES + SEALED_CHUNK - 1, 'CORRUPT'],
      [bytes.byteLength - 1, 'CORRUPT']
    ] as const) {
      const damaged = Uint8Array.from(bytes)
      damaged[at] ^= 0x80
      expect(await codeOf(async () => opened(key, damaged)), `${at}`).to.equal(code)
    }
  })

  it('notice chunks that are missing, exchanged, repeated, added or cut', async () => {
    const bytes = await sealed(key, plain)
    const codeOfChunks = async (...chunks: number[]) =>
      codeOf(async () =>
        opened(key, Buffer.concat([bytes.subarray(0, HEADER_BYTES), ...chunks.map((i) => chunkOf(bytes, i))]))
      )
    expect(await codeOfChunks(0, 1, 2), 'cut at the end of a chunk').to.equal('TRUNCATED')
    expect(await codeOfChunks(), 'all').to.equal('TRUNCATED')
    expect(await codeOfChunks(0, 2, 1, 3), 'exchanged').to.equal('CORRUPT')
    expect(await codeOfChunks(0, 2, 3), 'left out').to.equal('CORRUPT')
    expect(await codeOfChunks(1, 2, 3), 'first left out').to.equal('CORRUPT')
    expect(await codeOfChunks(0, 1, 1, 2, 3), 'repeated').to.equal('CORRUPT')
    expect(await codeOfChunks(0, 1, 2, 3, 3), 'added').to.equal('CORRUPT')
    for (const length of [
      HEADER_BYTES - 1,
      12,
      HEADER_BYTES,
      HEADER_BYTES + 31,
      HEADER_BYTES + SEALED_CHUNK
    ]) {
      expect(await codeOf(async () => opened(key, bytes.subarray(0, length))), `${length}`).to.equal(
        'TRUNCATED'
      )
    }
    expect(await codeOf(async () => opened(key, new Uint8Array(0)))).to.equal('TRUNCATED')
  })

  it('open any range from only the chunks that it touches', async () => {
    const bytes = await sealed(key, plain)
    const form = await sealedForm(key, bytes.subarray(0, HEADER_BYTES))
    const edge = fc.oneof(
      fc.nat(plain.byteLength),
      fc.constantFrom(0, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, plain.byteLength)
    )
    await fc.assert(
      fc.asyncProperty(edge, edge, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        const range = form.range(start, end, bytes.byteLength)
        const touched = Math.max(1, Math.ceil(end / CHUNK_BYTES) - Math.floor(start / CHUNK_BYTES))
        expect(range.end - range.start).to.be.at.most(touched * SEALED_CHUNK)
        const part = await collect(
          form.unsealRange(range)(pieces(bytes.subarray(range.start, range.end), [50_000]))
        )
        expect(Buffer.compare(part, plain.subarray(start, end))).to.equal(0)
      }),
      { numRuns: 60 }
    )
  })

  it('refuse impossible ranges and sizes', async () => {
    const form = await sealedForm(key, (await sealed(key, plain)).subarray(0, HEADER_BYTES))
    const size = sealedObjectBytes(1000)
    for (const [start, end] of [
      [-1, 5],
      [5, 4],
      [0, 1001],
      [0.5, 1]
    ]) {
      expect(await codeOf(() => form.range(start, end, size))).to.equal('BAD_RANGE')
    }
    for (const impossible of [0, HEADER_BYTES, HEADER_BYTES + 31, HEADER_BYTES + SEALED_CHUNK + 1]) {
      expect(await codeOf(() => form.plainBytes(impossible)), `${impossible}`).to.equal('TRUNCATED')
    }
  })

  it('notice a range that is short, or is not the requested one', async () => {
    const bytes = await sealed(key, plain)
    const form = await sealedForm(key, bytes.subarray(0, HEADER_BYTES))
    const range = form.range(10, 2 * CHUNK_BYTES, bytes.byteLength)
    const from = async (start: number, end: number) =>
      codeOf(async () => collect(form.unsealRange(range)(pieces(bytes.subarray(start, end)))))
    expect(await from(range.start, range.start + SEALED_CHUNK)).to.equal('TRUNCATED')
    expect(await from(range.start + SEALED_CHUNK, range.start + 3 * SEALED_CHUNK)).to.equal('CORRUPT')
  })

  it('close their source when the reader stops', async () => {
    let released = false
    const source = (async function* () {
      try {
        const bytes = await sealed(key, plain)
        yield* pieces(bytes, [1000])
      } finally {
        released = true
      }
    })()
    const { bytes } = await openSealed(key, source)
    for await (const part of bytes) {
      expect(part.byteLength).to.be.above(0)
      break
    }
    expect(released).to.equal(true)
  })
})
