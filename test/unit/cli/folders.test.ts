import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Gateway } from '../../../src/gateway/index.ts'
import { TOKEN } from '../gateway/fake-node.ts'
import type { FakeNode } from '../gateway/fake-node.ts'
import { runInProcess, startGateway, World } from './world.ts'
import type { Answer } from './world.ts'

/** All that is in a folder, in words that can be compared. */
const picture = (folder: string, inside = ''): string[] =>
  readdirSync(join(folder, inside))
    .sort()
    .flatMap((name) => {
      const path = join(inside, name)
      const stats = lstatSync(join(folder, path))
      const head = `${path} ${(stats.mode & 0o777).toString(8)} ${Math.floor(stats.mtimeMs)}`
      if (stats.isSymbolicLink())
        return [`${path} -> ${readlinkSync(join(folder, path))} ${Math.floor(stats.mtimeMs)}`]
      if (stats.isDirectory()) return [`${head}/`, ...picture(folder, path)]
      return [`${head} ${readFileSync(join(folder, path)).toString('base64')}`]
    })

describe('cli: folders', () => {
  let world: World
  let node: FakeNode
  let gateway: Gateway
  let endpoint: string[]

  beforeEach(async () => {
    world = await World.create()
    ;({ node, gateway } = await startGateway(world.interruption.signal))
    writeFileSync(world.path('token'), TOKEN)
    endpoint = ['--api', gateway.url, '--token-file', world.path('token')]
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
  const failure = async (...argv: string[]): Promise<{ code: string; exitCode: number; message: string }> => {
    const { exitCode, stderr } = await thhe(...argv, '--json')
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string } }
    return { ...error, exitCode }
  }

  /** A folder with one of everything that a folder may hold. */
  const makeFolder = (): string => {
    const top = world.path('holiday')
    mkdirSync(join(top, 'day 1/very/deep'), { recursive: true })
    mkdirSync(join(top, 'nothing'))
    writeFileSync(join(top, 'empty'), '')
    writeFileSync(join(top, 'São Tomé #1.txt'), 'palms')
    writeFileSync(join(top, 'São Tomé #1.txt'.normalize('NFD')), 'the same name to the eye')
    writeFileSync(join(top, 'day 1/block'), randomBytes(65_536))
    writeFileSync(join(top, 'day 1/block+1'), randomBytes(65_537))
    writeFileSync(join(top, 'day 1/run.sh'), '#!/bin/sh', { mode: 0o755 })
    writeFileSync(join(top, 'day 1/very/deep/film'), randomBytes((1 << 20) + 1))
    symlinkSync('../outside', join(top, 'day 1/way out'))
    symlinkSync('empty', join(top, 'alias'))
    utimesSync(join(top, 'empty'), 1_000_000_000.123, 1_000_000_000.123)
    utimesSync(join(top, 'nothing'), 5, 5)
    return top
  }

  for (const flags of [[], ['--public']]) {
    const how = flags.length === 0 ? 'sealed' : 'public'

    it(`come back as they were, ${how}`, async () => {
      const folder = makeFolder()
      const link = await good('put', folder, ...flags)
      expect(link).to.match(
        flags.length === 0 ? /^thhe:[0-9a-f]{8}\/\w+\/#[\w-]{43}$/ : /^thhe:[0-9a-f]{8}\/\w+\/$/
      )
      await good('get', link, '-o', world.path('copy'))
      expect(picture(world.path('copy'))).to.deep.equal(picture(folder))
      expect(readdirSync(world.folder).filter((name) => name.includes('thhe-part'))).to.deep.equal([])
    })

    it(`show what is in them, and give it out alone, ${how}`, async () => {
      const folder = makeFolder()
      const link = await good('put', folder, ...flags)
      const path = `${link}${flags.length === 0 ? '/' : ''}`
      const listed = JSON.parse(await good('ls', link, '--json')) as Array<{
        name: string
        link?: string
        bytes?: number
      }>
      expect(listed.map(({ name }) => name)).to.have.members(readdirSync(folder))
      expect(
        await good('cat', `${path}${flags.length === 0 ? 'São Tomé #1.txt' : 'S%C3%A3o Tom%C3%A9 %231.txt'}`)
      ).to.equal('palms')
      expect(await good('cat', `${path}day 1/run.sh`, '--range', '0-1')).to.equal('#!')
      const dayOne = listed.find(({ name }) => name === 'day 1')!
      expect(dayOne.bytes).to.equal(65_536 + 65_537 + 9 + (1 << 20) + 1)
      await good('get', dayOne.link!, '-o', world.path('alone'))
      expect(picture(world.path('alone'))).to.deep.equal(picture(join(folder, 'day 1')))
      const inDay = JSON.parse(await good('ls', dayOne.link!, '--json')) as Array<{
        name: string
        link?: string
      }>
      const film = inDay.find(({ name }) => name === 'block+1')!
      await good('get', film.link!, '-o', world.path('film'))
      expect(readFileSync(world.path('film')).equals(readFileSync(join(folder, 'day 1/block+1')))).to.equal(
        true
      )
      await good('get', `${path}day 1/very`, '-o', world.path('very'))
      expect(picture(world.path('very'))).to.deep.equal(picture(join(folder, 'day 1/very')))
      expect((await failure('cat', `${path}day 1`)).code).to.equal('IS_FOLDER')
      expect((await failure('cat', `${path}alias`)).code).to.equal('IS_SYMLINK')
      expect(await failure('cat', `${path}day 2`)).to.include({ code: 'NOT_IN_FOLDER', exitCode: 3 })
      expect((await failure('cat', `${path}empty/x`)).code).to.equal('NOT_A_FOLDER')
    })
  }

  it('are known as folders where the slash of the link was lost', async () => {
    const folder = makeFolder()
    const link = (await good('put', folder)).replace('/#', '#')
    await good('get', link, '-o', world.path('copy'))
    expect(picture(world.path('copy'))).to.deep.equal(picture(folder))
    expect((await failure('cat', link)).code).to.equal('IS_FOLDER')
  })

  it('are not written over what is there, nor into a file', async () => {
    const link = await good('put', makeFolder())
    mkdirSync(world.path('here'))
    writeFileSync(world.path('file'), 'kept')
    await good('get', link, '-o', world.path('here'))
    expect(readdirSync(world.path('here'))).to.deep.equal(['holiday'])
    expect((await failure('get', link, '-o', world.path('here'))).code).to.equal('FILE_EXISTS')
    expect((await failure('get', link, '-o', world.path('file'), '--force')).code).to.equal('USAGE')
    expect(readFileSync(world.path('file'), 'utf8')).to.equal('kept')
    expect((await failure('get', link, '-o', '-')).code).to.equal('USAGE')
  })

  it('pack small files, and put files of more than a megabyte as objects of their own', async () => {
    const folder = makeFolder()
    const { objects } = JSON.parse(await good('put', folder, '--json')) as { objects: number }
    // Small files, the film, the nodes of three depths and the topmost node.
    expect(objects).to.equal(6)
  })

  it('put again send only what changed, and let go of all but what is kept', async () => {
    const folder = makeFolder()
    const first = JSON.parse(await good('put', folder, '--json')) as {
      link: string
      files: number
      reused: number
    }
    writeFileSync(join(folder, 'day 1/run.sh'), '#!/bin/bash')
    const second = JSON.parse(await good('put', folder, '--update', first.link, '--json')) as typeof first
    expect([first.reused, second.reused]).to.deep.equal([0, second.files - 1])
    await good('rm', first.link, '--keep', second.link)
    await good('get', second.link, '-o', world.path('copy'))
    expect(picture(world.path('copy'))).to.deep.equal(picture(folder))
    expect((await failure('get', first.link, '-o', world.path('gone'))).code).to.equal('NOT_FOUND')
    await good('rm', second.link)
    expect(JSON.parse(await good('ls', '--json'))).to.deep.equal([])
  })

  it('refuse pipes and names that are no text, before anything is stored', async () => {
    const folder = makeFolder()
    execFileSync('mkfifo', [join(folder, 'day 1/pipe')])
    const piped = await failure('put', folder)
    expect(piped.code).to.equal('NOT_A_FILE')
    expect(piped.message).to.contain('day 1/pipe is a named pipe')
    execFileSync('rm', [join(folder, 'day 1/pipe')])
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Uint8Array.of(0xff, 0xfe)]), 'x')
    expect((await failure('put', folder)).message).to.match(/is not valid UTF-8/)
    expect(JSON.parse(await good('ls', '--json'))).to.deep.equal([])
  })

  it('leave nothing behind when a file of theirs cannot be read', async () => {
    const folder = makeFolder()
    const { link } = JSON.parse(await good('put', folder, '--json')) as { link: string }
    const film = (JSON.parse(await good('ls', '--json')) as Array<{ cid: string; name: string }>).find(
      ({ name }) => name.endsWith('film')
    )!
    await node.objects.remove((await import('multiformats/cid')).CID.parse(film.cid))
    expect((await failure('get', link, '-o', world.path('copy'))).code).to.equal('NOT_FOUND')
    expect(readdirSync(world.folder)).to.not.include('copy')
    expect(readdirSync(world.folder).filter((name) => name.includes('thhe-part'))).to.deep.equal([])
  })

  it('have another key for each file: a link to one opens no other', async () => {
    const folder = makeFolder()
    const link = await good('put', folder)
    const entries = JSON.parse(await good('ls', `${link}/day 1`, '--json')) as Array<{
      name: string
      link: string
    }>
    const [block, next] = ['block', 'block+1'].map(
      (name) => entries.find((entry) => entry.name === name)!.link
    )
    const forged = `${next.split('#')[0]}#${block.split('#')[1]}`
    expect((await failure('cat', forged)).code).to.be.oneOf(['WRONG_KEY', 'CORRUPT'])
  })

  it('several files give one link a line', async () => {
    const folder = makeFolder()
    const links = (
      await good('put', join(folder, 'empty'), join(folder, 'day 1/run.sh'), join(folder, 'day 1'))
    ).split('\n')
    expect(links).to.have.length(3)
    expect(await good('cat', links[1])).to.equal('#!/bin/sh')
    expect((await failure('put', join(folder, 'empty'), folder, '--name', 'x')).code).to.equal('USAGE')
    expect((await failure('put', join(folder, 'empty'), '--update', links[2])).code).to.equal('USAGE')
  })
})
