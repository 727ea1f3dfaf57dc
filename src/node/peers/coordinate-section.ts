// A section of the report: where the peer is in latency space (src/manifold/coordinate).
import { isFixedCoordinate } from '../../manifold/coordinate/index.ts'
import type { NetworkCoordinate } from '../../../protocols/generated/report.js'
import type { FixedCoordinate } from '../../manifold/coordinate/index.ts'
import type { ReportSection } from './report-sections.ts'

/** `at` is undefined while the peer has measured nothing. */
export interface Whereabouts {
  readonly at: FixedCoordinate | undefined
}

export const coordinateSection: ReportSection<Whereabouts> = {
  encode: ({ at }) => (at !== undefined && isFixedCoordinate(at) ? { coordinate: wireCoordinate(at) } : {}),
  check: ({ coordinate }) => {
    if (coordinate === undefined) return { at: undefined }
    return isFixedCoordinate(coordinate) ? { at: coordinate } : undefined
  }
}

export const wireCoordinate = ({
  positionMicros,
  heightMicros,
  errorPpm
}: FixedCoordinate): NetworkCoordinate => ({
  positionMicros: [...positionMicros],
  heightMicros,
  errorPpm
})
