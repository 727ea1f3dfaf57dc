import { expect } from 'chai'
import { TokenBucket, UNLIMITED } from '../../../../src/hologram/wire/bandwidth.ts'
import { VirtualTime } from '../../../support/virtual-clock.ts'
import { errorOf } from '../support.ts'

describe('bandwidth cap', () => {
  const { signal } = new AbortController()

  let clock: VirtualTime
  beforeEach(() => {
    clock = new VirtualTime()
  })

  /** Takes `bytes`, and tells how long that took. */
  const msToTake = async (bucket: TokenBucket, bytes: number): Promise<number> => {
    const startMs = clock.monotonicMs()
    await clock.during(bucket.take(bytes, signal))
    return clock.monotonicMs() - startMs
  }

  it('lets a burst through at once, and the rest at the rate', async () => {
    const bucket = new TokenBucket({ bytesPerSecond: () => 1000, burstBytes: 500, clock })
    expect(await msToTake(bucket, 500)).to.equal(0)
    expect(await msToTake(bucket, 250)).to.equal(250)
    expect(await msToTake(bucket, 1000)).to.equal(1000)
  })

  it('delays requests larger than the burst', async () => {
    const bucket = new TokenBucket({ bytesPerSecond: () => 1000, burstBytes: 100, clock })
    expect(await msToTake(bucket, 5000)).to.equal(4900)
  })

  it('saves at most one burst during a pause', async () => {
    const bucket = new TokenBucket({ bytesPerSecond: () => 1000, burstBytes: 500, clock })
    expect(await msToTake(bucket, 500)).to.equal(0)
    await clock.advance(60_000)
    expect(await msToTake(bucket, 1000)).to.equal(500)
  })

  it('keeps to the rate over many callers, in order of their requests', async () => {
    const passed: Array<[caller: number, atMs: number]> = []
    const bucket = new TokenBucket({ bytesPerSecond: () => 1000, burstBytes: 0, clock })
    await clock.during(
      Promise.all(
        [1, 2, 3].map(async (caller) =>
          bucket.take(100, signal).then(() => passed.push([caller, clock.monotonicMs()]))
        )
      )
    )
    expect(passed).to.deep.equal([
      [1, 100],
      [2, 200],
      [3, 300]
    ])
  })

  it('follows its rate, from the next request on', async () => {
    let rate = 1000
    const bucket = new TokenBucket({ bytesPerSecond: () => rate, clock })
    expect(await msToTake(bucket, 1250)).to.equal(1000)
    rate = 100
    expect(await msToTake(bucket, 50)).to.equal(500)
    rate = 10_000
    expect(await msToTake(bucket, 5000)).to.equal(500)
    await clock.advance(60_000)
    // The burst is a quarter of a second at the rate of the day.
    expect(await msToTake(bucket, 2500)).to.equal(0)
    rate = 0
    expect(await errorOf(async () => bucket.take(1, signal))).to.be.instanceOf(RangeError)
  })

  it('has no cap while its rate is Infinity', async () => {
    let rate = Infinity
    const bucket = new TokenBucket({ bytesPerSecond: () => rate, burstBytes: 0, clock })
    expect(await msToTake(bucket, 1e12)).to.equal(0)
    rate = 1000
    expect(await msToTake(bucket, 100)).to.equal(100)
    rate = Infinity
    expect(await msToTake(bucket, 1e12)).to.equal(0)
  })

  it('stops waiting when the signal fires', async () => {
    const bucket = new TokenBucket({ bytesPerSecond: () => 1, burstBytes: 0, clock })
    const stop = new AbortController()
    const waiting = errorOf(async () => bucket.take(1e6, stop.signal))
    stop.abort(new Error('enough'))
    expect(await waiting).to.have.property('message', 'enough')
  })

  it('is a positive number or absent', async () => {
    for (const rate of [0, -1, NaN])
      expect(() => new TokenBucket({ bytesPerSecond: () => rate, clock })).to.throw(RangeError)
    expect(await UNLIMITED.take(1e12, signal)).to.equal(undefined)
  })
})
