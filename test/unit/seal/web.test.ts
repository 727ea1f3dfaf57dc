import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import fc from 'fast-check'
import { systemRandom } from '../../../src/clock/index.ts'
import * as native from '../../../src/seal/index.ts'
import { codeOf, collect, noise, pieces, sha256 } from './support.ts'

type Seal = typeof native

const { CHUNK_BYTES, HEADER_BYTES } = native
const SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 1000]
const ROOT = join(import.meta.dirname, '../../..')

describe('sealing as a browser does it', () => {
  const key = sha256(Buffer.from('a key for tests'))
  const plain = noise(3 * CHUNK_BYTES + 1000)
  let folder: string
  let bundle: string
  let web: Seal

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thhe-seal-web-'))
    const { outputFiles } = await build({
      entryPoints: [join(ROOT, 'src/seal/index.ts')],
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      logLevel: 'silent',
      tsconfigRaw: {}
    })
    bundle = outputFiles[0].text
    const path = join(folder, 'seal.mjs')
    await writeFile(path, bundle)
    web = (await import(pathToFileURL(path).href)) as Seal
  })
  after(async () => rm(folder, { recursive: true, force: true }))

  const seal = async ({ sealObject }: Seal, bytes: Uint8Array, name = 'résumé.txt') =>
    await collect(sealObject(key, name)(pieces(bytes, [1, 70_000, 5])))
  const open = async ({ openSealed }: Seal, bytes: Uint8Array, by = key) =>
    await collect((await openSealed(by, pieces(bytes, [100_000]))).bytes)

  it('needs nothing of Node', () => {
    expect(bundle).not.to.match(/node:|\bBuffer\b|\bprocess\b/)
    expect(bundle).to.contain('subtle')
  })

  it('gives the same bytes, and opens them, at every size around a chunk', async () => {
    for (const size of SIZES) {
      const part = plain.subarray(0, size)
      const [here, there] = [await seal(native, part), await seal(web, part)]
      expect(Buffer.compare(here, there), `${size}`).to.equal(0)
      expect(Buffer.compare(await open(web, here), part), `${size}`).to.equal(0)
      expect((await web.sealedForm(key, here.subarray(0, HEADER_BYTES))).name).to.equal('résumé.txt')
    }
  })

  it('opens any range', async () => {
    const sealed = await seal(native, plain)
    const form = await web.sealedForm(key, sealed.subarray(0, HEADER_BYTES))
    await fc.assert(
      fc.asyncProperty(fc.nat(plain.byteLength), fc.nat(plain.byteLength), async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        const range = form.range(start, end, sealed.byteLength)
        const bytes = sealed.subarray(range.start, range.end)
        const opened = await collect(form.unsealRange(range)(pieces(bytes)))
        expect(Buffer.compare(opened, plain.subarray(start, end))).to.equal(0)
      }),
      { numRuns: 25 }
    )
  })

  it('refuses what Node refuses, with the same codes', async () => {
    const sealed = await seal(native, plain.subarray(0, 2 * CHUNK_BYTES))
    const damaged = Uint8Array.from(sealed)
    damaged[HEADER_BYTES + CHUNK_BYTES + 100] ^= 4
    for (const [bytes, by] of [
      [damaged, key],
      [sealed.subarray(0, -1), key],
      [sealed.subarray(0, HEADER_BYTES - 1), key],
      [sealed, sha256(Buffer.from('another key'))],
      [sealed, key.subarray(1)]
    ]) {
      const code = await codeOf(async () => await open(native, bytes, by))
      expect(code).to.be.a('string')
      expect(await codeOf(async () => await open(web, bytes, by))).to.equal(code)
    }
  })

  it('derives the same keys, and reads names and streams that Node sealed', async () => {
    for (const part of [0, 7, 'parameters'] as const) {
      expect(await web.layerKey(key, part)).to.deep.equal(await native.layerKey(key, part))
    }
    const value = await native.sealNameValue('thhe:07070707/bafy#key', key, systemRandom)
    expect(await web.openNameValue(value, key)).to.equal('thhe:07070707/bafy#key')
    expect(await codeOf(async () => await web.openNameValue(value, sha256(value)))).to.equal('WRONG_KEY')
    const stream = await collect(native.sealStream(key)(pieces(plain)))
    expect(Buffer.compare(await collect(web.unsealStream(key)(pieces(stream))), plain)).to.equal(0)
  })
})
