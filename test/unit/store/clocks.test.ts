import { expect } from 'chai'
import { GRACE_MS } from '../../../src/store/garbage.ts'
import { PROBATION_MS } from '../../../src/store/clock-guard.ts'
import { openStore } from '../../../src/store/index.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'
import {
  bytesOf,
  DAY_MS,
  leaseOf,
  PLENTY_BYTES,
  readSample,
  sample,
  storeSample,
  useFolder
} from './support.ts'
import type { Store } from '../../../src/store/index.ts'
import type { Sample } from './support.ts'

const MONTH_MS = 30 * DAY_MS

describe('store and clocks', () => {
  const folder = useFolder()
  let time: VirtualTime
  let peersAgree: boolean | undefined
  let store: Store
  let one: Sample
  let expiresAtMs: number

  const opened = async (): Promise<Store> =>
    await openStore({
      path: folder(),
      quotaBytes: PLENTY_BYTES,
      clock: time,
      peersAgreeOnTime: () => peersAgree
    })

  beforeEach(async () => {
    time = new VirtualTime()
    peersAgree = undefined
    store = await opened()
    await time.advance(PROBATION_MS)
    one = await sample('one')
    expiresAtMs = time.nowMs() + MONTH_MS
    await store.putLease(one.cid, leaseOf({ expiresAtMs }))
    await storeSample(store, one)
  })
  afterEach(async () => await store.close())

  const expectKept = async (): Promise<void> => {
    expect((await store.collectGarbage()).removedObjects).to.equal(0)
    expect(await readSample(store, one)).to.deep.equal(one.blocks)
  }

  it('keeps expired data for a day of grace, then removes it', async () => {
    await time.advance(MONTH_MS + GRACE_MS - 1)
    await expectKept()
    await time.advance(1)
    expect(await store.collectGarbage()).to.include({ removedObjects: 1, clockTrusted: true })
  })

  it("removes nothing by any other time than its own clock's", async () => {
    const ahead = await store.collectGarbage(time.nowMs() + 2 * MONTH_MS)
    expect(ahead).to.include({ removedObjects: 0, clockTrusted: false })
    await expectKept()
  })

  for (const [what, byMs] of [
    ['ahead', 2 * MONTH_MS],
    ['back and ahead', 2 * MONTH_MS]
  ] as const) {
    it(`removes nothing for a day after its clock was set ${what}`, async () => {
      if (what === 'back and ahead') time.jump(-DAY_MS)
      time.jump(byMs)
      await expectKept()
      await time.advance(PROBATION_MS - 1)
      await expectKept()
      await time.advance(1)
      expect(await store.collectGarbage()).to.include({ removedObjects: 1 })
    })
  }

  it('removes nothing after a jump of the clock that was reversed', async () => {
    time.jump(2 * MONTH_MS)
    await expectKept()
    time.jump(-2 * MONTH_MS)
    await time.advance(2 * PROBATION_MS)
    await expectKept()
  })

  it('removes nothing for a day after a start far from the time of its stop', async () => {
    await store.close()
    time.jump(2 * MONTH_MS)
    store = await opened()
    await expectKept()
    await time.advance(PROBATION_MS)
    expect(await store.collectGarbage()).to.include({ removedObjects: 1 })
  })

  it('trusts its clock at once after a restart that took minutes', async () => {
    await time.advance(MONTH_MS + GRACE_MS)
    await store.collectGarbage(expiresAtMs)
    await store.close()
    store = await opened()
    await store.close()
    await time.advance(60_000)
    store = await opened()
    expect((await store.collectGarbage()).clockTrusted).to.equal(true)
  })

  it('removes nothing while the clocks of the peers disagree with its own', async () => {
    await time.advance(3 * MONTH_MS)
    peersAgree = false
    await expectKept()
    peersAgree = true
    expect(await store.collectGarbage()).to.include({ removedObjects: 1 })
  })

  it('trusts a clock that was set when the peers agree with it', async () => {
    time.jump(2 * MONTH_MS)
    peersAgree = true
    expect(await store.collectGarbage()).to.include({ removedObjects: 1 })
  })

  it('also keeps tombstones, uploads and damaged files while it does not know the time', async () => {
    const two = await sample('two')
    const upload = await store.openUpload(two.upload, 1, 0)
    await upload.append(two.blocks[0], bytesOf('leaf', 32))
    await upload.close()
    await store.putLease(two.cid, leaseOf({ expiresAtMs, tombstone: true }))
    time.jump(2 * MONTH_MS)
    expect(await store.collectGarbage()).to.include({ removedUploads: 0 })
    expect(await store.leases(two.cid)).to.have.length(1)
  })

  it('frees an object at once when its lessee ends the lease, whatever its clock says', async () => {
    time.jump(-MONTH_MS)
    const { usedBytes } = await store.usage()
    await store.putLease(one.cid, leaseOf({ sequence: 2n, expiresAtMs, tombstone: true }))
    expect(await store.shardsOf(one.cid)).to.deep.equal([])
    expect((await store.usage()).usedBytes).to.be.below(usedBytes - 8000)
  })

  it('keeps an object while another lessee, or an unreadable lease, keeps it', async () => {
    await store.putLease(one.cid, leaseOf({ lessee: 'other', expiresAtMs }))
    await store.putLease(one.cid, leaseOf({ sequence: 2n, expiresAtMs, tombstone: true }))
    await expectKept()
    await store.putLease(one.cid, leaseOf({ lessee: 'other', sequence: 2n, expiresAtMs, tombstone: true }))
    expect(await store.shardsOf(one.cid)).to.deep.equal([])
  })
})
