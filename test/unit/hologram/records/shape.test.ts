import { expect } from 'chai'
import fc from 'fast-check'
import { MAX_ADDED_SHARDS } from '../../../../protocols/limits.ts'
import { objectCid } from '../../../../src/hologram/records/cid.ts'
import { openLease, shapeInLease, signLease } from '../../../../src/hologram/records/lease.ts'
import { maxShardsOf, shapedBy, shapeOf } from '../../../../src/hologram/records/shape.ts'
import type { LeasedShape } from '../../../../src/hologram/records/shape.ts'
import {
  codedObject,
  codeOf,
  DAY_MS,
  inlineManifest,
  NETWORK,
  noise,
  NOW_MS,
  sha256,
  signer
} from '../support.ts'

const [K, N] = [2, 4]
const { manifest } = codedObject({ n: N, layers: [{ k: K, length: 2000 }] })

const rootsFrom = (count: number, seed = 1): Uint8Array[] =>
  Array.from({ length: count }, (_, row) => sha256(Uint8Array.of(seed, row)))
const asking = (n: number, seed = 1): { shape: LeasedShape } => ({
  shape: { n, roots: rootsFrom(Math.max(0, n - N), seed) }
})

describe('number of shards by leases', () => {
  it('is that of the manifest when no lease says otherwise', () => {
    expect(shapeOf(manifest, []).manifest).to.equal(manifest)
    expect(shapeOf(manifest, [{}, {}]).manifest).to.equal(manifest)
  })

  it('is what the only lessee asks for', () => {
    const fewer = shapeOf(manifest, [asking(3)])
    expect([fewer.manifest.n, fewer.wanted, fewer.readable.n]).to.deep.equal([3, 3, N])
    expect(fewer.manifest.roots).to.deep.equal(manifest.roots.slice(0, 3))
    const more = shapeOf(manifest, [asking(6)])
    expect([more.manifest.n, more.wanted, more.readable.n]).to.deep.equal([6, 6, 6])
    expect(more.manifest.roots).to.deep.equal([...manifest.roots, ...rootsFrom(2)])
  })

  it('is the largest of what several ask for, whatever their order', () => {
    const wish = fc.option(fc.integer({ min: K, max: N + 8 }), { nil: undefined })
    fc.assert(
      fc.property(fc.array(wish, { minLength: 1, maxLength: 6 }), (wishes) => {
        const leases = wishes.map((n) => (n === undefined ? {} : asking(n)))
        const most = Math.max(...wishes.map((n) => n ?? N))
        for (const list of [leases, leases.toReversed()]) {
          const { manifest: shaped, wanted, readable } = shapeOf(manifest, list)
          expect([shaped.n, wanted, readable.n]).to.deep.equal([most, most, Math.max(most, N)])
          expect(shaped.roots).to.have.length(most)
        }
      })
    )
  })

  it('leaves rows of which lessees state different roots out of repair and reading, and wanted', () => {
    const disputed = shapeOf(manifest, [asking(6), asking(8, 2)])
    expect([disputed.manifest.n, disputed.readable.n, disputed.wanted]).to.deep.equal([N, N, 8])
    const one = { shape: { n: 6, roots: [rootsFrom(1)[0], noise(32)] } }
    expect(shapeOf(manifest, [asking(6), one]).manifest.n).to.equal(5)
  })

  it('is that of the manifest for what cannot be', () => {
    const most = maxShardsOf(manifest)
    expect(most).to.equal(N + MAX_ADDED_SHARDS)
    for (const shape of [
      { n: K - 1, roots: [] },
      { n: 3, roots: rootsFrom(1) },
      { n: 6, roots: rootsFrom(1) },
      asking(most + 1).shape
    ]) {
      expect(shapedBy(manifest, shape)).to.equal(manifest)
    }
    const inline = inlineManifest(noise(100))
    expect(shapedBy(inline, asking(5).shape)).to.equal(inline)
    expect(maxShardsOf({ n: 16, blockBytes: 2 ** 20 })).to.equal(16)
  })
})

describe('number of shards in a lease', () => {
  const cid = objectCid(sha256(Uint8Array.of(1)))
  const signed = async (shape: LeasedShape | undefined): Promise<Uint8Array> =>
    signLease(
      NETWORK,
      { cid, sequence: 1n, expiresAtMs: NOW_MS + DAY_MS, tombstone: false, ...(shape && { shape }) },
      await signer(0)
    )

  it('is read back as it was signed, and fits the limit with the most roots', async () => {
    for (const shape of [undefined, { n: 3, roots: [] }, { n: 256, roots: rootsFrom(MAX_ADDED_SHARDS) }]) {
      const bytes = await signed(shape)
      const opened = await openLease(NETWORK, bytes, NOW_MS)
      expect(opened.shape?.n).to.equal(shape?.n)
      expect(shapeInLease(bytes)?.roots.map((root) => Buffer.from(root))).to.deep.equal(
        shape?.roots.map((root) => Buffer.from(root))
      )
    }
    expect(shapeInLease(new Uint8Array(0))).to.equal(undefined)
  })

  it('is refused out of bounds', async () => {
    for (const shape of [
      { n: 257, roots: [] },
      { n: 1, roots: rootsFrom(2) },
      { n: 9, roots: [noise(31)] },
      { n: 200, roots: rootsFrom(MAX_ADDED_SHARDS + 1) }
    ]) {
      const bytes = await signed(shape)
      expect(await codeOf(async () => openLease(NETWORK, bytes, NOW_MS))).to.equal('BAD_LEASE')
    }
  })
})
