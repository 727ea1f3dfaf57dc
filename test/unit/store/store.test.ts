import { createHash } from 'node:crypto'
import { appendFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { encodeLeafRecord } from '../../../src/store/leaf-file.ts'
import { openStore } from '../../../src/store/index.ts'
import {
  all,
  bytesOf,
  codeOf,
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
import type { StoredLease } from '../../../src/hologram/holdings.ts'
import type { Sample } from './support.ts'
import type { Store } from '../../../src/store/index.ts'

describe('store', () => {
  const folder = useFolder()
  let store: Store

  const reopen = async (): Promise<void> => {
    await store.close()
    store = await openStore({ path: folder(), quotaBytes: PLENTY_BYTES })
  }
  beforeEach(async () => {
    store = await openStore({ path: folder(), quotaBytes: PLENTY_BYTES })
  })
  afterEach(async () => await store.close())

  describe('shards', () => {
    it('returns blocks of every size, in any order, now and after a restart', async () => {
      const one = await sample('one', [65536, 65536, 8192, 65536, 64, 1])
      await storeSample(store, one)
      for (const restarted of [false, true]) {
        if (restarted) await reopen()
        const reader = await store.openShard(one.cid, one.shard)
        expect(reader!.blocks).to.equal(6)
        for (const i of [3, 0, 5, 4, 2, 1]) expect(plain(await reader!.read(i))).to.deep.equal(one.blocks[i])
        expect(plain(await reader!.leaves())).to.deep.equal(leavesOf(one.blocks))
        await reader!.close()
      }
    })

    it('finds any block of a shard with more blocks than one read of the leaf file brings', async () => {
      const sizes = Array.from({ length: 2500 }, (_, i) => 1 + (i % 7))
      const long = await sample('long', sizes)
      await storeSample(store, long)
      const reader = await store.openShard(long.cid, long.shard)
      for (const i of [0, 1023, 1024, 1025, 2047, 2048, 2499, 1, 1024]) {
        expect(plain(await reader!.read(i))).to.deep.equal(long.blocks[i])
      }
      expect(plain(await reader!.leaves())).to.deep.equal(leavesOf(long.blocks))
    })

    it('knows which shards of an object it holds', async () => {
      const second = await sample('object', [64], 11)
      const first = { ...second, shard: 3 }
      await storeSample(store, second)
      await storeSample(store, first)
      await storeSample(store, await sample('another', [64], 7))
      expect(await store.shardsOf(second.cid)).to.deep.equal([3, 11])
      expect(await store.openShard(second.cid, 4)).to.equal(undefined)
      const listed = await all(store.listShards())
      expect(listed.map(({ shard }) => shard).sort((a, b) => a - b)).to.deep.equal([3, 7, 11])
    })

    it('keeps two objects with the same upload id apart, one after the other', async () => {
      const one = await sample('one', [64, 64])
      const two = { ...(await sample('two', [64, 128])), upload: one.upload }
      await storeSample(store, one)
      await storeSample(store, two)
      expect(await readSample(store, one)).to.deep.equal(one.blocks)
      expect(await readSample(store, two)).to.deep.equal(two.blocks)
    })

    it('accepts the same shard a second time without storing it twice', async () => {
      const one = await sample('one')
      await storeSample(store, one)
      const before = await store.usage()
      await storeSample(store, one)
      expect(await store.usage()).to.deep.equal(before)
      expect(await readSample(store, one)).to.deep.equal(one.blocks)
    })

    it('lets a reader continue while the object is deleted, and keeps nothing of it', async () => {
      const one = await sample('one')
      await storeSample(store, one)
      const reader = await store.openShard(one.cid, one.shard)
      await store.deleteObject(one.cid)
      expect(plain(await reader!.read(1))).to.deep.equal(one.blocks[1])
      expect(await store.openShard(one.cid, one.shard)).to.equal(undefined)
      expect(await store.getManifest(one.cid)).to.equal(undefined)
      expect((await store.usage()).usedBytes).to.equal(0)
    })

    it('refuses impossible blocks and unknown indices', async () => {
      const one = await sample('one')
      const upload = await store.openUpload(one.upload, 1, 0)
      expect(await codeOf(upload.append(new Uint8Array(0), leafHash(new Uint8Array(0))))).to.match(
        /RangeError/
      )
      expect(await codeOf(upload.append(new Uint8Array(64), new Uint8Array(31)))).to.match(/RangeError/)
      expect(await codeOf(upload.commit(one.cid, one.manifest))).to.match(/RangeError/)
      await storeSample(store, one)
      const reader = await store.openShard(one.cid, one.shard)
      for (const index of [-1, 4, 0.5, NaN]) expect(await codeOf(reader!.read(index))).to.match(/RangeError/)
    })

    it('stops a read when its caller has aborted', async () => {
      const one = await sample('one')
      await storeSample(store, one)
      const reader = await store.openShard(one.cid, one.shard)
      const reason = new Error('gone')
      const outcome = await reader!.read(0, { signal: AbortSignal.abort(reason) }).catch((error) => error)
      expect(outcome).to.equal(reason)
    })
  })

  describe('uploads', () => {
    it('resume where they were closed, even after a restart', async () => {
      const one = await sample('one', [65536, 4096, 100, 65536, 7])
      const first = await store.openUpload(one.upload, one.shard, 0)
      for (const block of one.blocks.slice(0, 3)) await first.append(block, leafHash(block))
      await first.close()
      await reopen()
      const second = await store.openUpload(one.upload, one.shard, 0)
      expect(second.blocksHeld).to.equal(3)
      expect(second.bytesHeld).to.equal(65536 + 4096 + 100)
      const held = leavesOf(one.blocks.slice(0, 3))
      expect(plain(second.heldDigest)).to.deep.equal(plain(createHash('sha256').update(held).digest()))
      for (const block of one.blocks.slice(3)) await second.append(block, leafHash(block))
      expect(plain(second.leaves())).to.deep.equal(leavesOf(one.blocks))
      await second.commit(one.cid, one.manifest)
      expect(await readSample(store, one)).to.deep.equal(one.blocks)
    })

    it('are truncated to the last whole block when unsynced bytes are torn', async () => {
      const one = await sample('one', [4096, 4096, 320])
      const third = leafHash(one.blocks[2])
      const end = 4096 + 4096 + 320
      const torn: Array<{ what: string; data: Uint8Array; record: Uint8Array; held: number }> = [
        { what: 'whole', data: one.blocks[2], record: encodeLeafRecord(third, end), held: 3 },
        { what: 'zeros', data: new Uint8Array(320), record: encodeLeafRecord(third, end), held: 2 },
        {
          what: 'short data',
          data: one.blocks[2].subarray(9),
          record: encodeLeafRecord(third, end),
          held: 2
        },
        { what: 'no record', data: one.blocks[2], record: new Uint8Array(0), held: 2 },
        { what: 'half a record', data: one.blocks[2], record: third, held: 2 },
        { what: 'absurd', data: one.blocks[2], record: encodeLeafRecord(third, end + 1e12), held: 2 },
        { what: 'zero record', data: one.blocks[2], record: new Uint8Array(40), held: 2 }
      ]
      for (const [i, { what, data, record, held }] of torn.entries()) {
        const upload = await store.openUpload(one.upload, i, 0)
        for (const block of one.blocks.slice(0, 2)) await upload.append(block, leafHash(block))
        await upload.close()
        await store.close()
        const names = await readdir(join(folder(), 'uploads'))
        const file = (suffix: string): string => names.find((name) => name.endsWith(suffix))!
        await appendFile(join(folder(), 'uploads', file('.blocks')), data)
        await appendFile(join(folder(), 'uploads', file('.leaves')), record)
        store = await openStore({ path: folder(), quotaBytes: PLENTY_BYTES })
        const resumed = await store.openUpload(one.upload, i, 0)
        expect(resumed.blocksHeld, what).to.equal(held)
        for (const block of one.blocks.slice(held)) await resumed.append(block, leafHash(block))
        await resumed.commit(one.cid, one.manifest)
        expect(await readSample(store, { cid: one.cid, shard: i })).to.deep.equal(one.blocks)
      }
      const { usedBytes } = await store.usage()
      await reopen()
      expect((await store.usage()).usedBytes).to.equal(usedBytes)
    })

    it('start over on request', async () => {
      const one = await sample('one')
      const two = await sample('two', [64, 64, 64])
      const upload = await store.openUpload(one.upload, two.shard, 0)
      for (const block of one.blocks) await upload.append(block, leafHash(block))
      await upload.reset()
      expect(upload.blocksHeld).to.equal(0)
      expect(upload.leaves()).to.have.length(0)
      for (const block of two.blocks) await upload.append(block, leafHash(block))
      await upload.commit(two.cid, two.manifest)
      expect(await readSample(store, two)).to.deep.equal(two.blocks)
    })

    it('belong to one sender at a time', async () => {
      const { upload, shard } = await sample('one')
      const [first, second] = await Promise.allSettled([
        store.openUpload(upload, shard, 0),
        store.openUpload(upload, shard, 0)
      ])
      expect(first.status).to.equal('fulfilled')
      expect((second as PromiseRejectedResult).reason.code).to.equal('UPLOAD_BUSY')
      await store.openUpload(upload, shard + 1, 0)
      if (first.status === 'fulfilled') await first.value.close()
      await store.openUpload(upload, shard, 0)
    })

    it('are not readable before they are committed', async () => {
      const one = await sample('one')
      const upload = await store.openUpload(one.upload, one.shard, 0)
      for (const block of one.blocks) await upload.append(block, leafHash(block))
      expect(await store.openShard(one.cid, one.shard)).to.equal(undefined)
      expect(await store.getManifest(one.cid)).to.equal(undefined)
      await upload.commit(one.cid, one.manifest)
      expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
    })

    it('keep the order of blocks that were appended without waiting', async () => {
      const one = await sample('one', Array(300).fill(8192))
      const upload = await store.openUpload(one.upload, one.shard, 0)
      await Promise.all(one.blocks.map(async (block) => await upload.append(block, leafHash(block))))
      await upload.commit(one.cid, one.manifest)
      expect(await readSample(store, one)).to.deep.equal(one.blocks)
    })

    it('keep the bytes as they were when appended', async () => {
      const one = await sample('one', [4096, 4096])
      const upload = await store.openUpload(one.upload, one.shard, 0)
      const reused = new Uint8Array(4096)
      for (const block of one.blocks) {
        reused.set(block)
        await upload.append(reused, leafHash(reused))
      }
      await upload.commit(one.cid, one.manifest)
      expect(await readSample(store, one)).to.deep.equal(one.blocks)
    })

    it('accept nothing after they have ended', async () => {
      const one = await sample('one')
      const upload = await store.openUpload(one.upload, one.shard, 0)
      await upload.append(one.blocks[0], leafHash(one.blocks[0]))
      await upload.close()
      await upload.close()
      expect(await codeOf(upload.append(one.blocks[1], leafHash(one.blocks[1])))).to.equal('CLOSED')
      expect(await codeOf(upload.commit(one.cid, one.manifest))).to.equal('CLOSED')
      expect(await codeOf(upload.reset())).to.equal('CLOSED')
    })

    it('leave nothing behind when nothing arrived', async () => {
      const { upload, shard } = await sample('one')
      await (await store.openUpload(upload, shard, 5000)).close()
      expect(await store.usage()).to.include({ usedBytes: 0, freeBytes: PLENTY_BYTES })
      expect(await store.collectGarbage(Date.now() * 2)).to.include({ removedUploads: 0 })
    })

    it('are closed with the store', async () => {
      const one = await sample('one')
      const upload = await store.openUpload(one.upload, one.shard, 0)
      await upload.append(one.blocks[0], leafHash(one.blocks[0]))
      await reopen()
      expect((await store.openUpload(one.upload, one.shard, 0)).blocksHeld).to.equal(1)
    })
  })

  describe('records', () => {
    it('keeps manifests, placement records, leases and owned objects over a restart', async () => {
      const { cid, manifest } = await sample('one')
      const placement = { record: bytesOf('placement', 90), sequence: 5n }
      const lease = leaseOf({ sequence: 9n })
      expect(await store.keepObject(cid, { manifest, lease, placement }, { nowMs: 0 })).to.include({
        outcome: 'kept'
      })
      await store.putOwned(cid, bytesOf('owned', 40))
      await reopen()
      expect(plain(await store.getManifest(cid))).to.deep.equal(manifest)
      expect(plain(await store.getPlacement(cid))).to.deep.equal(bytesOf('placement', 90))
      expect(await store.leases(cid)).to.deep.equal([leaseOf({ sequence: 9n })])
      expect(plain(await store.getOwned(cid))).to.deep.equal(bytesOf('owned', 40))
      const owned = await all(store.listOwned())
      expect(owned.map((entry) => entry.cid.toString())).to.deep.equal([cid.toString()])
    })

    it('keeps the newest records that come with a manifest, and accepts repetitions', async () => {
      const { cid, manifest } = await sample('one')
      const keep = async (sequence: bigint) => {
        const lease = leaseOf({ sequence })
        const placement = { record: bytesOf(`placement ${sequence}`, 10), sequence }
        return await store.keepObject(cid, { manifest, lease, placement }, { nowMs: 0 })
      }
      const newest = [2n, 2n, 3n, 3n]
      for (const [i, sequence] of [2n, 1n, 3n, 3n].entries()) {
        const kept = await keep(sequence)
        expect(kept).to.include({ outcome: 'kept' })
        expect(kept.outcome === 'kept' && kept.lease.sequence, 'the lease that is kept').to.equal(newest[i])
      }
      expect(await store.leases(cid)).to.deep.equal([leaseOf({ sequence: 3n })])
      expect(plain(await store.getPlacement(cid))).to.deep.equal(bytesOf('placement 3', 10))
      const { usedBytes } = await store.usage()
      await reopen()
      expect((await store.usage()).usedBytes, 'what is counted is what is there').to.equal(usedBytes)
    })

    it('keeps nothing of an object whose lessee has ended its lease, or that has too many lessees', async () => {
      const [one, other] = await Promise.all(['one', 'other'].map(async (name) => await sample(name)))
      const keep = async ({ cid, manifest }: Sample, lease: StoredLease) =>
        await store.keepObject(cid, { manifest, lease }, { nowMs: 5, maxLeases: 1 })
      await store.putLease(one.cid, leaseOf({ sequence: 2n, tombstone: true }))
      await store.putLease(other.cid, leaseOf({ sequence: 2n, expiresAtMs: 5 }))
      expect(await keep(one, leaseOf({ sequence: 1n }))).to.include({ outcome: 'ended' })
      expect(await keep(other, leaseOf({ sequence: 1n }))).to.include({ outcome: 'ended' })
      expect(await keep(other, leaseOf({ lessee: 'another' }))).to.include({ outcome: 'too-many-leases' })
      expect(await store.getManifest(one.cid)).to.equal(undefined)
      expect(await store.getManifest(other.cid)).to.equal(undefined)
      expect(await keep(other, leaseOf({ sequence: 3n }))).to.include({ outcome: 'kept' })
    })

    it('keeps the newest placement record', async () => {
      const one = await sample('one')
      for (const sequence of [5n, 4n, 5n, 6n, 1n]) {
        await keepPlacement(store, one, { record: bytesOf(`placement ${sequence}`, 10), sequence })
      }
      expect(plain(await store.getPlacement(one.cid))).to.deep.equal(bytesOf('placement 6', 10))
    })

    it('keeps the newest lease of each lessee, however many come at once', async () => {
      const { cid } = await sample('one')
      const sequences = [3n, 9n, 1n, 9n, 7n]
      const kept = await Promise.all(
        sequences.flatMap((sequence) =>
          ['alice', 'bob'].map(async (lessee) => await store.putLease(cid, leaseOf({ lessee, sequence })))
        )
      )
      expect(kept.filter(Boolean)).to.have.length(4)
      expect((await store.leases(cid)).map(({ lessee, sequence }) => [lessee, sequence])).to.deep.equal([
        ['alice', 9n],
        ['bob', 9n]
      ])
    })

    it('forgets owned objects on request', async () => {
      const { cid } = await sample('one')
      await store.putOwned(cid, bytesOf('first', 50))
      await store.putOwned(cid, bytesOf('second', 20))
      expect(plain(await store.getOwned(cid))).to.deep.equal(bytesOf('second', 20))
      await store.deleteOwned(cid)
      expect(await store.getOwned(cid)).to.equal(undefined)
      expect((await store.usage()).usedBytes).to.equal(0)
    })
  })

  it('can be open only once at a time', async () => {
    expect(await codeOf(openStore({ path: folder(), quotaBytes: 1 }))).to.equal('LOCKED')
  })

  it('refuses calls once closed', async () => {
    const { cid, manifest } = await sample('one')
    await store.close()
    expect(await codeOf(keepManifest(store, cid, manifest))).to.equal('CLOSED')
    expect(await codeOf(store.shardsOf(cid))).to.equal('CLOSED')
  })
})
