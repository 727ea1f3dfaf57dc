import { ClassicLevel } from 'classic-level'
import { expect } from 'chai'
import { Database } from '../../../src/store/database.ts'
import type { Level } from '../../../src/store/level.ts'
import { bytesOf, codeOf, plain, useFolder } from './support.ts'

/**
 * LevelDB that counts its synced batches and fails the next one on request: before it is in the log; or behind that,
 * when it is in the log but not in what reads see.
 */
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
      if (fail === 'after') this.#hideFurtherWrites()
      if (fail !== 'before') await batch(operations, options)
      if (fail !== undefined) throw Object.assign(new Error('IO error'), { code: 'LEVEL_IO_ERROR' })
    }
    this.batch = counted as typeof this.batch
  }

  #hideFurtherWrites(): void {
    const snapshot = this.snapshot()
    const getMany = this.getMany.bind(this)
    this.getMany = (async (keys: Uint8Array[]) => await getMany(keys, { snapshot })) as typeof this.getMany
    this.open = (async () => {
      Object.assign(this, { getMany })
      await ClassicLevel.prototype.open.call(this, {})
    }) as typeof this.open
  }
}

describe('store index', () => {
  const folder = useFolder()
  let level: TestLevel
  let database: Database
  let availableBytes: number

  beforeEach(async () => {
    level = new TestLevel(folder())
    await level.open()
    database = new Database(level as unknown as Level, 0, { availableBytes: async () => availableBytes })
    availableBytes = 1e9
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

  it('bounds the size of one batch', async () => {
    const large = Array.from({ length: 10 }, (_, i) => ({
      key: Buffer.of(i),
      value: bytesOf(`${i}`, 1 << 20)
    }))
    await Promise.all(large.map(async (one) => await database.write([one])))
    expect(level.syncs).to.be.within(3, 5)
  })

  for (const fail of ['before', 'after'] as const) {
    it(`keeps nothing of a write that failed ${fail} LevelDB had it, and continues`, async () => {
      const old = { ...change('kept'), value: bytesOf('old', 10) }
      await database.write([old])
      level.fail = fail
      expect(await codeOf(database.write([change('kept'), change('new')]))).to.equal('WRITE_FAILED')
      await database.write([change('next')])
      expect(plain(await database.get(old.key))).to.deep.equal(old.value)
      expect(await database.get(change('new').key)).to.equal(undefined)
      expect(plain(await database.get(change('next').key))).to.deep.equal(change('next').value)
    })
  }

  it('can be read while the disk is full, and written once there is room', async () => {
    await database.write([change('kept')])
    availableBytes = 1000
    level.fail = 'before'
    expect(await codeOf(database.write([change('lost')]))).to.equal('DISK_FULL')
    const { syncs } = level
    expect(await codeOf(database.write([change('lost')]))).to.equal('DISK_FULL')
    expect(level.syncs).to.equal(syncs)
    expect(plain(await database.get(change('kept').key))).to.deep.equal(change('kept').value)
    availableBytes = 1e9
    await database.write([change('next')])
    expect(plain(await database.get(change('next').key))).to.deep.equal(change('next').value)
  })

  it('refuses further writes when the outcome of one is unknown', async () => {
    level.open = async () => {
      throw new Error('the disk is gone')
    }
    level.fail = 'before'
    expect(await codeOf(database.write([change('open')]))).to.equal('WRITE_FAILED')
    expect(await codeOf(database.write([change('next')]))).to.equal('FAILED')
    expect(await codeOf(database.get(change('next').key))).to.equal('FAILED')
  })
})
