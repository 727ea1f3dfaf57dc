import { MAX_MANIFEST_BYTES } from '../../../../protocols/limits.ts'
import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import fc from 'fast-check'
import { isHologramError } from '../../../../src/hologram/errors.ts'
import {
  decodeManifest,
  decodeStoredManifest,
  encodeManifest,
  manifestCid,
  MAX_LAYERS,
  neededShards
} from '../../../../src/hologram/records/manifest.ts'
import { codedObject, errorOf, inlineManifest, noise } from '../support.ts'

/** The field that a refused manifest is blamed on. */
async function blamed(bytes: Uint8Array): Promise<string> {
  const error = await errorOf(() => decodeManifest(bytes))
  if (isHologramError(error, 'BAD_MANIFEST')) return error.data.field
  throw error
}

/** As blamed, for a good manifest with some fields put otherwise; `undefined` takes a field out. */
async function blamedWith(base: object, changes: Record<string, unknown>): Promise<string> {
  const fields = Object.entries({ ...base, ...changes }).filter(([, value]) => value !== undefined)
  return await blamed(dagCbor.encode(Object.fromEntries(fields)))
}

describe('manifest', () => {
  const { manifest: sharded } = codedObject()
  const { manifest: tensor } = codedObject({
    layers: [
      { k: 1, length: 300 },
      { k: 2, length: 300 },
      { k: 2, length: 900 }
    ]
  })
  const inline = inlineManifest(noise(100))

  it('is decoded unchanged', () => {
    for (const manifest of [sharded, tensor, inline, inlineManifest(new Uint8Array(0))]) {
      expect(decodeManifest(encodeManifest(manifest))).to.deep.equal(manifest)
    }
  })

  it('is decoded unchanged from the own disk, too, where only what takes hashing is believed', async () => {
    for (const manifest of [sharded, tensor, inline, inlineManifest(new Uint8Array(0))]) {
      expect(decodeStoredManifest(encodeManifest(manifest))).to.deep.equal(manifest)
    }
    const otherBytes = dagCbor.encode({ ...inline, inline: noise(100).fill(1) })
    expect(await blamed(otherBytes)).to.equal('digest')
    expect(decodeStoredManifest(otherBytes)).to.have.property('size', 100)
    for (const bytes of [
      dagCbor.encode({ ...inline, inline: noise(99) }),
      dagCbor.encode({ ...sharded, n: 0 })
    ]) {
      expect(await errorOf(() => decodeStoredManifest(bytes))).to.have.property('code', 'BAD_MANIFEST')
    }
    expect(await errorOf(() => decodeStoredManifest(Uint8Array.of(0xff)))).to.have.property(
      'code',
      'BAD_MANIFEST'
    )
  })

  it('names one of two codes, and rs8 when it has the bytes itself', async () => {
    const pairs = { ...sharded, code: 'rs8p' as const }
    expect(decodeManifest(encodeManifest(pairs))).to.deep.equal(pairs)
    expect(await blamedWith(inline, { code: 'rs8p' })).to.equal('code')
  })

  it('leaves undefined fields out', () => {
    expect(encodeManifest({ ...sharded, inline: undefined })).to.deep.equal(encodeManifest(sharded))
  })

  it('has one encoding, so that the same object has the same id', () => {
    const reversed = Object.fromEntries(Object.entries(sharded).reverse()) as unknown as typeof sharded
    const [a, b] = [encodeManifest(sharded), encodeManifest(reversed)]
    expect(manifestCid(a).equals(manifestCid(b))).to.equal(true)
  })

  it('is identified by a CIDv1 of dag-cbor and sha2-256', () => {
    expect(manifestCid(encodeManifest(inlineManifest(Uint8Array.of(1, 2, 3)))).toString()).to.equal(
      'bafyreiddwnd4acsenilflo2xsttb2decbrl6mc5lj5yqywxbdfptcowmnq'
    )
  })

  it('knows how many shards a reader needs', () => {
    expect([neededShards(sharded), neededShards(tensor), neededShards(inline)]).to.deep.equal([2, 2, 1])
  })

  it('is refused without any of its fields, and with one that is unknown', async () => {
    for (const field of Object.keys(sharded)) {
      expect(await blamedWith(sharded, { [field]: undefined })).to.equal(field)
    }
    expect(await blamedWith(sharded, { extra: 1 })).to.equal('extra')
  })

  it('is refused with a field of another type or out of its bounds', async () => {
    const wrong: Record<string, unknown[]> = {
      version: [0, 2, '1'],
      kind: ['file', 1],
      size: [-1, 0.5, 2n ** 53n, '1', 2001],
      sealed: [0, 'false'],
      code: ['rs16', 'rs8p ', 1],
      n: [0, 257, 3.5, 1, 3],
      blockBytes: [0, 63, 65, 100, 2 ** 20 + 64, 2 ** 21],
      layers: [[], {}, [1], [{ k: 2 }], [{ k: 2, length: 2000, extra: 1 }], [[2, 2000]]],
      roots: [
        [],
        {},
        sharded.roots.slice(1),
        [...sharded.roots.slice(1), new Uint8Array(31)],
        ['a', 'b', 'c', 'd']
      ],
      seed: [new Uint8Array(31), new Uint8Array(33), 'seed'],
      digest: [new Uint8Array(0), 1],
      tensor: [new Uint8Array(1)]
    }
    const acceptable: Record<string, string[]> = { n: ['layers', 'roots'] }
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) {
        const blame = await blamedWith(sharded, { [field]: value })
        expect([field, ...(acceptable[field] ?? [])], `${field} = ${String(value)}`).to.include(blame)
      }
    }
  })

  it('is refused when its layers contradict the rest', async () => {
    const layers = (...list: Array<[k: number, length: number]>) => list.map(([k, length]) => ({ k, length }))
    expect(await blamedWith(sharded, { layers: layers([2, 1999]) }), 'sum below size').to.equal('size')
    expect(await blamedWith(sharded, { layers: layers([2, 2001]) }), 'longer than size').to.equal('layers')
    expect(await blamedWith(sharded, { layers: layers([5, 2000]) }), 'k > n').to.equal('layers')
    expect(await blamedWith(sharded, { layers: layers([0, 2000]) }), 'k = 0').to.equal('layers')
    expect(await blamedWith(sharded, { layers: layers([1, 1000], [2, 1000]) }), 'layers of a blob').to.equal(
      'layers'
    )
    const tensorLayers = async (...list: Array<[number, number]>) =>
      blamedWith(tensor, { layers: layers(...list) })
    expect(await tensorLayers([2, 1000], [1, 500]), 'descending k').to.equal('layers')
    expect(await tensorLayers([1, 0], [2, 1500]), 'an empty layer').to.equal('layers')
    const many = Array.from({ length: MAX_LAYERS + 1 }, () => ({ k: 1, length: 300 }))
    expect(await blamedWith(tensor, { layers: many, size: 300 * many.length }), 'many').to.equal('layers')
  })

  it('is refused when the kind and the tensor description disagree', async () => {
    expect(await blamedWith(tensor, { tensor: undefined })).to.equal('tensor')
    expect(await blamedWith(tensor, { tensor: 'float32' })).to.equal('tensor')
  })

  it('is refused when the inline bytes contradict the rest', async () => {
    expect(await blamedWith(inline, { inline: undefined })).to.equal('inline')
    expect(await blamedWith(inline, { inline: noise(99) })).to.equal('inline')
    expect(await blamedWith(inline, { inline: noise(100, 2) })).to.equal('digest')
    expect(await blamedWith(inline, { seed: new Uint8Array(32) })).to.equal('seed')
    expect(await blamedWith(inline, { roots: sharded.roots })).to.equal('roots')
    expect(await blamedWith(inline, { layers: [{ k: 2, length: 100 }] })).to.equal('layers')
    expect(await blamedWith(sharded, { inline: noise(2000) })).to.equal('inline')
    expect(await blamedWith(sharded, { blockBytes: 2048 }), 'fits one block').to.equal('inline')
  })

  it('is refused in any other than the canonical encoding', async () => {
    const canonical = encodeManifest(inline)
    expect(await blamed(Uint8Array.of(...canonical, 0)), 'bytes after it').to.equal('manifest')
    // the map head, the shortest key with its value 3, and the rest
    const [head, n, rest] = [canonical.subarray(0, 1), canonical.subarray(1, 4), canonical.subarray(4)]
    expect([...n]).to.deep.equal([0x61, 0x6e, 3])
    const withN = (...value: number[]) => Buffer.concat([head, Uint8Array.of(0x61, 0x6e, ...value), rest])
    expect(await blamed(withN(0x18, 3)), 'an integer in two bytes').to.equal('manifest')
    expect(await blamed(withN(0xfb, 0x40, 8, 0, 0, 0, 0, 0, 0)), 'an integer as a float').to.equal('manifest')
    expect(await blamed(Buffer.concat([head, rest, n])), 'keys in another order').to.equal('manifest')
    const longer = Uint8Array.of(head[0] + 1)
    expect(await blamed(Buffer.concat([longer, n, n, rest])), 'a key twice').to.equal('manifest')
  })

  it('accepts values up to its limits, and none beyond', async () => {
    const root = new Uint8Array(32)
    const wide = { ...sharded, n: 256, blockBytes: 65_536, roots: Array(256).fill(root) }
    const layers = Array.from({ length: 64 }, () => ({ k: 1, length: 2 ** 40 }))
    const most = { ...wide, kind: 'tensor', layers, size: 64 * 2 ** 40, tensor: new Uint8Array(6144) }
    expect(() => decodeManifest(dagCbor.encode(most))).not.to.throw()
    const inlined = inlineManifest(new Uint8Array(65_536), 256)
    expect(() => decodeManifest(encodeManifest(inlined))).not.to.throw()
  })

  it('bounds what a reader holds: n times blockBytes', async () => {
    const roots = Array(16).fill(new Uint8Array(32))
    const large = {
      ...sharded,
      n: 16,
      blockBytes: 2 ** 20,
      roots,
      size: 2 ** 21,
      layers: [{ k: 2, length: 2 ** 21 }]
    }
    expect(() => decodeManifest(dagCbor.encode(large))).not.to.throw()
    const more = { n: 17, roots: [...roots, new Uint8Array(32)] }
    expect(await blamedWith(large, more)).to.equal('blockBytes')
  })

  it('bounds the leaves of a shard: small blocks only in small numbers', async () => {
    const of = (segments: number, blockBytes: number) => {
      const length = segments * blockBytes
      return { ...sharded, blockBytes, size: length, layers: [{ k: 1, length }] }
    }
    expect(() => decodeManifest(dagCbor.encode(of(1024, 64)))).not.to.throw()
    expect(() => decodeManifest(dagCbor.encode(of(1025, 4096)))).not.to.throw()
    expect(await blamed(dagCbor.encode(of(1025, 4096 - 64)))).to.equal('blockBytes')
  })

  it('is refused undecoded when it has too many items, or is nested too deep', async () => {
    const list = (count: number, item: number) =>
      Buffer.concat([
        Uint8Array.of(0x9a, count >>> 24, count >> 16, count >> 8, count),
        Buffer.alloc(count, item)
      ])
    for (const item of [0x00, 0x80, 0xa0, 0x40, 0x60, 0xf6]) {
      expect(await blamed(list(120_000, item)), item.toString(16)).to.equal('manifest')
    }
    for (const nested of [0x81, 0xa1, 0xc0, 0xd8, 0x9f, 0xbf, 0x5f, 0x1c]) {
      expect(await blamed(new Uint8Array(120_000).fill(nested)), nested.toString(16)).to.equal('manifest')
    }
    expect(await blamed(new Uint8Array(0))).to.equal('manifest')
  })

  it('is refused when it is longer than 128 KiB, or nested without end', async () => {
    const { bytes } = codedObject()
    expect(await blamed(Buffer.concat([bytes, new Uint8Array(MAX_MANIFEST_BYTES)]))).to.equal('manifest')
    expect(await blamed(new Uint8Array(MAX_MANIFEST_BYTES).fill(0x81))).to.equal('manifest')
    const error = await errorOf(() =>
      encodeManifest({ ...tensor, tensor: new Uint8Array(MAX_MANIFEST_BYTES) })
    )
    expect(isHologramError(error, 'BAD_MANIFEST')).to.equal(true)
  })

  it('is refused, never misread, whatever single byte is changed', () => {
    const bytes = encodeManifest(inline)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Uint8Array.from(bytes)
        damaged[at] ^= flip
        try {
          return Buffer.compare(encodeManifest(decodeManifest(damaged)), damaged) === 0
        } catch (error) {
          return isHologramError(error, 'BAD_MANIFEST')
        }
      }),
      { numRuns: 2000 }
    )
  })

  it('answers any bytes with BAD_MANIFEST', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeManifest(bytes)
        } catch (error) {
          return isHologramError(error, 'BAD_MANIFEST')
        }
        return false
      })
    )
  })
})
