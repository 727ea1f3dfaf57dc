// Sections of the report: how loaded the peer is, and which bandwidth its operator allows.
import { isWhole, toWhole } from './whole.ts'
import type { ReportSection } from './report-sections.ts'

export const FULL_HEAT_PPM = 1_000_000
const MAX_KIB_PER_SECOND = 2 ** 32 - 1

/** Parts per million: 0 is idle, 1,000,000 saturated. */
export const heatSection: ReportSection<number> = {
  encode: (heatPpm) => ({ heatPpm: toWhole(heatPpm, FULL_HEAT_PPM) }),
  check: ({ heatPpm }) => (isWhole(heatPpm, FULL_HEAT_PPM) ? heatPpm : undefined)
}

/** KiB per second that the operator allows; 0 where there is no limit. */
export interface BandwidthLimits {
  readonly upKibPerSecond: number
  readonly downKibPerSecond: number
}

export const bandwidthSection: ReportSection<BandwidthLimits> = {
  encode: ({ upKibPerSecond, downKibPerSecond }) => ({
    bandwidth: {
      upKibPerSecond: toWhole(upKibPerSecond, MAX_KIB_PER_SECOND),
      downKibPerSecond: toWhole(downKibPerSecond, MAX_KIB_PER_SECOND)
    }
  }),
  check: ({ bandwidth }) => {
    if (bandwidth === undefined) return { upKibPerSecond: 0, downKibPerSecond: 0 }
    const { upKibPerSecond, downKibPerSecond } = bandwidth
    const isSound = [upKibPerSecond, downKibPerSecond].every((rate) => isWhole(rate, MAX_KIB_PER_SECOND))
    return isSound ? { upKibPerSecond, downKibPerSecond } : undefined
  }
}
