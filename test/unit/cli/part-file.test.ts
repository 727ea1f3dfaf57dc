import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { PartFile } from '../../../src/cli/objects/part-file.ts'
import { World } from './world.ts'
import type { FileTarget, Resumption } from '../../../src/cli/objects/part-file.ts'

const SIZE = 6 << 20
const HALF = SIZE / 2

describe('cli: the part of a get that was broken off', () => {
  let world: World
  let target: FileTarget
  let resumption: Resumption
  const bytes = randomBytes(SIZE)

  beforeEach(async () => {
    world = await World.create()
    const path = world.path('copy')
    target = { kind: 'file', path, realPath: path, replaces: undefined }
    resumption = { content: 'the same bytes', length: SIZE, env: world.io.env }
    const first = await PartFile.open(target, resumption)
    await first.append(bytes.subarray(0, SIZE - HALF / 2))
    expect(await first.abandon(new Error('lost'))).to.equal(SIZE - HALF / 2)
  })
  afterEach(async () => world.remove())

  it('is continued by only one of several gets that start together', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, async () => PartFile.open(target, resumption)))
    expect(all.filter(({ kept }) => kept > 0)).to.have.length(1)
    await Promise.all(
      all.map(async (part) => {
        for (let at = part.kept; at < SIZE; at += 1 << 18) {
          await part.append(bytes.subarray(at, Math.min(SIZE, at + (1 << 18))))
        }
      })
    )
    const outcomes = await Promise.allSettled(all.map(async (part) => part.finish()))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
    expect((await readFile(target.realPath)).equals(bytes)).to.equal(true)
  })

  it('can be continued again after it was continued and broken off', async () => {
    const second = await PartFile.open(target, resumption)
    expect(second.kept).to.equal(SIZE - HALF / 2)
    await second.append(bytes.subarray(second.kept, second.kept + 1000))
    expect(await second.abandon(new Error('lost again'))).to.equal(SIZE - HALF / 2 + 1000)
    const third = await PartFile.open(target, resumption)
    await third.append(bytes.subarray(third.kept))
    await third.finish()
    expect((await readFile(target.realPath)).equals(bytes)).to.equal(true)
    expect(await readdir(join(world.folder, 'state/thhe/gets'))).to.deep.equal([])
  })
})
