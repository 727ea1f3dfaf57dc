import { expect } from 'chai'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { openStore } from '../../../src/store/index.ts'
import { systemDisk } from '../../../src/store/disk.ts'
import {
  bytesOf,
  clockAt,
  cidOf,
  codeOf,
  DAY_MS,
  keepManifest,
  leaseOf,
  PLENTY_BYTES,
  readSample,
  sample,
  storeSample,
  useFolder,
  keepPlacement
} from './support.ts'
import type { Disk } from '../../../src/store/index.ts'
import type { StoreInit } from '../../../src/store/index.ts'

const LEAF_RECORD_BYTES = 40

describe('store quota', () => {
  const folder = useFolder()
  const opened = async (init: Partial<StoreInit> = {}) =>
    await openStore({ path: folder(), quotaBytes: PLENTY_BYTES, diskFloorBytes: 0, ...init })

  it('counts stored data to the byte, and the same after a restart', async () => {
    const first = await opened()
    const one = await sample('one', [65536, 4096, 64])
    await storeSample(first, one)
    const dataBytes = 65536 + 4096 + 64
    // The tail: the records again with a checksum, one subtree root, id, manifest and footer.
    const tailBytes = 3 * (LEAF_RECORD_BYTES + 4) + 32 + 36 + one.manifest.length + 84
    const shardBytes = dataBytes + 3 * LEAF_RECORD_BYTES + tailBytes
    const manifestBytes = 2 * (1 + 36 + 4 + one.manifest.length)
    expect((await first.usage()).usedBytes).to.equal(shardBytes + manifestBytes)
    await keepPlacement(first, one, { record: bytesOf('placement', 500), sequence: 1n })
    await keepPlacement(first, one, { record: bytesOf('placement', 200), sequence: 2n })
    await first.putLease(one.cid, leaseOf())
    await first.putOwned(one.cid, bytesOf('owned', 30))
    const open = await first.openUpload(one.upload, 9, 100_000)
    await open.append(one.blocks[0], leafHash(one.blocks[0]))
    await open.close()
    const { usedBytes } = await first.usage()
    await first.close()
    const second = await opened()
    expect((await second.usage()).usedBytes).to.equal(usedBytes)
    await second.deleteOwned(one.cid)
    await second.close()
    const nowMs = Date.now() + 10 * DAY_MS
    const third = await opened({ clock: clockAt(() => nowMs), peersAgreeOnTime: () => true })
    await third.collectGarbage()
    expect((await third.usage()).usedBytes).to.equal(0)
    await third.close()
  })

  it('refuses data that cannot fit, reserves a little ahead of the arrived bytes, and frees the rest', async () => {
    const MIB = 2 ** 20
    const store = await opened({ quotaBytes: 100 * MIB })
    const { upload, blocks } = await sample('one', [1000])
    expect(await codeOf(store.openUpload(upload, 1, 101 * MIB))).to.equal('QUOTA_EXCEEDED')
    const opens = []
    for (let shard = 1; shard <= 12; shard++) opens.push(await store.openUpload(upload, shard, 50 * MIB))
    expect((await store.usage()).freeBytes).to.equal((100 - 12 * 4) * MIB)
    for (const open of opens) await open.abandon()
    expect((await store.usage()).freeBytes).to.equal(100 * MIB)
    const first = await store.openUpload(upload, 1, 50 * MIB)
    await first.append(blocks[0], leafHash(blocks[0]))
    await first.close()
    expect((await store.usage()).freeBytes).to.equal(100 * MIB - 1000 - LEAF_RECORD_BYTES)
    await (await store.openUpload(upload, 2, 100_000)).close()
    await store.close()
  })

  it('lets an upload of unknown size grow up to the quota, and keeps nothing of the block that does not fit', async () => {
    const store = await opened({ quotaBytes: 10_000 })
    const one = await sample('one', [4000, 4000, 4000])
    const upload = await store.openUpload(one.upload, one.shard, 0)
    await upload.append(one.blocks[0], leafHash(one.blocks[0]))
    await upload.append(one.blocks[1], leafHash(one.blocks[1]))
    expect(await codeOf(upload.append(one.blocks[2], leafHash(one.blocks[2])))).to.equal('QUOTA_EXCEEDED')
    expect(upload.leaves()).to.have.length(64)
    await upload.commit(one.cid, one.manifest)
    expect(await readSample(store, one)).to.deep.equal(one.blocks.slice(0, 2))
    await store.close()
  })

  it('refuses a commit whose manifest does not fit, and the upload can still be resumed', async () => {
    const store = await opened({ quotaBytes: 5000 })
    const one = await sample('one', [4000])
    const upload = await store.openUpload(one.upload, one.shard, 0)
    await upload.append(one.blocks[0], leafHash(one.blocks[0]))
    expect(await codeOf(upload.commit(one.cid, bytesOf('manifest', 2000)))).to.equal('QUOTA_EXCEEDED')
    expect(await store.shardsOf(one.cid)).to.deep.equal([])
    await upload.close()
    expect((await store.openUpload(one.upload, one.shard, 0)).blocksHeld).to.equal(1)
    await store.close()
  })

  it('charges small blocks for their leaf records', async () => {
    const store = await opened({ quotaBytes: 1000 })
    const { upload } = await sample('one')
    const open = await store.openUpload(upload, 1, 0)
    const byte = Uint8Array.of(1)
    let taken = 0
    while ((await codeOf(open.append(byte, leafHash(byte)))) === 'resolved') taken++
    expect(taken).to.equal(Math.floor(1000 / (1 + LEAF_RECORD_BYTES)))
    await store.close()
  })

  it("refuses manifests, placement records and leases over the quota, but never a tombstone or the node's own", async () => {
    const store = await opened({ quotaBytes: 2000 })
    const { cid } = await sample('one')
    const big = bytesOf('big', 2000)
    const small = { cid, manifest: bytesOf('small', 600) }
    await keepManifest(store, cid, small.manifest)
    expect(await codeOf(keepManifest(store, await cidOf(big), big))).to.equal('QUOTA_EXCEEDED')
    const placement = { record: big, sequence: 1n }
    expect(await codeOf(keepPlacement(store, small, placement))).to.equal('QUOTA_EXCEEDED')
    expect(await codeOf(store.putLease(cid, leaseOf({ lessee: 'another' })))).to.equal('QUOTA_EXCEEDED')
    expect(await store.putLease(cid, leaseOf({ sequence: 2n, tombstone: true, signed: big }))).to.equal(true)
    await store.putOwned(cid, big)
    await keepManifest(store, await cidOf(big), big, { own: true })
    await keepPlacement(store, small, placement, { own: true })
    await store.putLease(cid, leaseOf({ lessee: 'own' }), { own: true })
    expect((await store.usage()).freeBytes).to.equal(0)
    await store.close()
  })

  it('keeps the minimum of free disk space', async () => {
    const disk: Disk = { ...systemDisk, availableBytes: async () => 1_000_000 }
    const store = await opened({ disk, diskFloorBytes: 900_000 })
    const { upload, blocks, cid } = await sample('one', [65536])
    expect((await store.usage()).freeBytes).to.equal(100_000)
    expect(await codeOf(store.openUpload(upload, 1, 200_000))).to.equal('DISK_FULL')
    const open = await store.openUpload(upload, 1, 0)
    await open.append(blocks[0], leafHash(blocks[0]))
    expect(await codeOf(keepManifest(store, cid, bytesOf('large', 40_000)))).to.equal('resolved')
    await store.close()
  })

  it('opens when it exceeds a lowered quota, with no free space', async () => {
    const first = await opened()
    const one = await sample('one')
    await first.putLease(one.cid, leaseOf({ expiresAtMs: Date.now() + DAY_MS }))
    await storeSample(first, one)
    await first.close()
    const second = await opened({ quotaBytes: 100 })
    expect((await second.usage()).freeBytes).to.equal(0)
    expect(await readSample(second, one)).to.deep.equal(one.blocks)
    expect(await codeOf(second.openUpload(one.upload, 1, 1))).to.equal('QUOTA_EXCEEDED')
    await second.close()
  })

  it('refuses a quota that is not a number of bytes', async () => {
    for (const quotaBytes of [-1, NaN, 0.5, Infinity]) {
      expect(await codeOf(opened({ quotaBytes }))).to.match(/RangeError/)
    }
  })
})
