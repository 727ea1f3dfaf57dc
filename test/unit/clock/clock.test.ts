import { expect } from 'chai'
import { deadlineIn, systemClock } from '../../../src/clock/index.ts'
import type { Clock } from '../../../src/clock/index.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'

/** Lets `ms` pass on the clock under test. */
type Pass = (ms: number) => Promise<void>

const CLOCKS: Array<[name: string, make: () => { clock: Clock; pass: Pass }]> = [
  ['system clock', () => ({ clock: systemClock, pass: (ms) => new Promise((r) => setTimeout(r, ms + 5)) })],
  [
    'virtual clock',
    () => {
      const clock = new VirtualTime()
      return { clock, pass: (ms) => clock.advance(ms) }
    }
  ]
]

for (const [name, make] of CLOCKS) {
  describe(name, () => {
    it('runs due timers in order, and no cancelled ones', async () => {
      const { clock, pass } = make()
      const ran: string[] = []
      clock.after(30, () => ran.push('second'))
      clock.after(1, () => ran.push('first'))
      clock.after(1, () => ran.push('cancelled'))()
      expect(ran).to.deep.equal([])
      await pass(60)
      expect(ran).to.deep.equal(['first', 'second'])
    })

    it('never runs backwards', async () => {
      const { clock, pass } = make()
      const before = clock.monotonicMs()
      await pass(2)
      expect(clock.monotonicMs()).to.be.greaterThan(before)
    })

    it('rejects a sleep with the reason of its signal, even of one that fired before', async () => {
      const { clock } = make()
      const reason = new Error('enough')
      const controller = new AbortController()
      const sleeping = clock.sleep(60_000, controller.signal).catch((error: unknown) => error)
      controller.abort(reason)
      expect(await sleeping).to.equal(reason)
      expect(await clock.sleep(1, controller.signal).catch((error: unknown) => error)).to.equal(reason)
    })

    it('fires a deadline in time', async () => {
      const { clock, pass } = make()
      using deadline = deadlineIn(clock, 10)
      expect(deadline.signal.aborted).to.equal(false)
      await pass(20)
      expect(deadline.signal.reason).to.have.property('name', 'TimeoutError')
    })

    it("fires a deadline with its parent, and with the parent's reason", () => {
      const { clock } = make()
      const parent = new AbortController()
      using deadline = deadlineIn(clock, 60_000, parent.signal)
      using late = deadlineIn(clock, 60_000, AbortSignal.abort('early'))
      parent.abort('parent')
      expect(deadline.signal.reason).to.equal('parent')
      expect(late.signal.reason).to.equal('early')
    })

    it('never fires a disposed deadline', async () => {
      const { clock, pass } = make()
      const parent = new AbortController()
      const deadline = deadlineIn(clock, 5, parent.signal)
      deadline[Symbol.dispose]()
      await pass(20)
      parent.abort()
      expect(deadline.signal.aborted).to.equal(false)
    })
  })
}

describe('virtual clock', () => {
  it('moves wall time by a jump, but not timers', async () => {
    const clock = new VirtualTime(1_000_000)
    let ran = false
    clock.after(50, () => (ran = true))
    clock.jump(86_400_000)
    await clock.advance(49)
    expect(clock.nowMs()).to.equal(1_000_000 + 86_400_000 + 49)
    expect(ran).to.equal(false)
    await clock.advance(1)
    expect(ran).to.equal(true)
  })
})
