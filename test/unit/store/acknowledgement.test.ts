import { readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { openStore } from '../../../src/store/index.ts'
import { BOTH, damageEntries, flipBit, shardFile, shardFiles } from './damage.ts'
import {
  bytesOf,
  codeOf,
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

describe('store: repeated acknowledgements', () => {
  const folder = useFolder()
  let store: Store
  let one: Sample

  const reopen = async (whileClosed: () => Promise<void> = async () => {}): Promise<void> => {
    await store.close()
    await whileClosed()
    store = await openStore({ path: folder(), quotaBytes: PLENTY_BYTES })
  }

  beforeEach(async () => {
    store = await openStore({ path: folder(), quotaBytes: PLENTY_BYTES })
    one = await sample('one', [4096, 4096, 320])
    await store.putLease(one.cid, leaseOf({ expiresAtMs: Date.now() + 1e9 }))
    await storeSample(store, one)
  })
  afterEach(async () => await store.close())

  const damages: Record<string, () => Promise<void>> = {
    'nothing is wrong with it': async () => {},
    'a block is damaged': async () => await flipBit(await shardFile(folder(), '.blocks'), 5000),
    'a block is damaged, and known to be': async () => {
      await flipBit(await shardFile(folder(), '.blocks'), 5000)
      expect(await codeOf(readSample(store, one))).to.equal('CORRUPT')
    },
    'the blocks are gone': async () => await rm(await shardFile(folder(), '.blocks')),
    'the leaf hashes are gone': async () => await rm(await shardFile(folder(), '.leaves')),
    'the blocks are cut short': async () => await truncate(await shardFile(folder(), '.blocks'), 10),
    'its index entry is damaged in both copies': async () =>
      await reopen(async () => await damageEntries(folder(), 's', BOTH)),
    'its manifest is damaged in both copies': async () =>
      await reopen(async () => await damageEntries(folder(), 'm', BOTH))
  }
  for (const [what, damage] of Object.entries(damages)) {
    it(`are true for a shard that is put again, when ${what}`, async () => {
      await damage()
      await storeSample(store, one)
      for (let time = 0; time < 2; time++) {
        expect(await readSample(store, one)).to.deep.equal(one.blocks)
        expect(await store.heldShards(one.cid)).to.deep.equal([{ shard: one.shard, badBlocks: 0 }])
        expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
        await reopen()
      }
      expect(await shardFiles(folder())).to.have.length(2)
      expect(store.health()).to.include({ badBlocks: 0, damagedShards: 0 })
      await store.deleteObject(one.cid)
      expect(await shardFiles(folder())).to.have.length(0)
    })
  }

  it('counts a shard that is put again once', async () => {
    const before = await store.usage()
    await storeSample(store, one)
    expect((await store.usage()).usedBytes).to.equal(before.usedBytes)
  })

  it('lets a reader of the old files continue while they are replaced', async () => {
    const reader = (await store.openShard(one.cid, one.shard))!
    await storeSample(store, one)
    expect(plain(await reader.read(2))).to.deep.equal(one.blocks[2])
    await reader.close()
  })

  it('are true for an upload that resumes after the disk has lost blocks', async () => {
    const two = await sample('two', [4096, 4096, 320])
    const first = await store.openUpload(two.upload, two.shard, 0)
    for (const block of two.blocks.slice(0, 2)) await first.append(block, leafHash(block))
    await first.close()
    const [name] = (await readdir(join(folder(), 'uploads'))).filter((file) => file.endsWith('.blocks'))
    await flipBit(join(folder(), 'uploads', name), 5000)
    const second = await store.openUpload(two.upload, two.shard, 0)
    expect(second.blocksHeld).to.equal(2)
    await second.append(two.blocks[2], leafHash(two.blocks[2]))
    expect(await codeOf(second.commit(two.cid, two.manifest))).to.equal('CORRUPT')
    expect(await store.shardsOf(two.cid)).to.deep.equal([])
    await second.close()
    const third = await store.openUpload(two.upload, two.shard, 0)
    expect(third.blocksHeld).to.equal(1)
    for (const block of two.blocks.slice(1)) await third.append(block, leafHash(block))
    await third.commit(two.cid, two.manifest)
    expect(await readSample(store, two)).to.deep.equal(two.blocks)
  })

  it('are true for a commit that is refused, and repeated with another manifest', async () => {
    await store.close()
    store = await openStore({ path: folder(), quotaBytes: 30_000, diskFloorBytes: 0 })
    const two = await sample('two', [4096])
    const upload = await store.openUpload(two.upload, two.shard, 0)
    await upload.append(two.blocks[0], leafHash(two.blocks[0]))
    expect(await codeOf(upload.commit(two.cid, bytesOf('large', 20_000)))).to.equal('QUOTA_EXCEEDED')
    await upload.commit(two.cid, two.manifest)
    expect(await readSample(store, two)).to.deep.equal(two.blocks)
    const { usedBytes } = await store.usage()
    await store.close()
    store = await openStore({ path: folder(), quotaBytes: 30_000, diskFloorBytes: 0 })
    expect((await store.usage()).usedBytes).to.equal(usedBytes)
  })

  it('are true for manifests, inline objects, leases and placement records over damaged entries', async () => {
    const inline = await sample('inline', [])
    const lease = leaseOf({ lessee: 'other', sequence: 9n, expiresAtMs: 1e14 })
    const placement = { record: bytesOf('placement', 80), sequence: 3n }
    const object = { manifest: inline.manifest, lease, placement }
    await store.keepObject(inline.cid, object, { nowMs: 0 })
    for (const kind of ['m', 'l', 'p']) {
      await reopen(async () => await damageEntries(folder(), kind, BOTH))
      expect(await store.keepObject(inline.cid, object, { nowMs: 0 }), kind).to.include({ outcome: 'kept' })
      await reopen()
      expect(plain(await store.getManifest(inline.cid)), kind).to.deep.equal(inline.manifest)
      expect(await store.leases(inline.cid), kind).to.deep.equal([lease])
      expect(plain(await store.getPlacement(inline.cid)), kind).to.deep.equal(placement.record)
    }
    expect(await keepManifest(store, inline.cid, inline.manifest)).to.include({ outcome: 'kept' })
  })
})
