import { expect } from 'chai'
import { TokenBucket, UNLIMITED } from '../../../../src/hologram/wire/bandwidth.ts'
import { errorOf } from '../support.ts'

describe('bandwidth cap', () => {
  const { signal } = new AbortController()

  /** A bucket on a clock that moves only while somebody sleeps. */
  function onVirtualClock(bytesPerSecond: number, burstBytes?: number) {
    let nowMs = 1000
    const bucket = new TokenBucket({
      bytesPerSecond,
      burstBytes,
      nowMs: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms
      }
    })
    return { bucket, elapsedMs: () => nowMs - 1000, pass: (ms: number) => (nowMs += ms) }
  }

  it('lets a burst through at once, and the rest at the rate', async () => {
    const { bucket, elapsedMs } = onVirtualClock(1000, 500)
    await bucket.take(500, signal)
    expect(elapsedMs()).to.equal(0)
    await bucket.take(250, signal)
    expect(elapsedMs()).to.equal(250)
    await bucket.take(1000, signal)
    expect(elapsedMs()).to.equal(1250)
  })

  it('lets what is larger than the burst through late', async () => {
    const { bucket, elapsedMs } = onVirtualClock(1000, 100)
    await bucket.take(5000, signal)
    expect(elapsedMs()).to.equal(4900)
  })

  it('saves up no more than a burst in a pause', async () => {
    const { bucket, elapsedMs, pass } = onVirtualClock(1000, 500)
    await bucket.take(500, signal)
    pass(60_000)
    await bucket.take(1000, signal)
    expect(elapsedMs()).to.equal(60_500)
  })

  it('keeps to the rate over many callers, in the order of asking', async () => {
    const order: number[] = []
    const waits: number[] = []
    const bucket = new TokenBucket({
      bytesPerSecond: 1000,
      burstBytes: 0,
      nowMs: () => 0,
      sleep: async (ms) => void waits.push(ms)
    })
    await Promise.all(
      [1, 2, 3].map(async (caller) => bucket.take(100, signal).then(() => order.push(caller)))
    )
    expect(order).to.deep.equal([1, 2, 3])
    expect(waits).to.deep.equal([100, 200, 300])
  })

  it('gives up waiting when the signal fires', async () => {
    const bucket = new TokenBucket({ bytesPerSecond: 1, burstBytes: 0 })
    const stop = new AbortController()
    const waiting = errorOf(async () => bucket.take(1e6, stop.signal))
    stop.abort()
    expect(await waiting).to.have.property('name', 'AbortError')
  })

  it('is a positive number, or none at all', async () => {
    for (const bytesPerSecond of [0, -1, NaN])
      expect(() => new TokenBucket({ bytesPerSecond })).to.throw(RangeError)
    expect(await UNLIMITED.take(1e12, signal)).to.equal(undefined)
  })
})
