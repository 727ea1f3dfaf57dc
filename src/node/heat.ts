import { performance } from 'node:perf_hooks'

/**
 * Load of this process as the share of time in which its event loop was busy.
 *
 * @returns a function that gives the share since it was last called: 0 is idle, 1 saturated
 */
export const eventLoopHeat = (): (() => number) => {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}
