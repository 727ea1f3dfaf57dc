import { readdir, readFile, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { writeAtomically } from '../../../src/cli/objects/atomic-file.ts'
import { codeOf, World } from './world.ts'

async function* parts(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('some')
  throw new Error('lost')
}

describe('cli: writing a file whole or not at all', () => {
  let world: World
  beforeEach(async () => {
    world = await World.create()
  })
  afterEach(async () => world.remove())

  it('writes a file', async () => {
    expect(await writeAtomically(world.path('f'), parts('one ', 'two'), false)).to.equal(7)
    expect(await readFile(world.path('f'), 'utf8')).to.equal('one two')
    expect(await readdir(world.folder)).to.deep.equal(['f'])
  })

  it('leaves nothing when the source fails', async () => {
    await writeAtomically(world.path('f'), failing(), false).catch(() => {})
    expect(await readdir(world.folder)).to.deep.equal([])
  })

  it('leaves the old file when the source of the new one fails', async () => {
    await writeFile(world.path('f'), 'old')
    await writeAtomically(world.path('f'), failing(), true).catch(() => {})
    expect(await readFile(world.path('f'), 'utf8')).to.equal('old')
    expect(await readdir(world.folder)).to.deep.equal(['f'])
  })

  it('refuses a file that exists, and one that appears meanwhile', async () => {
    await writeFile(world.path('f'), 'old')
    expect(await codeOf(writeAtomically(world.path('f'), parts('new'), false))).to.equal('FILE_EXISTS')
    const meanwhile = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('new')
      await writeFile(world.path('g'), 'theirs')
    }
    expect(await codeOf(writeAtomically(world.path('g'), meanwhile(), false))).to.equal('FILE_EXISTS')
    expect(await readFile(world.path('g'), 'utf8')).to.equal('theirs')
    expect((await readdir(world.folder)).sort()).to.deep.equal(['f', 'g'])
  })

  it('replaces a file when asked to', async () => {
    await writeFile(world.path('f'), 'old')
    await writeAtomically(world.path('f'), parts('new'), true)
    expect(await readFile(world.path('f'), 'utf8')).to.equal('new')
  })
})
