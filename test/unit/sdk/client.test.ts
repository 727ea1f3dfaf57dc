import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import type { Gateway } from '../../../src/gateway/index.ts'
import { connect, isClientError } from '../../../src/sdk/index.ts'
import type { Client, PutOptions, PutSource } from '../../../src/sdk/index.ts'
import { loneField } from '../field/lone-field.ts'
import type { FakeNode } from '../gateway/fake-node.ts'
import { TOKEN } from '../gateway/fake-node.ts'
import { codeOf, startGateway, World } from '../cli/world.ts'

describe('thhe/client', () => {
  let world: World
  let node: FakeNode
  let gateway: Gateway
  let mesh: Client

  before(async () => {
    world = await World.create()
    ;({ node, gateway } = await startGateway(world.interruption.signal))
    mesh = await connect({ api: gateway.url, token: TOKEN, env: world.io.env })
  })
  after(async () => {
    await gateway.stop()
    await world.remove()
  })

  const textOf = async (link: string, range?: { start: number; end?: number }): Promise<string> =>
    (await buffer((await mesh.get(link, { range })).bytes)).toString()

  const all = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
    const found: T[] = []
    for await (const one of source) found.push(one)
    return found
  }

  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('hello, ')
    yield Buffer.from('mesh')
  }

  const SOURCES: ReadonlyArray<[string, () => PutSource, PutOptions]> = [
    ['a text', () => 'hello, mesh', {}],
    ['bytes', () => new TextEncoder().encode('hello, mesh'), {}],
    ['pieces', () => [Buffer.from('hello, '), Buffer.from('mesh')], {}],
    ['a stream of unknown length', pieces, {}],
    ['a stream of known length', pieces, { sizeBytes: 11 }],
    ['a stream of the web', () => new Blob(['hello, mesh']).stream(), {}]
  ]
  for (const [what, source, options] of SOURCES) {
    it(`puts ${what}, sealed, and gets it back`, async () => {
      const put = await mesh.put(source(), { name: 'note.txt', ...options })
      expect(put).to.include({ name: 'note.txt', sealed: true })
      expect(put.link).to.match(/^thhe:[0-9a-f]{8}\/baf\w+#[\w-]{43}$/)
      const file = await mesh.get(put.link)
      expect(file).to.include({ cid: put.cid, name: 'note.txt', start: 0, length: 11 })
      expect((await buffer(file.bytes)).toString()).to.equal('hello, mesh')
    })
  }

  it('reads a range, and the end of a file', async () => {
    const { link } = await mesh.put('hello, mesh')
    expect(await textOf(link, { start: 7 })).to.equal('mesh')
    expect(await textOf(link, { start: 0, end: 5 })).to.equal('hello')
    const file = await mesh.get(link, { range: { suffix: 4 } })
    expect(file).to.include({ start: 7, length: 4 })
    file.close()
  })

  it('does not seal what is public', async () => {
    const { link } = await mesh.put('for all', { public: true })
    expect(link).to.not.include('#')
    expect(await textOf(link)).to.equal('for all')
  })

  it('puts and gets a folder, and a file in it', async () => {
    await mkdir(world.path('trip', 'day-1'), { recursive: true })
    await writeFile(world.path('trip', 'day-1', 'notes.txt'), 'palms')
    const { link, files } = await mesh.putFolder(world.path('trip'))
    expect(files).to.equal(1)
    expect((await mesh.entries(link)).map(({ type, name }) => [type, name])).to.deep.equal([
      ['folder', 'day-1']
    ])
    const [address, key] = link.split('#')
    expect(await textOf(`${address}day-1/notes.txt#${key}`)).to.equal('palms')
    await mesh.getFolder(link, world.path('copy'))
    expect(await readFile(world.path('copy', 'day-1', 'notes.txt'), 'utf8')).to.equal('palms')
    expect(await codeOf(mesh.getFolder(link, world.path('copy')))).to.equal('FILE_EXISTS')
    expect(await codeOf(mesh.get(link))).to.equal('IS_FOLDER')
  })

  it('lists, describes and lets go of what was put', async () => {
    const { link, cid } = await mesh.put('short-lived', { name: 'leaf' })
    const owned = await all(mesh.list())
    expect(owned.find((object) => object.cid === cid)).to.include({ name: 'leaf' })
    expect((await mesh.stat(link)).cid).to.equal(cid)
    expect((await mesh.stat(cid)).cid).to.equal(cid)
    await mesh.remove(link)
    expect((await all(mesh.list())).map((object) => object.cid)).to.not.include(cid)
  })

  it('says how the node and its peers are', async () => {
    expect((await mesh.status()).peerId).to.equal(node.peerId.toString())
    expect(await mesh.peers()).to.be.an('array')
    expect((await mesh.map()).state).to.be.a('string')
    expect(await all(mesh.events())).to.be.an('array')
  })

  it('throws errors with a code', async () => {
    const error: unknown = await mesh.s3Keys().catch((thrown: unknown) => thrown)
    expect(isClientError(error) && error.code).to.equal('S3_OFF')
    expect(isClientError(new Error('other'))).to.equal(false)
    expect(await codeOf(mesh.get('nonsense'))).to.equal('BAD_LINK')
    expect(await codeOf(mesh.get(`${(await mesh.put('x')).cid}`))).to.equal('BAD_KEY')
  })

  it('breaks off at a signal', async () => {
    const stopping = new AbortController()
    const reason = new Error('enough')
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('begin')
      stopping.abort(reason)
      await new Promise(() => {})
    }
    const error = await mesh.put(endless(), { signal: stopping.signal }).catch((thrown: unknown) => thrown)
    expect(error).to.equal(reason)
  })

  it('sends no token to a node that does not know it, and needs one to put', async () => {
    const stranger = await connect({ api: gateway.url, token: 'x'.repeat(43), env: world.io.env })
    expect(await codeOf(stranger.put('secret'))).to.equal('WRONG_NODE')
    const reader = await connect({ api: gateway.url, env: world.io.env })
    expect(await codeOf(reader.put('secret'))).to.equal('UNAUTHORIZED')
    expect(await codeOf(connect({ env: world.io.env }))).to.equal('NO_NODE')
  })

  it('changes slots, reads them and watches them', async () => {
    const field = await loneField(node.peerId.toString())
    node.field = field
    try {
      const { name } = await mesh.changeSlot('visits', { type: 'create', kind: 'integer', value: '1' })
      const stop = new AbortController()
      const seen: unknown[] = []
      for await (const slot of mesh.watchSlot('visits', { signal: stop.signal })) {
        seen.push(slot?.value)
        if (seen.length === 2) break
        await mesh.changeSlot(name, { type: 'add', value: '4' })
      }
      stop.abort()
      expect(seen).to.deep.equal(['1', '5'])
      expect((await mesh.slot('visits', { confidence: 1 })).agreed).to.include({ value: '5', version: 2 })
      expect(await mesh.slots({ owner: node.peerId.toString() })).to.have.length(1)
      const twice = mesh.changeSlot('visits', { type: 'create', kind: 'integer', value: '1' })
      const error = await twice.catch((thrown: unknown) => thrown)
      expect(isClientError(error) && [error.code, error.data.refusal]).to.deep.equal([
        'CHANGE_REFUSED',
        'EXISTS'
      ])
    } finally {
      await field.stop()
      node.field = undefined
    }
  })
})
