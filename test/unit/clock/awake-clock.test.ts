import { expect } from 'chai'
import { AwakeClock, deadlineIn } from '../../../src/clock/index.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'

describe('awake clock', () => {
  let time: VirtualTime
  let clock: AwakeClock
  beforeEach(() => {
    time = new VirtualTime()
    clock = new AwakeClock(time)
  })
  afterEach(() => clock.stop())

  it('runs like the clock under it while nothing stalls', async () => {
    const fired: number[] = []
    for (const ms of [0, 50, 1_000, 60_000]) clock.after(ms, () => fired.push(ms))
    await time.advance(59_999)
    expect(fired).to.deep.equal([0, 50, 1_000])
    await time.advance(1)
    expect(fired).to.deep.equal([0, 50, 1_000, 60_000])
    expect(clock.starvedMs).to.equal(0)
    expect(clock.monotonicMs()).to.equal(time.monotonicMs())
    expect(clock.nowMs()).to.equal(time.nowMs())
  })

  it('extends a deadline by the time of a stall, whenever the stall comes', async () => {
    for (const beforeMs of [0, 1_000, 4_000, 4_899]) {
      const deadline = deadlineIn(clock, 5_000)
      await time.advance(beforeMs)
      time.stall(30_000)
      await time.advance(5_000 - beforeMs - 101)
      expect(deadline.signal.aborted, `stalled after ${beforeMs} ms`).to.equal(false)
      await time.advance(201)
      expect(deadline.signal.aborted, `stalled after ${beforeMs} ms`).to.equal(true)
    }
  })

  it('adds up many short stalls', async () => {
    const deadline = deadlineIn(clock, 5_000)
    for (let i = 0; i < 20; i++) {
      time.stall(900)
      await time.advance(100)
    }
    // Twenty seconds have passed, of which the process ran two to four: ticks are 100 ms apart.
    expect(deadline.signal.aborted).to.equal(false)
    expect(clock.starvedMs).to.be.within(16_000, 18_000)
    await time.advance(5_000)
    expect(deadline.signal.aborted).to.equal(true)
  })

  it('never runs backwards, and does not move while the process stands still', async () => {
    let last = clock.monotonicMs()
    for (let i = 0; i < 50; i++) {
      if (i % 3 === 0) time.stall(1_234)
      else await time.advance(i * 7)
      const now = clock.monotonicMs()
      expect(now).to.be.at.least(last)
      last = now
    }
    time.stall(5_000)
    const stalled = clock.monotonicMs()
    time.stall(5_000)
    expect(clock.monotonicMs()).to.equal(stalled)
  })

  it('cancels a timer, even one that was about to fire after a stall', async () => {
    let fired = 0
    const cancel = clock.after(100, () => fired++)
    await time.advance(99)
    time.stall(1_000)
    const overdue = time.advance(0)
    cancel()
    await overdue
    await time.advance(10_000)
    expect(fired).to.equal(0)
  })

  it('sleeps until its signal fires', async () => {
    const stop = new AbortController()
    const asleep = clock.sleep(60_000, stop.signal).catch((error: Error) => error.message)
    stop.abort(new Error('enough'))
    expect(await asleep).to.equal('enough')
    const second = clock.sleep(1_000)
    await time.advance(1_000)
    expect(await second).to.equal(undefined)
  })

  it('leaves no timer behind once stopped', async () => {
    clock.stop()
    await time.advance(1_000)
    expect(time.waiting).to.equal(0)
  })
})
