import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { openStore } from '../../../src/store/index.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'
import { shardFile } from './damage.ts'
import {
  all,
  bytesOf,
  cidOf,
  codeOf,
  DAY_MS,
  leaseOf,
  readSample,
  sample,
  storeSample,
  useFolder
} from './support.ts'
import type { Store } from '../../../src/store/index.ts'

const QUOTA_BYTES = 100_000

describe('store that runs out of space', () => {
  const folder = useFolder()
  let time: VirtualTime
  let store: Store

  beforeEach(async () => {
    time = new VirtualTime()
    store = await openStore({
      path: folder(),
      quotaBytes: QUOTA_BYTES,
      diskFloorBytes: 0,
      clock: time,
      peersAgreeOnTime: () => true
    })
  })
  afterEach(async () => await store.close())

  /** Fills most of the quota with an object whose lease ends in an hour. */
  const fill = async (): Promise<void> => {
    const big = await sample('big', [60_000])
    await store.putLease(big.cid, leaseOf({ expiresAtMs: time.nowMs() + 3_600_000 }))
    await storeSample(store, big)
  }

  it('collects before it refuses a shard, a manifest or a record', async () => {
    const attempts: Record<string, () => Promise<unknown>> = {
      'an upload that says its size': async () => {
        const { upload } = await sample('next')
        await (await store.openUpload(upload, 1, 60_000)).abandon()
      },
      'an upload that grows': async () => {
        const { upload, blocks } = await sample('next', [30_000, 30_000])
        const open = await store.openUpload(upload, 2, 0)
        try {
          for (const block of blocks) await open.append(block, leafHash(block))
        } finally {
          await open.abandon()
        }
      },
      'a manifest': async () => {
        const manifest = bytesOf('manifest', 25_000)
        const cid = await cidOf(manifest)
        const lease = leaseOf({ expiresAtMs: time.nowMs() + 1 })
        await store.keepObject(cid, { manifest, lease }, { nowMs: time.nowMs() })
        await store.deleteObject(cid)
      }
    }
    for (const [what, attempt] of Object.entries(attempts)) {
      await fill()
      expect(await codeOf(attempt()), what).to.equal('QUOTA_EXCEEDED')
      await time.advance(2 * DAY_MS)
      expect(await codeOf(attempt()), what).to.equal('resolved')
    }
  })

  it('removes quarantined files before it refuses data', async () => {
    await fill()
    await rm(await shardFile(folder(), '.leaves'))
    const big = await sample('big', [60_000])
    expect(await codeOf(readSample(store, big))).to.equal('CORRUPT')
    expect(await store.collectGarbage()).to.include({ freedBytes: 0 })
    const next = await sample('next', [60_000])
    await storeSample(store, next)
    expect(await readdir(join(folder(), 'quarantine'))).to.deep.equal([])
  })

  it('drops an upload that its sender abandons, at once', async () => {
    const { upload, blocks } = await sample('one', [50_000])
    const open = await store.openUpload(upload, 1, 50_000)
    await open.append(blocks[0], leafHash(blocks[0]))
    // Written behind the entry of the upload.
    await store.deleteOwned(await cidOf(upload))
    expect((await all(store.listUploads())).map(({ isOpen }) => isOpen)).to.deep.equal([true])
    await open.abandon()
    await open.close()
    expect(await codeOf(open.append(blocks[0], leafHash(blocks[0])))).to.equal('CLOSED')
    expect(await all(store.listUploads())).to.deep.equal([])
    expect(await store.usage()).to.include({ usedBytes: 0, freeBytes: QUOTA_BYTES })
    expect(await readdir(join(folder(), 'uploads'))).to.deep.equal([])
  })

  it('keeps an upload that nobody can resume for minutes, others for a day', async () => {
    const { upload, blocks } = await sample('one', [4096])
    for (const [shard, oneShot] of [
      [1, true],
      [2, false]
    ] as const) {
      const open = await store.openUpload(upload, shard, 0, { oneShot })
      await open.append(blocks[0], leafHash(blocks[0]))
      await open.close()
    }
    const listed = await all(store.listUploads())
    expect(listed.map(({ shard, oneShot, isOpen }) => [shard, oneShot, isOpen])).to.deep.equal([
      [1, true, false],
      [2, false, false]
    ])
    expect(listed[0]).to.include({ sizeBytes: 4096 + 40, touchedAtMs: time.nowMs() })
    await time.advance(15 * 60_000 - 1)
    expect(await store.collectGarbage()).to.include({ removedUploads: 0 })
    await time.advance(1)
    expect(await store.collectGarbage()).to.include({ removedUploads: 1 })
    await time.advance(DAY_MS)
    expect(await store.collectGarbage()).to.include({ removedUploads: 1 })
    expect((await store.usage()).usedBytes).to.equal(0)
  })
})
