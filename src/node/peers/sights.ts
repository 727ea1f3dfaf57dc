// A section of the report: this peer's observations of its neighbours. The agreed map is built from it (src/manifold/map).
import { peerIdFromString } from '@libp2p/peer-id'
import { decodePeerId } from '../../../protocols/signed.ts'
import { MAP_LIMITS } from '../../manifold/map/index.ts'
import { isWhole, toWhole } from './whole.ts'
import type { Sight as WireSight } from '../../../protocols/generated/report.js'
import type { Sight } from '../../manifold/map/index.ts'
import type { ReportSection } from './report-sections.ts'

const FULL_PPM = 1_000_000
const MAX_KIB_PER_SECOND = 2 ** 32 - 1
/** What `failureDomains` makes of an address or a label. */
const DOMAIN = /^[\w.:+/%-]*$/

export const sightsSection: ReportSection<readonly Sight[]> = {
  /** The nearest peers come first; those that do not fit matter least. */
  encode: (sights) => ({
    sights: sights
      .filter(({ rttMicros }) => rttMicros >= 1 && rttMicros <= MAP_LIMITS.maxRttMicros)
      .sort((a, b) => a.rttMicros - b.rttMicros)
      .slice(0, MAP_LIMITS.sights)
      .map(({ peer, rttMicros, failuresPpm, serviceMicros, kibPerSecond, domain }) => ({
        peer: Uint8Array.from(peerIdFromString(peer).toMultihash().bytes),
        rttMicros: Math.round(rttMicros),
        failuresPpm: toWhole(failuresPpm, FULL_PPM),
        serviceMicros: toWhole(serviceMicros, MAP_LIMITS.maxRttMicros),
        kibPerSecond: toWhole(kibPerSecond, MAX_KIB_PER_SECOND),
        domain: isDomain(domain) ? domain : ''
      }))
  }),

  /** The rules: no peer twice, not the author itself, valid ids, numbers and domains. */
  check: (report) => {
    const own = decodePeerId(report.peer)?.toString()
    const seen = new Set<string>()
    const sights: Sight[] = []
    for (const { peer, ...seenThere } of report.sights) {
      const id = decodePeerId(peer)?.toString()
      if (id === undefined || id === own || seen.has(id) || !isSound(seenThere)) return undefined
      seen.add(id)
      sights.push({ peer: id, ...seenThere })
    }
    return sights
  }
}

const isSound = ({
  rttMicros,
  failuresPpm,
  serviceMicros,
  kibPerSecond,
  domain
}: Omit<WireSight, 'peer'>): boolean =>
  isWhole(rttMicros, MAP_LIMITS.maxRttMicros) &&
  rttMicros >= 1 &&
  isWhole(failuresPpm, FULL_PPM) &&
  isWhole(serviceMicros, MAP_LIMITS.maxRttMicros) &&
  isWhole(kibPerSecond, MAX_KIB_PER_SECOND) &&
  isDomain(domain)

const isDomain = (domain: string): boolean =>
  domain.length <= MAP_LIMITS.maxDomainLength && DOMAIN.test(domain)
