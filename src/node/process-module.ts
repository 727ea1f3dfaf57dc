import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Registry } from 'prom-client'
import { counter, gauge, gaugeBy } from './metrics.ts'
import type { Module } from './module.ts'

type DelayHistogram = ReturnType<typeof monitorEventLoopDelay>

/** How often the event loop is timed. */
const RESOLUTION_MS = 20
const NS_PER_SECOND = 1e9
const MICROS_PER_SECOND = 1e6

/** What the process of the node uses. The names are those that Prometheus clients agree on, where there are such. */
export const processModule = (): Module => {
  let delays: DelayHistogram | undefined
  return {
    name: 'process',
    start: () => {
      delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
      delays.enable()
    },
    stop: () => void delays?.disable(),
    metrics: (registry) => {
      memoryMetrics(registry)
      counter(registry, 'process_cpu_seconds_total', 'Processor time of the process', () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / MICROS_PER_SECOND
      })
      counter(
        registry,
        'thhe_event_loop_active_seconds_total',
        'Time in which the event loop was busy; its rate is the utilisation, 1 when there is no idle time',
        () => performance.eventLoopUtilization().active / 1000
      )
      gaugeBy(
        registry,
        'thhe_event_loop_delay_seconds',
        'How late the event loop ran its timers since this was last read, by quantile',
        'quantile',
        () => delaysSince(delays)
      )
    }
  }
}

const memoryMetrics = (registry: Registry): void => {
  const memory = (name: string, help: string, field: keyof NodeJS.MemoryUsage): void =>
    gauge(registry, name, help, () => process.memoryUsage()[field])
  gauge(registry, 'process_resident_memory_bytes', 'Memory that the process takes in all', () =>
    process.memoryUsage.rss()
  )
  memory('nodejs_heap_size_used_bytes', 'Objects of the program', 'heapUsed')
  memory('nodejs_heap_size_total_bytes', 'Space for objects of the program', 'heapTotal')
  memory('nodejs_external_memory_bytes', 'Buffers and WebAssembly', 'external')
}

const delaysSince = (delays: DelayHistogram | undefined): Record<string, number> => {
  if (delays === undefined || delays.count === 0) return {}
  // What the histogram holds are intervals: the resolution is not a delay.
  const late = (ns: number): number => Math.max(0, ns / NS_PER_SECOND - RESOLUTION_MS / 1000)
  const quantiles = {
    '0.5': late(delays.percentile(50)),
    '0.99': late(delays.percentile(99)),
    '1': late(delays.max)
  }
  delays.reset()
  return quantiles
}
