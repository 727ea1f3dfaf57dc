import { mergeByLabel } from '../../manifold/map/index.ts'
import { FULL_RELIABILITY_PPM } from './reliability.ts'
import type { MeshPeer } from '../../hologram/mesh.ts'
import type { PeerEntry } from './peer-table.ts'

/** The failure domain of each entry: its observed domain, merged with others by label; '' if it was never observed. */
export const failureDomains = (entries: readonly PeerEntry[]): string[] =>
  mergeByLabel(
    entries.map(({ domain = '', report }) => ({ domain, label: domain === '' ? '' : report.domain }))
  )

/** The live peers that keep something: those that placement may use, and those that are being emptied. */
export const keepingPeers = (live: readonly PeerEntry[]): MeshPeer[] => {
  const leaving = live.filter(({ domain, report }) => domain !== undefined && report.draining)
  const domains = failureDomains(leaving)
  return [
    ...placementPeers(live),
    ...leaving.map(({ report, reliabilityPpm }, i) => ({
      ...{ id: report.peer, capacityBytes: 0, freeBytes: 0, isDraining: true },
      reliabilityPpm,
      failureDomain: domains[i]
    }))
  ]
}

/**
 * The live peers that placement may use: those that lend space and have had a direct connection with this node. Only part
 * of a newcomer's reliability counts (see `standingPpm`).
 */
export const placementPeers = (live: readonly PeerEntry[]): MeshPeer[] => {
  const lenders = live.filter(
    ({ domain, report }) => domain !== undefined && report.capacityBytes > 0 && !report.draining
  )
  const domains = failureDomains(lenders)
  return lenders.map(({ report, reliabilityPpm, standingPpm }, i) => ({
    id: report.peer,
    capacityBytes: report.capacityBytes,
    freeBytes: report.freeBytes,
    reliabilityPpm: Math.max(1, Math.floor((reliabilityPpm * standingPpm) / FULL_RELIABILITY_PPM)),
    failureDomain: domains[i]
  }))
}
