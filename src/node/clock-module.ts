import { counter } from './metrics.ts'
import type { AwakeClock } from '../clock/index.ts'
import type { Module } from './module.ts'

/** The clock for deadlines on peers, which stands still while the process cannot run. */
export const clockModule = (clock: AwakeClock): Module => ({
  name: 'clock',
  stop: () => clock.stop(),
  metrics: (registry) =>
    counter(
      registry,
      'thhe_starved_seconds_total',
      'Time for which the process could not run, by how late its timers were',
      () => clock.starvedMs / 1000
    )
})
