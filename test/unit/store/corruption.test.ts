import { readdir, rm, truncate } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { expect } from 'chai'
import { openStore } from '../../../src/store/index.ts'
import {
  codeOf,
  DAY_MS,
  keepManifest,
  leaseOf,
  plain,
  PLENTY_BYTES,
  readSample,
  sample,
  storeSample,
  useFolder
} from './support.ts'
import type { Store } from '../../../src/store/index.ts'
import type { Sample } from './support.ts'

describe('store with a disk that forgets', () => {
  const folder = useFolder()
  let store: Store
  let one: Sample
  const nowMs = 100 * DAY_MS

  const fileOf = async (suffix: string): Promise<string> => {
    const names = await readdir(join(folder(), 'shards'), { recursive: true })
    return join(
      folder(),
      'shards',
      names.find((name) => name.endsWith(suffix))!
    )
  }
  const flipBit = async (path: string, position: number): Promise<void> => {
    const file = await open(path, 'r+')
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position)
    buffer[0] ^= 4
    await file.write(buffer, 0, 1, position)
    await file.close()
  }
  const opened = async (): Promise<Store> =>
    await openStore({ path: folder(), quotaBytes: PLENTY_BYTES, now: () => nowMs })

  beforeEach(async () => {
    store = await opened()
    one = await sample('one', [4096, 4096, 320])
    await storeSample(store, one)
    await store.putLease(one.cid, leaseOf({ expiresAtMs: nowMs + DAY_MS }))
  })
  afterEach(async () => await store.close())

  const expectSetAside = async (): Promise<void> => {
    expect(await store.shardsOf(one.cid)).to.deep.equal([])
    expect(await store.openShard(one.cid, one.shard)).to.equal(undefined)
    expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
  }

  it('finds a flipped bit in a block, sets the shard aside, and keeps the evidence', async () => {
    await flipBit(await fileOf('.blocks'), 5000)
    const reader = await store.openShard(one.cid, one.shard)
    expect(plain(await reader!.read(0))).to.deep.equal(one.blocks[0])
    expect(await codeOf(reader!.read(1))).to.equal('CORRUPT')
    await expectSetAside()
    expect(await readdir(join(folder(), 'quarantine'))).to.have.length(2)
  })

  it('finds a flipped bit in a leaf hash', async () => {
    await flipBit(await fileOf('.leaves'), 40 * 2 + 3)
    const reader = await store.openShard(one.cid, one.shard)
    expect(await codeOf(reader!.leaves())).to.equal('CORRUPT')
    await expectSetAside()
  })

  it('finds a flipped bit in the offset of a block, whichever bit it is', async () => {
    for (const byte of [32, 35, 38, 39]) {
      const damaged = await sample(`offset ${byte}`, [4096, 4096])
      await store.deleteObject(one.cid)
      await storeSample(store, damaged)
      await flipBit(await fileOf('.leaves'), byte)
      expect(await codeOf(readSample(store, damaged))).to.equal('CORRUPT')
      expect(await store.shardsOf(damaged.cid)).to.deep.equal([])
    }
  })

  it('finds a file cut short', async () => {
    await truncate(await fileOf('.blocks'), 8200)
    expect(await codeOf(readSample(store, one))).to.equal('CORRUPT')
    await expectSetAside()
  })

  it('finds a missing file', async () => {
    await rm(await fileOf('.blocks'))
    expect(await codeOf(readSample(store, one))).to.equal('CORRUPT')
    await expectSetAside()
  })

  it('takes the shard again after it was set aside', async () => {
    await flipBit(await fileOf('.blocks'), 1)
    expect(await codeOf(readSample(store, one))).to.equal('CORRUPT')
    await storeSample(store, one)
    expect(await readSample(store, one)).to.deep.equal(one.blocks)
  })

  it('counts what is set aside until it is thrown away a week later', async () => {
    const before = await store.usage()
    await flipBit(await fileOf('.blocks'), 1)
    expect(await codeOf(readSample(store, one))).to.equal('CORRUPT')
    expect(await store.usage()).to.deep.equal(before)
    await store.close()
    store = await opened()
    expect(await store.usage()).to.deep.equal(before)
    await store.collectGarbage(nowMs + 6 * DAY_MS)
    expect(await readdir(join(folder(), 'quarantine'))).to.have.length(2)
    await store.collectGarbage(nowMs + 7 * DAY_MS)
    expect(await readdir(join(folder(), 'quarantine'))).to.have.length(0)
    expect((await store.usage()).usedBytes).to.equal(0)
  })

  it('finds a damaged index entry, and takes the manifest anew', async () => {
    await store.close()
    const level = new ClassicLevel<Buffer, Buffer>(join(folder(), 'index'), {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer'
    })
    const key = Buffer.concat([Buffer.from('m'), one.cid.bytes])
    const value = (await level.get(key))!
    value[20] ^= 1
    await level.put(key, value)
    await level.close()
    store = await opened()
    expect(await codeOf(store.getManifest(one.cid))).to.equal('CORRUPT')
    await keepManifest(store, one.cid, one.manifest)
    expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
  })
})
