// A section of the report: this peer's observations of others. The agreed map is built from it (src/manifold/map).
import { peerIdFromString } from '@libp2p/peer-id'
import { decodePeerId } from '../../../protocols/signed.ts'
import { MAP_LIMITS } from '../../manifold/map/index.ts'
import type { Sight } from '../../manifold/map/index.ts'
import type { ReportSection } from './report-sections.ts'

const FULL_PPM = 1_000_000

export const sightsSection: ReportSection<readonly Sight[]> = {
  /** The nearest peers come first; those that do not fit matter least. */
  encode: (sights) => ({
    sights: sights
      .filter(({ rttMicros }) => rttMicros >= 1 && rttMicros <= MAP_LIMITS.maxRttMicros)
      .sort((a, b) => a.rttMicros - b.rttMicros)
      .slice(0, MAP_LIMITS.sights)
      .map(({ peer, rttMicros, failuresPpm }) => ({
        peer: Uint8Array.from(peerIdFromString(peer).toMultihash().bytes),
        rttMicros: Math.round(rttMicros),
        failuresPpm: Math.min(FULL_PPM, Math.max(0, Math.round(failuresPpm)))
      }))
  }),

  /** The rules: no peer twice, not the author itself, valid ids and numbers. */
  check: (report) => {
    const own = decodePeerId(report.peer)?.toString()
    const seen = new Set<string>()
    const sights: Sight[] = []
    for (const { peer, rttMicros, failuresPpm } of report.sights) {
      const id = decodePeerId(peer)?.toString()
      if (id === undefined || id === own || seen.has(id)) return undefined
      if (!(rttMicros >= 1 && rttMicros <= MAP_LIMITS.maxRttMicros && failuresPpm <= FULL_PPM))
        return undefined
      seen.add(id)
      sights.push({ peer: id, rttMicros, failuresPpm })
    }
    return sights
  }
}
