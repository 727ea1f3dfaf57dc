import { expect } from 'chai'
import { Registry } from 'prom-client'
import { processModule } from '../../../src/node/process-module.ts'

const valueOf = (page: string, name: string): number =>
  Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(page)?.[1])

describe('process metrics', () => {
  it('show memory, processor time, and how late the event loop runs since the last look', async () => {
    const registry = new Registry()
    const module = processModule()
    module.metrics!(registry)
    expect(await registry.metrics()).to.not.include('thhe_event_loop_delay_seconds{')
    await module.start!()
    try {
      // The first sample of the delay comes with the second turn of its timer.
      await new Promise((resolve) => setTimeout(resolve, 50))
      const untilMs = performance.now() + 120
      while (performance.now() < untilMs);
      await new Promise((resolve) => setTimeout(resolve, 50))
      const page = await registry.metrics()
      expect(valueOf(page, 'thhe_event_loop_delay_seconds{quantile="1"}')).to.be.within(0.05, 60)
      expect(valueOf(page, 'process_resident_memory_bytes')).to.be.greaterThan(2 ** 20)
      expect(valueOf(page, 'nodejs_heap_size_used_bytes')).to.be.greaterThan(2 ** 20)
      expect(valueOf(page, 'process_cpu_seconds_total')).to.be.greaterThan(0)
      expect(valueOf(page, 'thhe_event_loop_active_seconds_total')).to.be.greaterThan(0)
    } finally {
      await module.stop!()
    }
  })
})
