import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import {
  buildFolder,
  decodeNode,
  encodeNode,
  FolderReader,
  formatPlace,
  isFolderError,
  nameFault,
  openItem,
  parsePlace,
  planPacks,
  sealItem,
  splitPath,
  storedBytes
} from '../../../src/folders/index.ts'
import { compareNames } from '../../../src/folders/names.ts'
import type { Entry, FileEntry, FolderNode, FolderSource, Place } from '../../../src/folders/index.ts'

const DAG_CBOR = 0x71
const SHA2_256 = 0x12
const cidOf = (text: string): CID =>
  CID.createV1(DAG_CBOR, Digest.create(SHA2_256, createHash('sha256').update(text).digest()))

const NETWORK = createHash('sha256').update('network').digest()
const ROOT = cidOf('root')

const file = (name: string, bytes = 3): FileEntry => ({
  type: 'file',
  name,
  mode: 0o644,
  mtimeMs: 1,
  bytes,
  place: { cid: cidOf('pack'), slice: { start: 7, plainBytes: bytes }, key: new Uint8Array(32).fill(1) }
})

/** Nodes in memory, each at a place of its own, as if they were packed. */
class Nodes {
  readonly #byPlace = new Map<string, Uint8Array>()
  read = 0

  readonly reader = new FolderReader(async (place) => {
    this.read++
    const bytes = this.#byPlace.get(this.#keyOf(place))
    if (bytes === undefined) throw new Error('no node there')
    return bytes
  })

  readonly put = async (nodes: readonly Uint8Array[]): Promise<Place[]> =>
    nodes.map((node) => {
      const place = { cid: cidOf('nodes'), slice: { start: this.#byPlace.size, plainBytes: node.byteLength } }
      this.#byPlace.set(this.#keyOf(place), node)
      return place
    })

  async build(source: FolderSource): Promise<Place> {
    const { root } = await buildFolder(source, this.put)
    this.#byPlace.set(this.#keyOf({ cid: ROOT }), root)
    return { cid: ROOT }
  }

  #keyOf({ cid, slice }: Place): string {
    return `${cid.toString()} ${slice?.start}`
  }
}

const all = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (isFolderError(error)) return error.code
    throw error
  }
  return 'nothing'
}

const nameArbitrary = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((name) => nameFault(name) === undefined)

const EMPTY: FolderSource = { entries: [], folders: [] }

/** A folder with at most `depth` folders within each other. */
const sourceOf = fc.memo((depth: number): fc.Arbitrary<FolderSource> => {
  if (depth <= 1) return fc.constant(EMPTY)
  const names = fc.uniqueArray(nameArbitrary, { maxLength: 8 })
  return fc
    .tuple(names, fc.nat(8), fc.array(sourceOf(depth - 1), { maxLength: 3 }))
    .map(([all, files, inner]) => ({
      entries: all.slice(0, files).map((name) => file(name)),
      folders: all
        .slice(files)
        .map((name, index) => ({ name, mode: 0o700, mtimeMs: -5, source: inner[index] ?? EMPTY }))
    }))
})

describe('folders', () => {
  it('read back what was built, at any depth and in any shape', async () => {
    await fc.assert(
      fc.asyncProperty(sourceOf(5), async (source) => {
        const nodes = new Nodes()
        const top = await nodes.build(source)
        const compare = async (place: Place, expected: FolderSource): Promise<void> => {
          const entries = await all(nodes.reader.entries(place))
          const names = [...expected.entries, ...expected.folders].map(({ name }) => name)
          expect(entries.map(({ name }) => name)).to.deep.equal(names.sort(compareNames))
          for (const { name, source: inner } of expected.folders) {
            const found = await nodes.reader.find(place, [name])
            expect(found.type).to.equal('folder')
            await compare((found as Extract<Entry, { type: 'folder' }>).place, inner)
          }
        }
        await compare(top, source)
      }),
      { numRuns: 60 }
    )
  })

  for (const count of [0, 1, 511, 512, 513, 1025, 30_000]) {
    it(`split ${count} entries over nodes, and find each of them with few reads`, async () => {
      const nodes = new Nodes()
      const names = Array.from({ length: count }, (_, index) => `file ${index}`)
      const place = await nodes.build({ entries: names.map((name) => file(name)), folders: [] })
      const entries = await all(nodes.reader.entries(place))
      expect(entries.map(({ name }) => name)).to.deep.equal(names.sort(compareNames))
      nodes.read = 0
      for (const name of [names.at(0), names.at(-1), names.at(count >> 1)]) {
        if (name !== undefined) expect((await nodes.reader.find(place, [name])).name).to.equal(name)
      }
      expect(nodes.read).to.be.at.most(3 * 3)
      const absent = await nodes.reader.find(place, ['file']).catch((error: unknown) => error)
      expect(absent).to.have.property('code', 'NOT_IN_FOLDER')
    })
  }

  it('refuse names that lead elsewhere, out of order, or twice', () => {
    for (const name of ['', '.', '..', 'a/b', 'a\0', '\ud800', 'x'.repeat(256)]) {
      expect(
        refusal(() => encodeNode({ kind: 'leaf', entries: [file(name)] })),
        JSON.stringify(name)
      ).to.equal('BAD_FOLDER')
    }
    for (const names of [
      ['b', 'a'],
      ['a', 'a'],
      ['é', 'z']
    ]) {
      const node: FolderNode = { kind: 'leaf', entries: names.map((name) => file(name)) }
      expect(refusal(() => encodeNode(node))).to.equal('BAD_FOLDER')
    }
    expect(refusal(() => encodeNode({ kind: 'leaf', entries: [file('x'.repeat(255))] }))).to.equal('nothing')
  })

  it('take nothing but the canonical bytes of a node', () => {
    const bytes = encodeNode({ kind: 'leaf', entries: [file('a'), file('b')] })
    expect(decodeNode(bytes)).to.deep.equal({ kind: 'leaf', entries: [file('a'), file('b')] })
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(bytes)
        changed[at] ^= flip
        let node
        try {
          node = decodeNode(changed)
        } catch (error) {
          return isFolderError(error)
        }
        return Buffer.from(encodeNode(node)).equals(changed)
      }),
      { numRuns: 2000 }
    )
    for (let length = 0; length < bytes.length; length++) {
      expect(refusal(() => decodeNode(bytes.subarray(0, length)))).to.equal('BAD_FOLDER')
    }
    expect(refusal(() => decodeNode(Buffer.concat([bytes, Uint8Array.of(0)])))).to.equal('BAD_FOLDER')
    expect(refusal(() => decodeNode(new Uint8Array(300_000)))).to.equal('BAD_FOLDER')
  })

  it('refuse a branch that begins with another name than its node, and a node that is its own branch', async () => {
    const leaf = (...names: string[]): Uint8Array =>
      encodeNode({ kind: 'leaf', entries: names.map((name) => file(name)) })
    const nodes = new Nodes()
    const [ab, cd] = await nodes.put([leaf('a', 'b'), leaf('c', 'd')])
    const branches = (first: string, second: string): Uint8Array =>
      encodeNode({
        kind: 'branches',
        branches: [
          { first, place: ab },
          { first: second, place: cd }
        ]
      })
    const [good, wrong] = await nodes.put([branches('a', 'c'), branches('a', 'cc')])
    expect((await all(nodes.reader.entries(good))).map(({ name }) => name)).to.deep.equal([
      'a',
      'b',
      'c',
      'd'
    ])
    expect(await all(nodes.reader.entries(wrong)).catch((error: unknown) => error)).to.have.property(
      'code',
      'BAD_FOLDER'
    )
    const own = { cid: ROOT }
    const circle = new FolderReader(async () =>
      encodeNode({
        kind: 'branches',
        branches: [
          { first: 'a', place: own },
          { first: 'b', place: own }
        ]
      })
    )
    expect(await all(circle.entries(own)).catch((error: unknown) => error)).to.have.property(
      'code',
      'BAD_FOLDER'
    )
    expect(await circle.find(own, ['a']).catch((error: unknown) => error)).to.have.property(
      'code',
      'BAD_FOLDER'
    )
  })

  it('have the bytes that the specification shows', () => {
    const cid = CID.parse('bafyreie4ibel4bfbkhaex3xrfobj2f27amnmncgbpbnmymz6bfkwqh65g4')
    const bytes = encodeNode({
      kind: 'leaf',
      entries: [
        {
          type: 'file',
          name: 'a',
          mode: 0o644,
          mtimeMs: 1,
          bytes: 4,
          place: { cid, slice: { start: 7, plainBytes: 4 } }
        },
        { type: 'symlink', name: 'b', mtimeMs: -1, target: 'a' }
      ]
    })
    const specification = readFileSync(
      new URL('../../../docs/reference/protocols.md', import.meta.url),
      'utf8'
    )
    expect(specification.replace(/\s+/g, '')).to.contain(Buffer.from(bytes).toString('hex'))
  })

  it('order names by their bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        fc.pre(a.isWellFormed() && b.isWellFormed())
        return Math.sign(compareNames(a, b)) === Buffer.compare(Buffer.from(a), Buffer.from(b))
      })
    )
  })

  for (const key of [undefined, randomBytes(32)]) {
    it(`lay things behind each other in packs, ${key === undefined ? 'public' : 'sealed'}`, async () => {
      const sizes = [0, 1, 65_535, 65_536, 65_537, 100, 0]
      const items = sizes.map((bytes) => ({ bytes }))
      const packs = planPacks(items, key !== undefined, 100_000)
      expect(packs.flatMap((pack) => pack.items.map(({ item }) => item))).to.deep.equal(items)
      for (const pack of packs) {
        let at = 0
        for (const { item, start } of pack.items) {
          expect(start).to.equal(at)
          at += storedBytes(item.bytes, key !== undefined)
        }
        expect(pack.bytes).to.equal(at)
      }
      for (const size of sizes) {
        const plain = randomBytes(size)
        const stored = await sealItem(plain, key)
        expect(stored.byteLength).to.equal(storedBytes(size, key !== undefined))
        expect(Buffer.from(await openItem(stored, key)).equals(plain)).to.equal(true)
      }
    })
  }

  describe('links', () => {
    const cid = cidOf('x')
    const key = new Uint8Array(32).fill(9)

    it('come back as they were written', () => {
      for (const place of [
        { cid },
        { cid, key },
        { cid, slice: { start: 12, plainBytes: 34 } },
        { cid, slice: { start: 0, plainBytes: 0 }, key }
      ]) {
        for (const isFolder of [false, true]) {
          expect(parsePlace(NETWORK, formatPlace(NETWORK, place, isFolder))).to.deep.equal({
            place,
            isFolder,
            path: []
          })
        }
      }
    })

    it('take a path behind the id or behind the key', () => {
      const link = formatPlace(NETWORK, { cid, key }, true)
      const path = ['a b', 'c#d', '100%']
      expect(parsePlace(NETWORK, `${link}/a b/c#d/100%`)).to.deep.equal({
        place: { cid, key },
        isFolder: true,
        path
      })
      const encoded = path.map(encodeURIComponent).join('/')
      expect(parsePlace(NETWORK, link.replace('/#', `/${encoded}#`)).path).to.deep.equal(path)
      expect(parsePlace(NETWORK, `${cid.toString()}/${encoded}/`)).to.deep.equal({
        place: { cid },
        isFolder: true,
        path
      })
    })

    it('are refused when they lead out of the folder or are cut', () => {
      const link = formatPlace(NETWORK, { cid, key }, true)
      for (const bad of [
        `${link}/../x`,
        `${link}/./x`,
        `${link}/a\0`,
        `${cid.toString()}/%`,
        `${cid.toString()}@1/`,
        `${cid.toString()}@1+x/`,
        `${cid.toString()}@9007199254740991+1/`
      ]) {
        expect(
          refusal(() => parsePlace(NETWORK, bad)),
          bad
        ).to.equal('BAD_LINK')
      }
      for (const [bad, code] of [
        [link.slice(0, -1), 'BAD_KEY'],
        [`${link}x`, 'BAD_KEY'],
        [`thhe:00000000/${cid.toString()}/`, 'WRONG_NETWORK'],
        [`thhe:${cid.toString()}/`, 'BAD_LINK'],
        ['thhe:', 'BAD_LINK']
      ]) {
        try {
          parsePlace(NETWORK, bad)
          expect.fail(`${bad} was taken`)
        } catch (error) {
          expect((error as { code?: string }).code, bad).to.equal(code)
        }
      }
      expect(splitPath('//a//b/')).to.deep.equal(['a', 'b'])
    })
  })
})
