import { appendFile, chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { writeApiFile } from '../../../src/cli/api-file.ts'
import { LinksBook } from '../../../src/cli/links-book.ts'
import { TOKEN } from '../gateway/fake-node.ts'
import { runInProcess, startGateway, World } from './world.ts'
import type { Answer } from './world.ts'

describe('cli: the book of links', () => {
  let world: World
  let started: Awaited<ReturnType<typeof startGateway>>
  let book: LinksBook
  const run = async (...argv: string[]): Promise<Answer> =>
    await runInProcess(world, [...argv, '--data', world.folder])

  beforeEach(async () => {
    world = await World.create()
    started = await startGateway(world.interruption.signal)
    book = new LinksBook(world.folder)
    const tokenFile = world.path('api-token')
    await writeFile(tokenFile, TOKEN, { mode: 0o600 })
    const { gateway, node } = started
    await writeApiFile(world.folder, {
      url: gateway.url,
      tokenFile,
      peerId: node.peerId.toString(),
      pid: 2 ** 30
    })
    await writeFile(world.path('photo.jpg'), 'content')
  })
  afterEach(async () => {
    await started.gateway.stop()
    await world.remove()
  })

  it('is not kept unless the user asks for it', async () => {
    expect((await run('put', world.path('photo.jpg'))).exitCode).to.equal(0)
    expect(await book.read()).to.equal(undefined)
    const { exitCode, stderr } = await run('links')
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('thhe links --keep')
  })

  it('has the link of every later put, readable only by its owner', async () => {
    expect((await run('links', '--keep')).exitCode).to.equal(0)
    const { stdout: link } = await run('put', world.path('photo.jpg'))
    expect((await stat(book.path)).mode & 0o777).to.equal(0o600)
    expect((await run('links', 'PHOTO')).stdout).to.equal(`${link.trim()}  photo.jpg\n`)
    expect((await run('links', '*.png')).stdout).to.equal('')
    expect(JSON.parse((await run('links', '--json')).stdout)).to.have.length(1)
    expect((await run('links', '--keep')).stderr).to.include('already')
  })

  it('drops the links of removed objects, and all links on request', async () => {
    await run('links', '--keep')
    const { stdout: link } = await run('put', world.path('photo.jpg'))
    await run('rm', link.trim())
    expect(await book.read()).to.deep.equal([])
    await run('links', '--forget')
    expect(await book.read()).to.equal(undefined)
  })

  it('survives a truncated line', async () => {
    await book.start()
    const entry = (cid: string) => ({ link: `thhe:x/${cid}`, cid, name: 'n', plainBytes: 1, putAtMs: 2 })
    await book.add(entry('a'))
    await appendFile(book.path, '\n{"link":"thhe:')
    await book.add(entry('b'))
    await book.add({ ...entry('a'), name: 'newer' })
    expect((await book.read())?.map(({ cid, name }) => `${cid} ${name}`)).to.deep.equal(['b n', 'a newer'])
  })

  it('is not used when others can read it, and the put still succeeds', async () => {
    await book.start()
    await chmod(book.path, 0o644)
    const put = await run('put', world.path('photo.jpg'))
    expect(put.exitCode).to.equal(0)
    expect(put.stdout).to.match(/^thhe:/)
    expect(put.stderr).to.include('chmod 600')
    expect(await readFile(book.path, 'utf8')).to.equal('')
    expect((await run('links')).exitCode).to.equal(2)
  })

  it('does not let the name of a file steer the terminal', async () => {
    await book.start()
    await book.add({ link: 'thhe:x/a', cid: 'a', name: '\u001b[2J', plainBytes: 1, putAtMs: 2 })
    expect((await run('links')).stdout).to.not.include('\u001b')
  })

  describe('thhe doctor --scrub', () => {
    it('makes the node read what it keeps, and says what it found', async () => {
      const { stdout } = await run('doctor', '--scrub')
      expect(stdout).to.include('scrub: read 4 blocks (0 B) of 2 shards, found no damage')
    })

    it('fails when the scrub does', async () => {
      started.node.failScrub = new Error('the disk is gone')
      const { exitCode, stdout } = await run('doctor', '--scrub')
      expect(exitCode).to.not.equal(0)
      expect(stdout).to.not.include('found no damage')
    })
  })

  describe('thhe verify and thhe repair', () => {
    const put = (): string => started.node.keep(Buffer.from('hello')).toString()

    it('verify says what is whole, of one object and of all', async () => {
      const id = put()
      const { exitCode, stdout } = await run('verify', id)
      expect([exitCode, stdout]).to.deep.equal([
        0,
        `${id}: 2 of 2 shards are whole, 1 may be lost; 10 B read\n`
      ])
      const all = await run('verify', '--json')
      expect(JSON.parse(all.stdout)).to.be.an('array').of.length(started.node.kept.size)
    })

    for (const [state, code, word] of [
      ['damaged', 8, 'damaged'],
      ['lost', 4, 'lost'],
      ['silent', 9, 'no answer']
    ] as const) {
      it(`verify ends with ${code} for a shard that is ${state}`, async () => {
        started.node.unsound = [state]
        const { exitCode, stdout } = await run('verify', put())
        expect(exitCode).to.equal(code)
        expect(stdout).to.include(word)
      })
    }

    it('repair says what it did', async () => {
      const { exitCode, stderr } = await run('repair', put())
      const said = '1 shard rebuilt (5 B sent), the manifest brought to 1 peer.\n'
      expect([exitCode, stderr]).to.deep.equal([0, `Before, 0 more could be lost; ${said}`])
    })

    for (const [outcome, code] of [
      ['partial', 4],
      ['ended', 3],
      ['busy', 9]
    ] as const) {
      it(`repair ends with ${code} when the outcome is ${outcome}`, async () => {
        started.node.repairOutcome = outcome
        expect((await run('repair', put())).exitCode).to.equal(code)
      })
    }

    it('reshape says what it did, and ends with 4 when peers are missing for some shards', async () => {
      const grown = await run('reshape', put(), '--n', '3')
      const untold = '1 peer could not be told, and will hear of it when a lease is renewed.\n'
      expect([grown.exitCode, grown.stderr]).to.deep.equal([
        0,
        `3 shards, 2 before; 1 shard added (5 B sent); ${untold}`
      ])
      const shrunk = await run('reshape', put(), '--n', '1')
      expect([shrunk.exitCode, shrunk.stderr]).to.deep.equal([
        0,
        `1 shard, 2 before; 1 shard let go; ${untold}`
      ])
      expect((await run('reshape', put(), '--n', '4')).exitCode).to.equal(4)
      expect((await run('reshape', put())).exitCode).to.equal(2)
      expect((await run('reshape', put(), '--n', '0')).exitCode).to.equal(2)
    })

    it('both report an object that nobody knows', async () => {
      const id = put()
      started.node.kept.clear()
      expect((await run('verify', id)).exitCode).to.equal(3)
      expect((await run('repair', id)).exitCode).to.equal(3)
    })

    it('stat shows by whom it is being rebuilt', async () => {
      expect((await run('stat', put())).stdout).to.include(
        `rebuilding  ${started.node.peerId.toString()}, for `
      )
    })
  })

  describe('thhe node drain', () => {
    it('says when it is safe to switch the node off, and what nobody else renews', async () => {
      started.node.keep(Buffer.from('hello'))
      const { exitCode, stdout, stderr } = await run('node', 'drain')
      expect([exitCode, stdout]).to.deep.equal([
        0,
        'Safe to switch off: other peers keep everything; 3 shards (2.0 KiB) moved.\n'
      ])
      expect(stderr).to.include('were put through this node').and.include('1970-01-01')
    })

    it('ends with 4 when others have not taken everything in time', async () => {
      started.node.drainOutcome = 'draining'
      const { exitCode, stdout } = await run('node', 'drain', '--timeout=1')
      expect([exitCode, stdout]).to.deep.equal([
        4,
        'Draining: 5 objects looked at, 2 left, 3 shards (2.0 KiB) moved.\n'
      ])
    })

    it('shows the state, and ends the drain', async () => {
      started.node.drainOutcome = 'draining'
      await run('node', 'drain', '--timeout=1')
      expect((await run('node', 'drain', '--status')).exitCode).to.equal(0)
      expect((await run('node', 'drain', '--cancel')).stdout).to.equal('The node lends its space.\n')
      expect(started.node.drainStatus.state).to.equal('off')
    })
  })

  describe('thhe events', () => {
    const event = { room: 'heal', kind: 'repaired', reason: 'a holder has not come back', cid: 'bafy' }

    it('says what happened and why, one event a line', async () => {
      started.node.events.emit({ ...event, data: { shards: 2 } })
      started.node.events.emit({ ...event, room: 'audit', reason: 'a bad proof' })
      const { stdout } = await run('events', '--room', 'heal')
      expect(stdout).to.equal(
        '2023-11-14T22:13:20.000Z  heal.repaired  a holder has not come back  (cid=bafy shards=2)\n'
      )
    })

    it('prints JSON lines', async () => {
      started.node.events.emit(event)
      const { stdout } = await run('events', '--json')
      expect(JSON.parse(stdout)).to.include({ sequence: 1, ...event })
    })

    it('says so when there are none, and when some were dropped', async () => {
      expect((await run('events')).stderr).to.include('Nothing has happened')
      for (let i = 0; i < 6; i++) started.node.events.emit(event)
      expect((await run('events')).stderr).to.include('2 older events have been dropped')
    })
  })

  describe('thhe gc', () => {
    it('collects now, and reports what was freed', async () => {
      const { exitCode, stderr } = await run('gc')
      expect([exitCode, started.node.collections]).to.deep.equal([0, 1])
      expect(stderr).to.equal('Freed 1.0 MiB: 2 objects without a lease, 1 upload that will not go on.\n')
    })

    it('lists uploads, those that have been idle longest first, and removes nothing', async () => {
      const { stdout } = await run('gc', '--list')
      expect(started.node.collections).to.equal(0)
      expect(stdout.split('\n')[1]).to.match(/^ +2 +20 B .*broken off for good$/)
      expect(stdout.split('\n')[2]).to.match(/^ +1 +10 B .*coming in$/)
    })
  })
})
