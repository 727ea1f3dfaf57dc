import { expect } from 'chai'
import { Registry } from 'prom-client'
import { createLogger, silentLogger } from '../../../src/node/logger.ts'
import { Scrubber } from '../../../src/node/scrubber.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'
import type { ScrubOptions } from '../../../src/store/index.ts'

const DAY_MS = 24 * 3_600_000
const REPORT = { shards: 1, blocks: 1, bytes: 1, badBlocks: 0, damagedShards: 0, mendedShards: 0 }

describe('scrubber', () => {
  let time: VirtualTime
  let passes: ScrubOptions[]
  let usedBytes: number

  beforeEach(() => {
    time = new VirtualTime()
    passes = []
    usedBytes = 0
  })

  const scrubberOf = (run: (options: ScrubOptions) => Promise<typeof REPORT>, logger = silentLogger) =>
    new Scrubber({
      store: {
        usage: async () => ({ quotaBytes: 0, usedBytes, freeBytes: 0 }),
        scrub: async (options = {}) => {
          passes.push(options)
          return await run(options)
        }
      },
      clock: time,
      periodMs: 14 * DAY_MS,
      random: { bytes: (length) => new Uint8Array(length), unit: () => 0.25 },
      logger
    })

  it('reads everything twice in its period, within its limits of speed', async () => {
    const scrubber = scrubberOf(async () => REPORT)
    scrubber.start()
    await time.advance(10 * 60_000)
    for (const bytes of [5.6 * 86_400 * 1_000_000, 2 ** 50]) {
      usedBytes = bytes
      await time.advance(DAY_MS)
    }
    expect(passes.map(({ bytesPerSecond }) => bytesPerSecond)).to.deep.equal([65_536, 1_000_000, 8 * 2 ** 20])
    expect(passes.map(({ startAt }) => startAt)).to.deep.equal([0.25, 0.25, 0.25])
    await scrubber.stop()
    await time.advance(10 * DAY_MS)
    expect(passes).to.have.length(3)
  })

  it('shows how far it is, what it has read and found, and when it ended', async () => {
    const registry = new Registry()
    usedBytes = 100
    let goOn = (): void => {}
    const scrubber = scrubberOf(async ({ onProgress }) => {
      onProgress?.({ ...REPORT, bytes: 20 })
      onProgress?.({ ...REPORT, bytes: 50 })
      await new Promise<void>((resolve) => (goOn = resolve))
      return { ...REPORT, bytes: 100, damagedShards: 3 }
    })
    scrubber.metrics(registry)
    scrubber.start()
    await time.advance(10 * 60_000)
    expect(await registry.metrics())
      .to.include('thhe_scrub_progress_ratio 0.5')
      .and.include('thhe_scrub_read_bytes_total 50')
      .and.include('thhe_scrub_finished_timestamp_seconds 0')
    goOn()
    await time.advance(0)
    expect(await registry.metrics())
      .to.include('thhe_scrub_progress_ratio 1')
      .and.include('thhe_scrub_damaged_shards_total 3')
      .and.include(`thhe_scrub_finished_timestamp_seconds ${time.nowMs() / 1000}`)
    await scrubber.stop()
  })

  it('reports damage, and continues after a failed pass', async () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'warn', format: 'text', write: (line) => lines.push(line) })
    const scrubber = scrubberOf(async () => {
      if (passes.length === 1) throw new Error('disk gone')
      return { ...REPORT, badBlocks: 2, damagedShards: 1 }
    }, logger)
    scrubber.start()
    await time.advance(10 * 60_000 + DAY_MS)
    await scrubber.stop()
    expect(lines[0]).to.contain('disk gone')
    expect(lines[1]).to.contain('the store has damage').and.to.contain('badBlocks=2')
  })

  it('ends the current pass when it stops', async () => {
    const scrubber = scrubberOf(
      async ({ signal }) =>
        await new Promise((_, reject) =>
          signal!.addEventListener('abort', () => reject(signal!.reason as Error))
        )
    )
    scrubber.start()
    await time.advance(10 * 60_000)
    await scrubber.stop()
    expect(passes[0].signal!.aborted).to.equal(true)
  })
})
