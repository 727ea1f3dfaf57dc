// Section of the report: whether the peer is being emptied.
import type { ReportSection } from './report-sections.ts'

/** Such a peer is nobody's home, and what it still has counts. */
export const drainingSection: ReportSection<boolean> = {
  encode: (draining) => ({ draining }),
  check: ({ draining }) => draining
}
