import { readdir, rm } from 'node:fs/promises'
import { expect } from 'chai'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { openStore } from '../../../src/store/index.ts'
import { FrailDisk } from './frail-disk.ts'
import {
  clockAt,
  leaseOf,
  plain,
  PLENTY_BYTES,
  readSample,
  sample,
  storeSample,
  useFolder
} from './support.ts'
import type { Store } from '../../../src/store/index.ts'
import type { Loss } from './frail-disk.ts'
import type { Sample } from './support.ts'

/** What the caller has been promised when the power goes. */
interface Promised {
  readonly committed: Set<Sample>
  readonly deleted: Set<Sample>
  /** Durable blocks of the upload that is closed and taken up again. */
  resumable: number
}

async function shardFiles(path: string): Promise<string[]> {
  const names = await readdir(path, { recursive: true })
  return names.filter((name) => name.endsWith('.blocks') || name.endsWith('.leaves'))
}

describe('store after a power failure', function () {
  // A store is opened three times for every step.
  this.timeout(300_000)
  const folder = useFolder()

  /** Everything that changes files: commits, an interrupted upload, a reset, a removal, a collection. */
  async function live(store: Store, samples: readonly Sample[], promised: Promised): Promise<void> {
    const [first, second, third] = samples
    await store.putLease(first.cid, leaseOf({ expiresAtMs: 1e15 }))
    await storeSample(store, first)
    promised.committed.add(first)

    const half = await store.openUpload(second.upload, second.shard, 0)
    for (const block of second.blocks.slice(0, 2)) await half.append(block, leafHash(block))
    await half.close()
    promised.resumable = 2
    const rest = await store.openUpload(second.upload, second.shard, 0)
    for (const block of second.blocks.slice(2)) await rest.append(block, leafHash(block))
    await rest.commit(second.cid, second.manifest)
    promised.committed.add(second)
    promised.resumable = 0

    const wrong = await store.openUpload(third.upload, third.shard, 0)
    await wrong.append(first.blocks[0], leafHash(first.blocks[0]))
    await wrong.reset()
    for (const block of third.blocks) await wrong.append(block, leafHash(block))
    await wrong.commit(third.cid, third.manifest)
    promised.committed.add(third)

    promised.committed.delete(first)
    await store.deleteObject(first.cid)
    promised.deleted.add(first)
    promised.committed.delete(second)
    promised.committed.delete(third)
    await store.collectGarbage(0)
    promised.deleted.add(second).add(third)
  }

  async function expectKept(path: string, samples: readonly Sample[], promised: Promised): Promise<void> {
    const store = await openStore({ path, quotaBytes: PLENTY_BYTES })
    try {
      for (const one of samples) {
        const blocks = await readSample(store, one)
        if (promised.committed.has(one)) expect(blocks).to.deep.equal(one.blocks)
        if (promised.deleted.has(one)) expect(blocks).to.equal(undefined)
        // In between, either is right; half of it never is.
        if (blocks !== undefined) {
          expect(blocks).to.deep.equal(one.blocks)
          expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
        }
      }
      await expectResumable(store, samples[1], promised)
    } finally {
      await store.close()
    }
    await expectNothingLeft(path)
  }

  /** Long after everything has run out. */
  async function expectNothingLeft(path: string): Promise<void> {
    const clock = clockAt(() => 1e16)
    const store = await openStore({ path, quotaBytes: PLENTY_BYTES, clock, peersAgreeOnTime: () => true })
    try {
      await store.collectGarbage()
      expect((await store.usage()).usedBytes).to.equal(0)
      expect(await shardFiles(path)).to.deep.equal([])
    } finally {
      await store.close()
    }
  }

  async function expectResumable(store: Store, one: Sample, promised: Promised): Promise<void> {
    if (promised.resumable === 0 || (await readSample(store, one)) !== undefined) return
    const upload = await store.openUpload(one.upload, one.shard, 0)
    expect(upload.blocksHeld).to.be.at.least(promised.resumable)
    for (const block of one.blocks.slice(upload.blocksHeld)) await upload.append(block, leafHash(block))
    await upload.commit(one.cid, one.manifest)
    expect(await readSample(store, one)).to.deep.equal(one.blocks)
    await store.deleteObject(one.cid)
  }

  for (const loss of ['cut', 'zeros'] satisfies Loss[]) {
    it(`keeps its promises at every step, when unsynced bytes are lost (${loss})`, async () => {
      const samples = await Promise.all(['a', 'b', 'c'].map(async (name) => await sample(name)))
      const promised: Promised = { committed: new Set(), deleted: new Set(), resumable: 0 }
      let steps = 0
      let started = false
      const copy = `${folder()}-copy`
      const disk = new FrailDisk(folder(), async () => {
        if (!started) return
        steps++
        const then: Promised = {
          committed: new Set(promised.committed),
          deleted: new Set(promised.deleted),
          resumable: promised.resumable
        }
        await disk.survivors(copy, loss)
        await expectKept(copy, samples, then)
        await rm(copy, { recursive: true })
      })
      const store = await openStore({ path: folder(), quotaBytes: PLENTY_BYTES, disk })
      started = true
      await live(store, samples, promised)
      await store.close()
      expect(steps).to.be.above(40)
    })
  }
})
