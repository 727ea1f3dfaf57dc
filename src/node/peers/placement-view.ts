import { mergeByLabel } from './failure-domain.ts'
import { FULL_RELIABILITY_PPM } from './reliability.ts'
import type { MeshPeer } from '../../hologram/mesh.ts'
import type { PeerEntry } from './peer-table.ts'

/** The failure domain of each entry: where it was seen, joined by label with others. '' while it has not been seen. */
export const failureDomains = (entries: readonly PeerEntry[]): string[] =>
  mergeByLabel(
    entries.map(({ domain = '', report }) => ({ domain, label: domain === '' ? '' : report.domain }))
  )

/**
 * What placement may know of live peers: those that lend space and that this node has had a direct connection with. A
 * newcomer's reliability counts in part only (see `standingPpm`).
 */
export const placementPeers = (live: readonly PeerEntry[]): MeshPeer[] => {
  const lenders = live.filter(({ domain, report }) => domain !== undefined && report.capacityBytes > 0)
  const domains = failureDomains(lenders)
  return lenders.map(({ report, reliabilityPpm, standingPpm }, i) => ({
    id: report.peer,
    capacityBytes: report.capacityBytes,
    freeBytes: report.freeBytes,
    reliabilityPpm: Math.max(1, Math.floor((reliabilityPpm * standingPpm) / FULL_RELIABILITY_PPM)),
    failureDomain: domains[i]
  }))
}
