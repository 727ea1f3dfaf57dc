import { ClassicLevel } from 'classic-level'
import { expect } from 'chai'
import { Database } from '../../../src/store/database.ts'
import { bytesOf, codeOf, plain, useFolder } from './support.ts'

/** LevelDB that counts its batches, and fails them on request: before they are applied, or after. */
class TestLevel extends ClassicLevel<Uint8Array, Uint8Array> {
  syncs = 0
  fail: 'before' | 'after' | undefined

  constructor(location: string) {
    super(location, { keyEncoding: 'view', valueEncoding: 'view' })
    const batch = this.batch.bind(this) as (operations: never[], options: object) => Promise<void>
    const counted = async (operations: never[], options: { sync: boolean }): Promise<void> => {
      if (options.sync) this.syncs++
      const { fail } = this
      this.fail = undefined
      if (fail !== 'before') await batch(operations, options)
      if (fail !== undefined) throw Object.assign(new Error('IO error'), { code: 'LEVEL_IO_ERROR' })
    }
    this.batch = counted as typeof this.batch
  }
}

describe('store index', () => {
  const folder = useFolder()
  let level: TestLevel
  let database: Database

  beforeEach(async () => {
    level = new TestLevel(folder())
    await level.open()
    database = new Database(level as unknown as ConstructorParameters<typeof Database>[0], 0)
  })
  afterEach(async () => await database.close())

  const change = (name: string) => ({ key: Buffer.from(`m${name}`), value: bytesOf(name, 100) })

  it('lets concurrent writes share a sync', async () => {
    await Promise.all(Array.from({ length: 500 }, async (_, i) => await database.write([change(`${i}`)])))
    expect(level.syncs).to.be.at.most(2)
    for (const i of [0, 250, 499]) {
      expect(plain(await database.get(change(`${i}`).key))).to.deep.equal(change(`${i}`).value)
    }
  })

  it('bounds what goes into one batch', async () => {
    const large = Array.from({ length: 10 }, (_, i) => ({
      key: Buffer.of(i),
      value: bytesOf(`${i}`, 1 << 20)
    }))
    await Promise.all(large.map(async (one) => await database.write([one])))
    expect(level.syncs).to.be.within(3, 5)
  })

  it('says so when a write was not applied, and goes on', async () => {
    level.fail = 'before'
    expect(await codeOf(database.write([change('lost')]))).to.equal('DISK_FULL')
    expect(await database.get(change('lost').key)).to.equal(undefined)
    await database.write([change('next')])
    expect(plain(await database.get(change('next').key))).to.deep.equal(change('next').value)
  })

  it('takes a write for good that was applied before it was reported failed', async () => {
    level.fail = 'after'
    await database.write([change('kept')])
    expect(plain(await database.get(change('kept').key))).to.deep.equal(change('kept').value)
    await database.write([change('next')])
  })

  it('refuses further writes when the outcome cannot be found out', async () => {
    level.open = async () => {
      throw new Error('the disk is gone')
    }
    level.fail = 'before'
    expect(await codeOf(database.write([change('open')]))).to.equal('FAILED')
    expect(await codeOf(database.write([change('next')]))).to.equal('FAILED')
    expect(await codeOf(database.get(change('next').key))).to.equal('FAILED')
  })
})
