import { cp, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../../src/store/index.ts'
import { settled, VirtualTime } from '../../support/virtual-clock.ts'
import { damageEntries, flipBit, shardFile, shardFiles } from './damage.ts'
import { FIXTURE, FIXTURE_PATH } from './fixture.ts'
import { leaseOf, PLENTY_BYTES, readSample, sample, storeSample, useFolder } from './support.ts'
import type { ScrubReport, Store } from '../../../src/store/index.ts'
import type { Sample } from './support.ts'

describe('store scrub', () => {
  const folder = useFolder()
  let time: VirtualTime
  let store: Store
  let one: Sample

  const opened = async (): Promise<Store> =>
    await openStore({ path: folder(), quotaBytes: PLENTY_BYTES, clock: time })
  const reopen = async (whileClosed: () => Promise<void>): Promise<void> => {
    await store.close()
    await whileClosed()
    store = await opened()
  }

  beforeEach(async () => {
    time = new VirtualTime()
    store = await opened()
    one = await sample('one', [4096, 4096, 4096, 320])
    await store.putLease(one.cid, leaseOf({ expiresAtMs: time.nowMs() + 1e9 }))
    await storeSample(store, one)
  })
  afterEach(async () => await store.close())

  const CLEAN = { shards: 1, blocks: 4, bytes: 12_608, badBlocks: 0, damagedShards: 0, mendedShards: 0 }

  it('reads everything and finds no damage in an intact store', async () => {
    expect(await store.scrub()).to.deep.equal(CLEAN)
  })

  it('marks damaged blocks before a reader finds them, and removes the marks of good ones', async () => {
    const file = await shardFile(folder(), '.blocks')
    for (const position of [100, 9000]) await flipBit(file, position)
    expect(await store.scrub()).to.include({ badBlocks: 2, damagedShards: 1 })
    expect(await store.heldShards(one.cid)).to.deep.equal([{ shard: one.shard, badBlocks: 2 }])
    await flipBit(file, 100)
    expect(await store.scrub()).to.include({ badBlocks: 1 })
    expect(store.health()).to.include({ badBlocks: 1, damagedShards: 1 })
    await storeSample(store, one)
    expect(await store.scrub()).to.deep.equal(CLEAN)
  })

  it('quarantines shards whose files are missing', async () => {
    await rm(await shardFile(folder(), '.blocks'))
    expect(await store.scrub()).to.include({ shards: 0, damagedShards: 1 })
    expect(await store.shardsOf(one.cid)).to.deep.equal([])
  })

  it('repairs leaf records, copies and labels from each other', async () => {
    const file = await shardFile(folder(), '.leaves')
    const RECORDS = 4 * 40
    const COPIES = 4 * 44
    for (const position of [5, RECORDS + 5, RECORDS + COPIES + 5, RECORDS + COPIES + 40]) {
      await flipBit(file, position)
      await store.scrub()
      expect(await store.scrub(), `byte ${position}`).to.deep.equal(CLEAN)
    }
    // Every copy was good after each time: now the records alone may be damaged.
    for (let record = 0; record < 4; record++) await flipBit(file, record * 40 + 5)
    expect(await readSample(store, one)).to.deep.equal(one.blocks)
  })

  it('adds a tail to shards of version 0.1, and counts it', async () => {
    await store.close()
    await rm(folder(), { recursive: true })
    await cp(FIXTURE_PATH, folder(), { recursive: true })
    store = await opened()
    expect(await store.scrub()).to.include({ shards: 1, mendedShards: 1 })
    expect(await store.scrub()).to.include({ shards: 1, mendedShards: 0 })
    const { usedBytes } = await store.usage()
    expect(usedBytes).to.be.above(FIXTURE.usedBytes)
    await reopen(async () => {
      for (const copy of ['index', 'mirror']) await rm(join(folder(), copy), { recursive: true })
    })
    const { shard } = FIXTURE
    const fixture = await sample(shard.seed, shard.blockSizes, shard.index)
    expect(await readSample(store, fixture)).to.deep.equal(fixture.blocks)
  })

  it('repairs entries of the index', async () => {
    await reopen(async () => await damageEntries(folder(), 'l', ['mirror']))
    await reopen(async () => await damageEntries(folder(), 'm', ['index']))
    await store.scrub()
    await reopen(async () => {})
    expect(store.health()).to.include({ damagedEntries: 0 })
  })

  it('skips a shard that is deleted meanwhile, and reports its progress', async () => {
    const two = await sample('two', [4096])
    await storeSample(store, two)
    const seen: number[] = []
    const onProgress = ({ shards }: ScrubReport): void => void seen.push(shards)
    const scrubbing = store.scrub({ onProgress })
    await Promise.all([scrubbing, store.deleteObject(two.cid), store.deleteObject(one.cid)])
    expect(seen).to.have.length(2)
    expect(await shardFiles(folder())).to.deep.equal([])
  })

  it('reads at most at its rate, and stops on request', async () => {
    let report: ScrubReport | undefined
    const stop = new AbortController()
    const first = store.scrub({ bytesPerSecond: 1000 }).then((done) => {
      report = done
    })
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await settled()
    }
    await until(() => time.waiting > 0)
    // Each block is read a while after the one before it.
    for (const bytes of [4096, 4096, 4096]) {
      expect(report).to.equal(undefined)
      await time.advance(bytes)
      await until(() => time.waiting > 0)
    }
    await time.advance(320)
    await first
    expect(report).to.deep.equal(CLEAN)
    const second = store.scrub({ bytesPerSecond: 1000, signal: stop.signal }).catch((error: unknown) => error)
    await until(() => time.waiting > 0)
    stop.abort(new Error('enough'))
    expect(String(await second)).to.contain('enough')
  })

  it('marks blocks after the end of a truncated file', async () => {
    await truncate(await shardFile(folder(), '.blocks'), 5000)
    expect(await store.scrub()).to.include({ badBlocks: 3, damagedShards: 1 })
  })
})
