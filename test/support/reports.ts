import type { SectionValues } from '../../src/node/peers/report-sections.ts'

/** Sections of a report that says nothing but its addresses. */
export const EMPTY_SECTIONS: Omit<SectionValues, 'multiaddrs'> = {
  sights: [],
  coordinate: { at: undefined },
  heatPpm: 0,
  bandwidth: { upKibPerSecond: 0, downKibPerSecond: 0 },
  bulk: { port: 0, publicPort: 0 },
  draining: false
}
