import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { formatNameLink, isNameLink, parseNameLink, withPath } from '../../../src/cli/names/link.ts'
import { parseName } from '../../../src/heads/index.ts'
import type { Field } from '../../../src/field/index.ts'
import { createDescriptor, formatDescriptor } from '../../../src/node/index.ts'
import { flatQuorumSet } from '../../../src/node/network.ts'
import { loneField } from '../field/lone-field.ts'
import type { PublishedJson, Gateway } from '../../../src/gateway/index.ts'
import { TOKEN } from '../gateway/fake-node.ts'
import type { FakeNode } from '../gateway/fake-node.ts'
import { runInProcess, startGateway, World } from './world.ts'
import type { Answer } from './world.ts'

describe('cli: names', () => {
  let world: World
  let node: FakeNode
  let gateway: Gateway
  let endpoint: string[]

  beforeEach(async () => {
    world = await World.create()
    ;({ node, gateway } = await startGateway(world.interruption.signal))
    writeFileSync(world.path('token'), TOKEN)
    endpoint = ['--api', gateway.url, '--token-file', world.path('token'), '--data', world.path('state')]
  })
  afterEach(async () => {
    await gateway.stop()
    await world.remove()
  })

  const thhe = async (...argv: string[]): Promise<Answer> => await runInProcess(world, [...argv, ...endpoint])
  const good = async (...argv: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await thhe(...argv)
    expect(exitCode, stderr).to.equal(0)
    return stdout.trim()
  }
  const failure = async (...argv: string[]): Promise<[code: string, exitCode: number]> => {
    const { exitCode, stderr } = await thhe(...argv, '--json')
    return [(JSON.parse(stderr) as { error: { code: string } }).error.code, exitCode]
  }
  const put = async (text: string, ...options: string[]): Promise<string> => {
    writeFileSync(world.path('file'), text)
    return await good('put', world.path('file'), ...options)
  }

  it('lead to what was published last: get, cat, stat and verify follow them', async () => {
    const name = await good('name', 'new', 'notes')
    expect(name).to.match(/^thhe:07070707\/k51[0-9a-z]{59}#[\w-]{43}$/)
    expect(await failure('cat', name)).to.deep.equal(['NO_HEAD', 3])
    const first = await put('one')
    expect(await good('name', 'publish', 'notes', first)).to.equal(name)
    expect(await good('cat', name)).to.equal('one')
    const second = await put('two')
    await good('name', 'publish', 'notes', second)
    expect(await good('cat', name)).to.equal('two')
    await good('get', name, '-o', world.path('out'))
    expect(readFileSync(world.path('out'), 'utf8')).to.equal('two')
    expect(await good('name', 'resolve', name)).to.equal(second)
    expect(await good('name', 'resolve', 'notes')).to.equal(second)
    expect(await good('stat', name)).to.include(second.split('/')[1].split('#')[0])
  })

  it('lead into folders', async () => {
    mkdirSync(world.path('album/day 1'), { recursive: true })
    writeFileSync(world.path('album/day 1/a #1.txt'), 'palms')
    for (const isPublic of [true, false]) {
      const options = isPublic ? ['--public'] : []
      const name = await good('name', 'new', `album-${isPublic}`, ...options)
      await good('name', 'publish', `album-${isPublic}`, await good('put', world.path('album'), ...options))
      expect(await good('ls', name)).to.include('day 1')
      expect(
        await good('cat', `${name}/day ${isPublic ? '1/a %231.txt'.replace(' ', '%20') : '1/a #1.txt'}`)
      ).to.equal('palms')
    }
  })

  it('are sealed unless they are public: the peers that keep one cannot read it', async () => {
    const link = await put('secret')
    const sealed = await good('name', 'new', 'sealed')
    await good('name', 'publish', 'sealed', link)
    const open = await good('name', 'new', 'open', '--public')
    expect(open).to.not.include('#')
    await good('name', 'publish', 'open', link)
    const values = [...node.published.values()].map(([{ value }]) => Buffer.from(value).toString('latin1'))
    expect(values.map((value) => value.includes(link))).to.deep.equal([false, true])
    expect(await good('cat', open)).to.equal('secret')
    expect(await failure('cat', sealed.split('#')[0])).to.deep.equal(['BAD_KEY', 6])
    const otherKey = Buffer.alloc(32, 1).toString('base64url')
    expect(await failure('cat', `${sealed.split('#')[0]}#${otherKey}`)).to.deep.equal(['WRONG_KEY', 6])
    expect(await failure('cat', `${open}#${otherKey}`)).to.deep.equal(['BAD_LINK', 6])
  })

  it('that two publish at the same time are shown, and not followed, until one is published again', async () => {
    const [a, b] = [await put('a'), await put('b')]
    const name = await good('name', 'new', 'twice')
    await good('name', 'publish', 'twice', a)
    const [[id, first]] = [...node.published]
    node.published.clear()
    await good('name', 'publish', 'twice', b)
    node.published.set(id, [...first, ...node.published.get(id)!])
    expect(await failure('cat', name)).to.deep.equal(['NAME_CONFLICT', 8])
    expect((await good('name', 'resolve', name)).split('\n')).to.have.members([a, b])
    await good('name', 'publish', 'twice', b)
    expect(await good('cat', name)).to.equal('b')
  })

  describe('on a network with validators', () => {
    let field: Field
    beforeEach(async () => {
      field = await loneField(node.peerId.toString())
    })
    afterEach(async () => await field.stop())

    it('are slots: what was published last counts, also of a name that peers kept before', async () => {
      const [a, b, c] = [await put('a'), await put('b'), await put('c')]
      const name = await good('name', 'new', 'moved')
      await good('name', 'publish', 'moved', a)
      node.field = field
      expect(await good('name', 'resolve', name)).to.equal(a)
      const first = JSON.parse(await good('name', 'publish', 'moved', b, '--json')) as PublishedJson
      expect(first.slot).to.include({ version: 1, ageMs: 0 })
      expect(first.heads.map(({ sequence }) => sequence)).to.deep.equal([2])
      expect(await good('cat', name)).to.equal('b')
      const { stderr } = await thhe('name', 'publish', 'moved', c)
      expect(stderr).to.match(/validators agreed on it in round \d+/)
      expect(await good('name', 'resolve', name)).to.equal(c)
      expect(node.published.size).to.equal(1)
      expect(await good('field', 'ls', '--all')).to.include('/head')
    })

    it('show nothing of an empty slot, and nothing without a proof where the node is not believed', async () => {
      node.field = field
      const name = await good('name', 'new', 'n')
      expect(await failure('name', 'resolve', name)).to.deep.equal(['NO_HEAD', 3])
      await good('name', 'publish', 'n', await put('a'))
      const strangers = createDescriptor({ name: 'x', quorumSet: flatQuorumSet([node.peerId.toString()]) })
      writeFileSync(world.path('net'), formatDescriptor(strangers))
      expect(await failure('name', 'resolve', name, '--network', world.path('net'))).to.deep.equal([
        'BAD_PROOF',
        8
      ])
    })
  })

  it('keep their keys in files for their owner alone', async () => {
    const link = await good('name', 'new', 'notes')
    const file = world.path('state/names/notes.name')
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    expect(JSON.parse(await good('name', 'ls', '--json'))).to.deep.equal([
      { name: 'notes', link, public: false }
    ])
    expect(await failure('name', 'new', 'notes')).to.deep.equal(['USAGE', 2])
    for (const label of ['../x', '', '.x', 'a/b', 'x'.repeat(65), 'a\nb']) {
      expect(await failure('name', 'new', label), label).to.deep.equal(['USAGE', 2])
    }
    writeFileSync(file, '{"version":1}')
    const other = await put('x')
    expect(await failure('name', 'publish', 'notes', other)).to.deep.equal(['BAD_FILE', 2])
    expect(await failure('name', 'publish', 'none', other)).to.deep.equal(['NO_SUCH_NAME', 2])
  })

  it('refuse what is no link, links of names, and lifetimes that no peer takes', async () => {
    const name = await good('name', 'new', 'notes')
    expect(await failure('name', 'publish', 'notes', 'nonsense')).to.deep.equal(['BAD_LINK', 6])
    expect(await failure('name', 'publish', 'notes', name)).to.deep.equal(['USAGE', 2])
    const link = await put('x')
    for (const lifetime of ['401d', '1s', 'long', '']) {
      const refused = await failure('name', 'publish', 'notes', link, `--lifetime=${lifetime}`)
      expect(refused, lifetime).to.deep.equal(['USAGE', 2])
    }
    await good('name', 'publish', 'notes', link, '--lifetime', '400d')
    expect(await failure('rm', name)).to.deep.equal(['USAGE', 2])
    expect(await failure('cat', name.replace('07070707', '00000000'))).to.deep.equal(['WRONG_NETWORK', 6])
  })

  it('have links that are told from others, with a path behind the name or the key', async () => {
    const text = (await good('name', 'new', 'notes')).split(/[/#]/)[1]
    const [name, id] = [parseName(text)!, new Uint8Array(32).fill(7)]
    const key = new Uint8Array(32).fill(1)
    const link = formatNameLink(id, name, key)
    for (const other of [text, `${link}/a/b c`, `thhe:07070707/${text}/a%20b`]) {
      expect(isNameLink(other), other).to.equal(true)
    }
    for (const other of ['', 'k51', `${text}0`, `thhe:0707/${text}`, await put('x')]) {
      expect(isNameLink(other), other).to.equal(false)
    }
    expect(parseNameLink(id, `${link}/a/b c`)).to.deep.include({
      key,
      path: { encoded: '', plain: '/a/b c' }
    })
    const paths = { encoded: '/a%20b', plain: '/c d' }
    expect(withPath('thhe:07070707/bafy/#KEY', paths)).to.equal('thhe:07070707/bafy/a%20b#KEY/c d')
    expect(withPath('thhe:07070707/bafy', paths)).to.equal('thhe:07070707/bafy/a%20b/c%20d')
  })
})
