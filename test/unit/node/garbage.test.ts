import { mock } from 'node:test'
import { expect } from 'chai'
import { GarbageCollector } from '../../../src/node/garbage.ts'
import { createLogger, silentLogger } from '../../../src/node/logger.ts'

const HOUR = 3_600_000
/** Lets promises that are settled already run their course. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

describe('garbage collector', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  it('collects a minute after the start, then every hour, until it is stopped', async () => {
    const freed: number[] = []
    const collector = new GarbageCollector({
      holdings: {
        collectGarbage: async (nowMs) => ({ freedBytes: nowMs, removedObjects: 1, removedUploads: 0 })
      },
      nowMs: () => freed.length,
      onCollected: (bytes) => freed.push(bytes),
      logger: silentLogger
    })
    collector.start()
    mock.timers.tick(59_999)
    await settle()
    expect(freed).to.deep.equal([])
    for (const pause of [1, HOUR, HOUR]) {
      mock.timers.tick(pause)
      await settle()
    }
    expect(freed).to.deep.equal([0, 1, 2])
    await collector.stop()
    mock.timers.tick(10 * HOUR)
    await settle()
    expect(freed).to.have.lengthOf(3)
  })

  it('goes on after a collection that failed, and says so', async () => {
    const lines: string[] = []
    let calls = 0
    const collector = new GarbageCollector({
      holdings: {
        collectGarbage: async () => {
          calls++
          throw new Error('disk gone')
        }
      },
      nowMs: () => 0,
      onCollected: () => expect.fail('nothing was collected'),
      logger: createLogger({ level: 'warn', format: 'text', write: (line) => lines.push(line) })
    })
    collector.start()
    mock.timers.tick(60_000)
    await settle()
    mock.timers.tick(HOUR)
    await settle()
    expect(calls).to.equal(2)
    expect(lines[0]).to.contain('disk gone')
    await collector.stop()
  })
})
