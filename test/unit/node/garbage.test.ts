import { expect } from 'chai'
import { Registry } from 'prom-client'
import { GarbageCollector } from '../../../src/node/garbage.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'
import { createLogger, silentLogger } from '../../../src/node/logger.ts'

const HOUR = 3_600_000
const COLLECTED = { freedBytes: 0, removedObjects: 1, removedUploads: 0, clockTrusted: true }

describe('garbage collector', () => {
  let time: VirtualTime
  beforeEach(() => {
    time = new VirtualTime()
  })

  it('collects a minute after the start, then every hour, until it is stopped', async () => {
    const freed: number[] = []
    const collector = new GarbageCollector({
      holdings: {
        collectGarbage: async () => {
          freed.push(freed.length)
          return COLLECTED
        }
      },
      clock: time,
      logger: silentLogger
    })
    collector.start()
    await time.advance(59_999)
    expect(freed).to.deep.equal([])
    for (const pause of [1, HOUR, HOUR]) {
      await time.advance(pause)
    }
    expect(freed).to.deep.equal([0, 1, 2])
    await collector.stop()
    await time.advance(10 * HOUR)
    expect(freed).to.have.lengthOf(3)
  })

  it('collects when it is asked to, and counts what it freed', async () => {
    const registry = new Registry()
    const collector = new GarbageCollector({
      holdings: { collectGarbage: async () => ({ ...COLLECTED, freedBytes: 7 }) },
      clock: time,
      logger: silentLogger
    })
    collector.metrics(registry)
    expect(await collector.collectNow()).to.deep.equal({ ...COLLECTED, freedBytes: 7 })
    await collector.collectNow()
    const metrics = await registry.metrics()
    expect(metrics).to.contain('thhe_collected_bytes_total 14')
    expect(metrics).to.contain('thhe_collected_objects_total 2')
  })

  it('logs a failed collection, and continues', async () => {
    const lines: string[] = []
    let calls = 0
    const collector = new GarbageCollector({
      holdings: {
        collectGarbage: async () => {
          calls++
          throw new Error('disk gone')
        }
      },
      clock: time,
      logger: createLogger({ level: 'warn', format: 'text', write: (line) => lines.push(line) })
    })
    collector.start()
    await time.advance(60_000)
    await time.advance(HOUR)
    expect(calls).to.equal(2)
    expect(lines[0]).to.contain('disk gone')
    await collector.stop()
  })
})
