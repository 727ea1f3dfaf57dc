import { expect } from 'chai'
import fc from 'fast-check'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { GRACE_MS } from '../../../src/store/garbage.ts'
import { openStore } from '../../../src/store/index.ts'
import {
  all,
  bytesOf,
  clockAt,
  DAY_MS,
  leaseOf,
  PLENTY_BYTES,
  readSample,
  sample,
  storeSample,
  useFolder,
  keepPlacement
} from './support.ts'
import type { Store } from '../../../src/store/index.ts'
import type { Sample } from './support.ts'

describe('store garbage collection', () => {
  const folder = useFolder()
  let store: Store
  let nowMs = 0

  beforeEach(async () => {
    nowMs = 1000 * DAY_MS
    store = await opened()
  })
  afterEach(async () => await store.close())

  const opened = async (): Promise<Store> =>
    await openStore({
      path: folder(),
      quotaBytes: PLENTY_BYTES,
      clock: clockAt(() => nowMs),
      peersAgreeOnTime: () => true
    })
  const collectAt = async (atMs: number) => {
    nowMs = atMs
    return await store.collectGarbage(atMs)
  }

  it('keeps an object while one of several lessees keeps its lease', async () => {
    const one = await sample('one')
    await storeSample(store, one)
    const startMs = nowMs
    await store.putLease(one.cid, leaseOf({ lessee: 'a', expiresAtMs: startMs + 1 }))
    await store.putLease(one.cid, leaseOf({ lessee: 'b', expiresAtMs: startMs + 3 }))
    await store.putLease(one.cid, leaseOf({ lessee: 'c', expiresAtMs: startMs + 9, tombstone: true }))
    expect(await collectAt(startMs + 2 + GRACE_MS)).to.include({ removedObjects: 0 })
    expect(await readSample(store, one)).to.deep.equal(one.blocks)
    expect(await collectAt(startMs + 3 + GRACE_MS)).to.include({ removedObjects: 1 })
    expect(await readSample(store, one)).to.equal(undefined)
  })

  it('remembers a tombstone while an older lease could still be replayed', async () => {
    const { cid, manifest } = await sample('one')
    const lease = leaseOf({ sequence: 1n, expiresAtMs: nowMs + 30 })
    await store.keepObject(cid, { manifest, lease }, { nowMs })
    await store.putLease(cid, leaseOf({ sequence: 2n, expiresAtMs: nowMs + 10, tombstone: true }))
    const { expiresAtMs } = lease
    await collectAt(expiresAtMs - 10)
    expect(await store.putLease(cid, leaseOf({ sequence: 1n, expiresAtMs }))).to.equal(false)
    await collectAt(expiresAtMs + GRACE_MS)
    expect(await store.leases(cid)).to.deep.equal([])
    expect((await store.usage()).usedBytes).to.equal(0)
  })

  it('removes uploads that were idle for a day, and keeps those in progress', async () => {
    const one = await sample('one')
    const closed = await store.openUpload(one.upload, 1, 0)
    const open = await store.openUpload(one.upload, 2, 0)
    for (const upload of [closed, open]) await upload.append(one.blocks[0], leafHash(one.blocks[0]))
    nowMs += DAY_MS
    await closed.close()
    const closedAtMs = nowMs
    expect(await collectAt(closedAtMs + DAY_MS - 1)).to.include({ removedUploads: 0 })
    const collected = await collectAt(closedAtMs + DAY_MS)
    expect(collected).to.include({ removedUploads: 1, removedObjects: 0, freedBytes: 4096 + 40 })
    await open.append(one.blocks[1], leafHash(one.blocks[1]))
    await open.commit(one.cid, one.manifest)
    expect(await readSample(store, { cid: one.cid, shard: 2 })).to.deep.equal(one.blocks.slice(0, 2))
  })

  it('reports exactly the bytes that it freed', async () => {
    const objects = await Promise.all(['a', 'b', 'c'].map(async (name) => await sample(name)))
    for (const one of objects) await storeSample(store, one)
    const lease = leaseOf({ tombstone: true })
    await keepPlacement(store, objects[0], { record: bytesOf('placement', 70), sequence: 1n }, { lease })
    await store.putLease(objects[1].cid, leaseOf({ expiresAtMs: nowMs + DAY_MS }))
    const before = (await store.usage()).usedBytes
    const { freedBytes, removedObjects } = await store.collectGarbage(nowMs)
    expect(removedObjects).to.equal(2)
    expect((await store.usage()).usedBytes).to.equal(before - freedBytes)
  })

  it('runs beside uploads, reads and other collections', async () => {
    const objects = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => await sample(`${i}`, [4096, 4096, 64]))
    )
    const kept = objects.filter((_, i) => i % 2 === 0)
    for (const { cid } of kept) await store.putLease(cid, leaseOf({ expiresAtMs: nowMs + DAY_MS }))
    for (const one of objects.slice(20)) await storeSample(store, one)
    await Promise.all([
      ...objects.slice(0, 20).map(async (one) => await storeSample(store, one)),
      ...objects.slice(20).map(async (one) => {
        const blocks = await readSample(store, one)
        if (blocks !== undefined) expect(blocks).to.deep.equal(one.blocks)
      }),
      store.collectGarbage(nowMs),
      store.collectGarbage(nowMs)
    ])
    await store.collectGarbage(nowMs)
    for (const one of objects) {
      expect(await readSample(store, one)).to.deep.equal(kept.includes(one) ? one.blocks : undefined)
    }
    for (const { cid } of kept) await store.putLease(cid, leaseOf({ sequence: 2n, tombstone: true }))
    await collectAt(nowMs + 3 * DAY_MS)
    expect((await store.usage()).usedBytes).to.equal(0)
  })

  it('agrees with a model of leases under any history', async () => {
    const objects = await Promise.all(['x', 'y'].map(async (name) => await sample(name, [64])))
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('lease' as const),
        object: fc.nat(1),
        lessee: fc.constantFrom('a', 'b'),
        sequence: fc.bigInt(0n, 5n),
        expiresAtMs: fc.nat(20),
        tombstone: fc.boolean()
      }),
      fc.record({ kind: fc.constant('store' as const), object: fc.nat(1) }),
      fc.record({ kind: fc.constant('collect' as const), wait: fc.nat(6) }),
      fc.record({ kind: fc.constant('reopen' as const) })
    )
    const history = fc.array(step, { maxLength: 25 })
    const SIXTH_MS = GRACE_MS / 6
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const model = new LeaseModel(objects)
        const startMs = nowMs
        for (const next of steps) {
          if (next.kind === 'lease') {
            const { object, ...rest } = next
            const lease = { ...rest, expiresAtMs: startMs + next.expiresAtMs * SIXTH_MS }
            const kept = await store.putLease(objects[object].cid, leaseOf(lease))
            expect(kept).to.equal(model.lease(object, lease, nowMs))
          } else if (next.kind === 'store') {
            await storeSample(store, objects[next.object])
            model.stored.add(next.object)
          } else if (next.kind === 'collect') {
            const collected = await collectAt(nowMs + next.wait * SIXTH_MS)
            expect(collected.removedObjects).to.equal(model.collect(nowMs))
          } else {
            await store.close()
            store = await opened()
          }
          await expectSame(store, model)
        }
        await collectAt(nowMs + 40 * SIXTH_MS)
        expect((await store.usage()).usedBytes).to.equal(0)
      }),
      { numRuns: 25 }
    )
  })
})

interface ModelLease {
  readonly lessee: string
  readonly sequence: bigint
  readonly expiresAtMs: number
  readonly tombstone: boolean
}

/** What leases mean, in the fewest words: nothing of the disk. */
class LeaseModel {
  readonly objects: readonly Sample[]
  readonly stored = new Set<number>()
  readonly #newest: Array<Map<string, ModelLease & { keepUntilMs: number }>> = [new Map(), new Map()]

  constructor(objects: readonly Sample[]) {
    this.objects = objects
  }

  /** A tombstone takes the object at once, when no other lease keeps it. */
  lease(object: number, lease: ModelLease, nowMs: number): boolean {
    const before = this.#newest[object].get(lease.lessee)
    if (before !== undefined && before.sequence >= lease.sequence) return false
    const keepUntilMs = Math.max(before?.keepUntilMs ?? 0, lease.expiresAtMs)
    this.#newest[object].set(lease.lessee, { ...lease, keepUntilMs })
    if (lease.tombstone && !this.#isKept(object, nowMs)) this.stored.delete(object)
    return true
  }

  #isKept(object: number, nowMs: number): boolean {
    const leases = [...this.#newest[object].values()]
    return leases.some(({ tombstone, expiresAtMs }) => !tombstone && expiresAtMs + GRACE_MS > nowMs)
  }

  collect(nowMs: number): number {
    const doomed = [...this.stored].filter((object) => !this.#isKept(object, nowMs))
    for (const object of doomed) this.stored.delete(object)
    for (const leases of this.#newest) {
      for (const [lessee, { keepUntilMs }] of leases)
        if (keepUntilMs + GRACE_MS <= nowMs) leases.delete(lessee)
    }
    return doomed.length
  }

  leases(object: number): Array<[string, bigint, boolean]> {
    const leases = [...this.#newest[object].values()]
    return leases
      .map(({ lessee, sequence, tombstone }): [string, bigint, boolean] => [lessee, sequence, tombstone])
      .sort(([a], [b]) => (a < b ? -1 : 1))
  }
}

async function expectSame(store: Store, model: LeaseModel): Promise<void> {
  const listed = new Set((await all(store.listShards())).map(({ cid }) => cid.toString()))
  for (const [i, one] of model.objects.entries()) {
    expect(listed.has(one.cid.toString())).to.equal(model.stored.has(i))
    const leases = await store.leases(one.cid)
    expect(leases.map(({ lessee, sequence, tombstone }) => [lessee, sequence, tombstone])).to.deep.equal(
      model.leases(i)
    )
  }
}
