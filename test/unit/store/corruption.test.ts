import { readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { leafHash, MerkleTree } from '../../../encoder/merkle/merkle.ts'
import { openStore } from '../../../src/store/index.ts'
import { BOTH, damageEntries, flipBit, shardFile } from './damage.ts'
import {
  all,
  clockAt,
  codeOf,
  DAY_MS,
  keepManifest,
  leaseOf,
  leavesOf,
  plain,
  PLENTY_BYTES,
  readSample,
  sample,
  storeSample,
  useFolder,
  keepPlacement
} from './support.ts'
import type { Store } from '../../../src/store/index.ts'
import type { Sample } from './support.ts'

const RECORD_BYTES = 40
const COPY_BYTES = 44

describe('store with a disk that loses data', () => {
  const folder = useFolder()
  let store: Store
  let one: Sample
  let log: string[]
  const START_MS = 100 * DAY_MS
  let nowMs: number

  const opened = async (): Promise<Store> =>
    await openStore({
      path: folder(),
      quotaBytes: PLENTY_BYTES,
      clock: clockAt(() => nowMs),
      peersAgreeOnTime: () => true,
      logger: { info: () => {}, warn: (message) => void log.push(message) }
    })
  const reopen = async (whileClosed: () => Promise<void> = async () => {}): Promise<void> => {
    await store.close()
    await whileClosed()
    store = await opened()
  }

  beforeEach(async () => {
    log = []
    nowMs = START_MS
    store = await opened()
    one = await sample('one', [4096, 4096, 320])
    await storeSample(store, one)
    await store.putLease(one.cid, leaseOf({ expiresAtMs: nowMs + DAY_MS }))
  })
  afterEach(async () => await store.close())

  const expectBad = async (...bad: number[]): Promise<void> => {
    const reader = (await store.openShard(one.cid, one.shard))!
    for (const [i, block] of one.blocks.entries()) {
      if (bad.includes(i)) expect(await codeOf(reader.read(i)), `block ${i}`).to.equal('CORRUPT')
      else expect(plain(await reader.read(i)), `block ${i}`).to.deep.equal(block)
    }
    expect(plain(await reader.leaves())).to.deep.equal(leavesOf(one.blocks))
    await reader.close()
    expect(await store.heldShards(one.cid)).to.deep.equal([{ shard: one.shard, badBlocks: bad.length }])
    expect(await all(store.listShards())).to.deep.include({
      cid: one.cid,
      shard: one.shard,
      sizeBytes: 4096 + 4096 + 320,
      badBlocks: bad.length
    })
    expect(store.health()).to.include({ badBlocks: bad.length, damagedShards: bad.length === 0 ? 0 : 1 })
  }
  const expectSetAside = async (): Promise<void> => {
    expect(await store.shardsOf(one.cid)).to.deep.equal([])
    expect(await store.openShard(one.cid, one.shard)).to.equal(undefined)
    expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
    expect(store.health()).to.include({ shardsSetAside: 1 })
  }

  it('marks a damaged block, serves the others, and remembers the mark', async () => {
    await flipBit(await shardFile(folder(), '.blocks'), 5000)
    await expectBad(1)
    expect(log).to.deep.equal(['a block of a shard is damaged'])
    await reopen()
    expect(await store.heldShards(one.cid)).to.deep.equal([{ shard: one.shard, badBlocks: 1 }])
    await expectBad(1)
  })

  it('marks every block after the end of a truncated file', async () => {
    await truncate(await shardFile(folder(), '.blocks'), 4000)
    await expectBad(0, 1, 2)
  })

  it('forgets the marks together with the shard', async () => {
    await flipBit(await shardFile(folder(), '.blocks'), 5000)
    await expectBad(1)
    await store.deleteObject(one.cid)
    expect(store.health()).to.include({ badBlocks: 0, damagedShards: 0 })
    await reopen()
    expect(store.health()).to.include({ badBlocks: 0, damagedShards: 0 })
  })

  it('reads blocks in spite of any damaged bit in the leaf records', async () => {
    const file = await shardFile(folder(), '.leaves')
    for (const byte of [3, 31, 32, 35, 38, 39]) {
      for (const record of [0, 2]) {
        await flipBit(file, RECORD_BYTES * record + byte)
        await expectBad()
        await flipBit(file, RECORD_BYTES * record + byte)
      }
    }
    await flipBit(file, 3 * RECORD_BYTES + COPY_BYTES + 7)
    await expectBad()
  })

  it('keeps the roots of subtrees beside the leaf hashes', async () => {
    const reader = (await store.openShard(one.cid, one.shard))!
    const { root } = new MerkleTree(leavesOf(one.blocks))
    expect(plain(await reader.subtreeRoots())).to.deep.equal(plain(root))
    expect(plain(await reader.leafRange(1, 1))).to.deep.equal(plain(leafHash(one.blocks[1])))
    await reader.close()
  })

  it('quarantines a shard whose leaf hashes are damaged in both copies, and accepts it again', async () => {
    const file = await shardFile(folder(), '.leaves')
    await flipBit(file, 3)
    await flipBit(file, 3 * RECORD_BYTES + 3)
    const reader = (await store.openShard(one.cid, one.shard))!
    expect(await codeOf(reader.leaves())).to.equal('CORRUPT')
    await expectSetAside()
    await storeSample(store, one)
    await expectBad()
  })

  for (const suffix of ['.blocks', '.leaves'] as const) {
    it(`quarantines a shard whose ${suffix} file is missing`, async () => {
      await rm(await shardFile(folder(), suffix))
      expect(await codeOf(readSample(store, one))).to.equal('CORRUPT')
      await expectSetAside()
    })
  }

  it('counts quarantined files until they are removed a week later', async () => {
    const before = await store.usage()
    await rm(await shardFile(folder(), '.leaves'))
    expect(await codeOf(readSample(store, one))).to.equal('CORRUPT')
    expect(await store.usage()).to.deep.equal(before)
    await reopen()
    expect(await store.usage()).to.deep.equal(before)
    nowMs = START_MS + 6 * DAY_MS
    await store.collectGarbage()
    expect(await readdir(join(folder(), 'quarantine'))).to.have.length(1)
    nowMs = START_MS + 7 * DAY_MS
    await store.collectGarbage()
    expect(await readdir(join(folder(), 'quarantine'))).to.have.length(0)
    expect(store.health()).to.include({ shardsSetAside: 0 })
    expect((await store.usage()).usedBytes).to.equal(0)
  })

  describe('and an index with damaged entries', () => {
    const owned = Uint8Array.of(1, 2, 3)
    const placement = Uint8Array.of(4, 5, 6)

    beforeEach(async () => {
      await store.putOwned(one.cid, owned)
      const lease = leaseOf({ expiresAtMs: nowMs + DAY_MS })
      await keepPlacement(store, one, { record: placement, sequence: 1n }, { lease })
      const open = await store.openUpload(one.upload, 7, 0)
      await open.append(one.blocks[0], leafHash(one.blocks[0]))
      await open.close()
    })

    for (const kind of ['m', 's', 'l', 'o', 'p', 'u', 'b'] as const) {
      it(`restores entries of kind '${kind}' from the mirror, and logs it`, async () => {
        await reopen(async () => await damageEntries(folder(), kind, ['index']))
        expect(await readSample(store, one)).to.deep.equal(one.blocks)
        expect(await store.leases(one.cid)).to.deep.equal([leaseOf({ expiresAtMs: nowMs + DAY_MS })])
        expect(plain(await store.getPlacement(one.cid))).to.deep.equal(placement)
        expect((await all(store.listOwned())).map(({ value }) => plain(value))).to.deep.equal([owned])
        const again = await store.openUpload(one.upload, 7, 0)
        expect(again.blocksHeld).to.equal(1)
        await again.close()
        const expected = kind === 'b' ? 0 : 1
        expect(store.health()).to.include({ damagedEntries: expected, restoredEntries: expected })
        await reopen()
        expect(store.health()).to.include({ damagedEntries: 0 })
      })
    }

    it('treats an unreadable lease as live', async () => {
      await reopen(async () => await damageEntries(folder(), 'l', BOTH))
      for (let time = 0; time < 3; time++) {
        nowMs += DAY_MS
        expect(await store.collectGarbage()).to.include({ removedObjects: 0, clockTrusted: true })
        const [lease] = await store.leases(one.cid)
        expect(lease).to.include({ lessee: 'lessee', tombstone: false, sequence: 0n })
        expect(lease.expiresAtMs).to.be.above(nowMs)
        await reopen()
      }
      expect(await readSample(store, one)).to.deep.equal(one.blocks)
      expect(await store.putLease(one.cid, leaseOf({ sequence: 1n, tombstone: true }))).to.equal(true)
      expect(await store.shardsOf(one.cid)).to.deep.equal([])
    })

    it('lists an owned record that is damaged in both copies, without its value', async () => {
      await store.putOwned(one.cid, Uint8Array.of(1, 2, 3))
      await reopen(async () => await damageEntries(folder(), 'o', BOTH))
      const listed = await all(store.listOwned())
      expect(listed.map(({ cid, value }) => [cid.toString(), value])).to.deep.equal([
        [one.cid.toString(), undefined]
      ])
    })

    for (const kind of ['m', 's', 'o', 'p', 'u', 'q', 'd'] as const) {
      it(`limits the damage of entries of kind '${kind}' in both copies to these entries`, async () => {
        const two = await sample('two', [64])
        await storeSample(store, two)
        await store.putLease(two.cid, leaseOf({ expiresAtMs: nowMs - 2 * DAY_MS }))
        await flipBit(await shardFile(folder(), '.blocks'), 10)
        await codeOf(readSample(store, one))
        await codeOf(readSample(store, two))
        await reopen(async () => await damageEntries(folder(), kind, BOTH))
        const collected = await store.collectGarbage(nowMs + 1)
        expect(collected.removedObjects).to.equal(1)
        expect(await store.shardsOf(two.cid)).to.deep.equal([])
        expect(await store.shardsOf(one.cid)).to.deep.equal([one.shard])
        expect(await codeOf(store.getPlacement(one.cid))).to.equal('resolved')
        expect(await codeOf(all(store.listOwned()))).to.equal('resolved')
        await keepManifest(store, one.cid, one.manifest)
        expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
        await store.collectGarbage(nowMs + 1)
      })
    }

    it('finds the shard of a damaged entry by its files', async () => {
      await reopen(async () => await damageEntries(folder(), 's', BOTH))
      expect(await readSample(store, one)).to.deep.equal(one.blocks)
      expect(store.health()).to.include({ shardsFound: 1, damagedEntries: 1, restoredEntries: 0 })
    })

    it('does not restore an object that was deleted while its entry was damaged', async () => {
      await reopen(async () => await damageEntries(folder(), 's', BOTH))
      await store.putLease(one.cid, leaseOf({ sequence: 2n, tombstone: true }))
      await store.deleteOwned(one.cid)
      await store.deleteObject(one.cid)
      await store.collectGarbage()
      await reopen()
      expect(await store.shardsOf(one.cid)).to.deep.equal([])
      expect(await readdir(join(folder(), 'quarantine'))).to.deep.equal([])
    })
  })
})
