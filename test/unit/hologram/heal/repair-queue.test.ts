import { expect } from 'chai'
import { RepairQueue } from '../../../../src/hologram/heal/repair-queue.ts'
import type { QueuedRepair } from '../../../../src/hologram/heal/repair-queue.ts'
import { codedObject, signer } from '../support.ts'

const [a, b, c] = [1, 2, 3].map((seed) => codedObject({ seed }).cid)
const repair = (fields: Partial<QueuedRepair>): QueuedRepair => ({
  ...{ cid: a, dueMs: 0, spare: 2, reason: 'why', backoff: 1, mustLook: false, suspects: [] },
  ...fields
})
const any = (): boolean => true

describe('queue of repairs', () => {
  it('hands out what is due, the most endangered first, then what has waited longest', () => {
    const queue = new RepairQueue()
    queue.add(repair({ cid: a, dueMs: 5, spare: 3 }))
    queue.add(repair({ cid: b, dueMs: 9, spare: 1 }))
    queue.add(repair({ cid: c, dueMs: 4, spare: 3 }))
    expect(queue.bySpare()).to.deep.equal(
      new Map([
        [3, 2],
        [1, 1]
      ])
    )
    expect(queue.take(3, any)).to.equal(undefined)
    expect(queue.take(5, (cid) => !cid.equals(c))?.cid).to.equal(a)
    expect(queue.take(10, any)?.cid).to.equal(b)
    expect(queue.take(10, any)?.cid).to.equal(c)
    expect(queue.size).to.equal(0)
  })

  it('keeps of an object that comes again the earlier time, the longer pause and all that was found', async () => {
    const [{ peer: one }, { peer: other }] = [await signer(1), await signer(2)]
    const suspect = { shard: 1, finding: 'missing', isSaid: true } as const
    const queue = new RepairQueue()
    queue.add(
      repair({ dueMs: 5, spare: 3, backoff: 4, mustLook: true, suspects: [{ ...suspect, peer: one }] })
    )
    queue.add(
      repair({
        dueMs: 9,
        spare: 1,
        reason: 'newer',
        suspects: [
          { ...suspect, peer: one, finding: 'wrong' },
          { ...suspect, peer: other }
        ]
      })
    )
    const merged = queue.take(5, any)
    expect(merged).to.include({ dueMs: 5, spare: 1, backoff: 4, mustLook: true, reason: 'newer' })
    expect(merged?.suspects.map(({ finding }) => finding)).to.deep.equal(['wrong', 'missing'])
  })

  it('forgets what is over', () => {
    const queue = new RepairQueue()
    queue.add(repair({}))
    queue.delete(a)
    expect([queue.has(a), queue.take(9, any)]).to.deep.equal([false, undefined])
  })
})
