import { randomBytes } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import { Gateway, linkInto, openLink, putBytes } from '../../../src/browser/index.ts'
import type { OpenFile, OpenFolder } from '../../../src/browser/index.ts'
import type { Gateway as Served } from '../../../src/gateway/index.ts'
import { connect } from '../../../src/sdk/index.ts'
import type { Client } from '../../../src/sdk/index.ts'
import { CHUNK_BYTES, HEADER_BYTES } from '../../../src/seal/index.ts'
import { codeOf, startGateway, World } from '../cli/world.ts'
import type { FakeNode } from '../gateway/fake-node.ts'
import { TOKEN } from '../gateway/fake-node.ts'

const SEALED_CHUNK = CHUNK_BYTES + 32
const OTHER_KEY = `#${'A'.repeat(43)}`

describe('thhe/browser: open', () => {
  let world: World
  let node: FakeNode
  let served: Served
  let gateway: Gateway
  let mesh: Client
  const bytes = randomBytes(3 * CHUNK_BYTES + 1000)

  before(async () => {
    world = await World.create()
    ;({ node, gateway: served } = await startGateway(world.interruption.signal))
    // No token: a link is enough.
    gateway = new Gateway({ url: `${served.url}/` })
    mesh = await connect({ api: served.url, token: TOKEN, env: world.io.env })
  })
  after(async () => {
    await served.stop()
    await world.remove()
  })

  const fileAt = async (link: string): Promise<OpenFile> => {
    const found = await openLink(gateway, link)
    if (found.type !== 'file') throw new Error(`a ${found.type}`)
    return found
  }
  const change = (cid: string, next: (bytes: Uint8Array) => Uint8Array): void => {
    const kept = node.kept.get(cid)!
    node.kept.set(cid, { ...kept, bytes: next(Uint8Array.from(kept.bytes)) })
  }

  it('opens what the command line sealed, at sizes around a chunk', async () => {
    for (const size of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, bytes.byteLength]) {
      const plain = bytes.subarray(0, size)
      const { link } = await mesh.put(plain, { name: `${size}.bin` })
      const file = await fileAt(link)
      expect(file).to.include({ name: `${size}.bin`, sizeBytes: size, isSealed: true })
      expect(plain.equals(await buffer(file.read())), `${size}`).to.equal(true)
    }
  })

  it('reads ranges, and no more than they need', async () => {
    const { link, cid } = await mesh.put(bytes)
    const file = await fileAt(link)
    for (const [start, end] of [
      [0, 10],
      [CHUNK_BYTES - 5, CHUNK_BYTES + 5],
      [bytes.byteLength - 3, bytes.byteLength],
      [7, 7]
    ]) {
      expect(bytes.subarray(start, end).equals(await buffer(file.read({ start, end })))).to.equal(true)
    }
    // The second chunk is damaged; whoever does not read it does not see it.
    change(cid, (stored) => {
      stored[HEADER_BYTES + SEALED_CHUNK + 100] ^= 1
      return stored
    })
    const again = await fileAt(link)
    await buffer(again.read({ start: 0, end: CHUNK_BYTES }))
    expect(await codeOf(buffer(again.read()))).to.equal('CORRUPT')
  })

  it('opens public bytes, which have no name', async () => {
    const { link } = await mesh.put(bytes, { public: true })
    const file = await fileAt(link)
    expect(file).to.include({ name: undefined, sizeBytes: bytes.byteLength, isSealed: false })
    expect(bytes.equals(await buffer(file.read()))).to.equal(true)
    expect((await fileAt((await mesh.put('', { public: true })).link)).sizeBytes).to.equal(0)
  })

  const cut = async (): Promise<string> => {
    const { link, cid } = await mesh.put(bytes)
    // Whole chunks, of which none is the last: only the end itself tells.
    change(cid, (stored) => stored.subarray(0, HEADER_BYTES + 2 * SEALED_CHUNK))
    return link
  }
  const unsealed = async (): Promise<string> => {
    const { link, cid } = await mesh.put(bytes)
    const kept = node.kept.get(cid)!
    node.kept.set(cid, { ...kept, options: { ...kept.options, sealed: false } })
    return link
  }
  const REFUSED: ReadonlyArray<[string, () => Promise<string>, string]> = [
    ['another key', async () => (await mesh.put('a')).link.replace(/#.*/, OTHER_KEY), 'WRONG_KEY'],
    ['no key', async () => (await mesh.put('b')).link.replace(/#.*/, ''), 'BAD_KEY'],
    ['half a key', async () => (await mesh.put('c')).link.slice(0, -3), 'BAD_KEY'],
    ['a key, where the node says that nothing is sealed', unsealed, 'NOT_SEALED'],
    ['a key, where the node leaves the end out', cut, 'TRUNCATED'],
    [
      'another network',
      async () => (await mesh.put('d')).link.replace('07070707', '01010101'),
      'WRONG_NETWORK'
    ],
    ['no object', async () => 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', 'NOT_FOUND'],
    ['no link', async () => 'https://example.org/', 'BAD_LINK'],
    ['a name', async () => `thhe:07070707/k${'5'.repeat(60)}#${'A'.repeat(43)}`, 'NAME_LINK']
  ]
  for (const [what, linkOf, code] of REFUSED) {
    it(`refuses a link with ${what}: ${code}`, async () => {
      expect(await codeOf(openLink(gateway, await linkOf()))).to.equal(code)
    })
  }

  it('never takes a connection that breaks for the end', async () => {
    const { link } = await mesh.put(bytes)
    const file = await fileAt(link)
    node.failGet = { afterBytes: 100_000, error: new Error('gone') }
    expect(await codeOf(buffer(file.read()))).to.equal('GATEWAY_GONE')
    node.failGet = undefined
  })

  it('stops reading when it is told to', async () => {
    const { link } = await mesh.put(bytes)
    const stop = new AbortController()
    const file = await fileAt(link)
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await buffer(file.read(undefined, stop.signal)).catch((error: unknown) => error)).to.equal(reason)
  })

  for (const isPublic of [false, true]) {
    it(`walks through a ${isPublic ? 'public' : 'sealed'} folder of the command line`, async () => {
      const folder = world.path(`trip-${isPublic}`)
      await mkdir(`${folder}/day 1%/ö`, { recursive: true })
      await writeFile(`${folder}/day 1%/ö/notes.txt`, 'palms')
      await writeFile(`${folder}/large.bin`, randomBytes(1 << 21))
      await symlink('/etc/passwd', `${folder}/away`)
      const { link } = await mesh.putFolder(folder, { public: isPublic })
      const root = (await openLink(gateway, link)) as OpenFolder
      const entries = []
      for await (const { type, name } of root.entries()) entries.push(`${type} ${name}`)
      expect(entries).to.deep.equal(['symlink away', 'folder day 1%', 'file large.bin'])
      const day = linkInto(link, 'day 1%')
      const notes = linkInto(linkInto(day, 'ö'), 'notes.txt')
      const file = await fileAt(notes)
      expect(file).to.include({ name: 'notes.txt', sizeBytes: 5 })
      expect((await buffer(file.read({ start: 1, end: 3 }))).toString()).to.equal('al')
      expect((await fileAt(linkInto(link, 'large.bin'))).sizeBytes).to.equal(1 << 21)
      expect(await openLink(gateway, linkInto(link, 'away'))).to.include({ target: '/etc/passwd' })
      expect(await codeOf(openLink(gateway, linkInto(day, 'none')))).to.equal('NOT_IN_FOLDER')
      expect(await codeOf(openLink(gateway, linkInto(notes, 'x')))).to.equal('NOT_A_FOLDER')
    })
  }

  it('opens what it put', async () => {
    const writer = new Gateway({ url: served.url, token: TOKEN })
    const { link } = await putBytes(writer, bytes, { name: 'again' })
    const file = await fileAt(link)
    expect(file.name).to.equal('again')
    expect(bytes.equals(await buffer(file.read()))).to.equal(true)
  })
})
