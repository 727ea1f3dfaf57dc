// Views of the agreed map and the agreement for the HTTP interface, commands and metrics.
import type { AgreementStatus } from '../../agreement/index.ts'
import type { AgreedMap, MapPeer } from '../../manifold/map/index.ts'
import type { MapAgreement } from './index.ts'
import type { TrustState } from './trust-check.ts'

/** 'off' if the network has no validators; 'stale' if no quorum has decided for long. */
export type MapState = 'off' | 'waiting' | 'agreed' | 'stale'

/** The map in `status`. */
export interface MapStatus extends MapSummary {
  /** Era of the map by which this node computes homes; 0 while it goes by its own table of peers. */
  readonly placementEra: number
}

export interface MapSummary {
  readonly state: MapState
  /** Slot of the current map; 0 while there is none. */
  readonly slot: number
  /** Milliseconds since the current map was agreed; 0 while there is none. */
  readonly ageMs: number
  /** Whether enough validators are heard to decide. */
  readonly hasQuorum: boolean
}

export interface AgreementView {
  /** The slot to be decided next. */
  readonly slot: number
  readonly phase: AgreementStatus['phase']
  readonly isValidator: boolean
  readonly lastDecisionMs?: number
  /** Whether any two quorums of the validators have a member in common; 'splits' is a danger. */
  readonly trust: TrustState
  /** Maps agreed since this node started. */
  readonly decided: number
  readonly validators: ReadonlyArray<{
    readonly id: string
    /** Absent if it was never heard. */
    readonly heardMsAgo?: number
    readonly isMissing: boolean
  }>
  /** Validators that contradicted themselves, with the slot in which they did. */
  readonly contradictions: ReadonlyArray<{ readonly id: string; readonly slot: number }>
  /** Why this validator no longer votes. */
  readonly halted?: string
}

/** A peer on the map; see `MapPeer`. */
export interface MapPeerView extends Pick<
  MapPeer,
  | 'id'
  | 'capacityBytes'
  | 'freeBytes'
  | 'domain'
  | 'seenIn'
  | 'failuresPpm'
  | 'witnesses'
  | 'isDoubted'
  | 'heatPpm'
  | 'serviceMicros'
  | 'upKibPerSecond'
  | 'downKibPerSecond'
> {
  readonly coordinate?: MapPeer['coordinate']
  readonly seat?: MapPeer['seat']
  /** Slots since the peer's newest report. */
  readonly slotsSilent: number
}

export interface MapView extends MapSummary {
  readonly agreement?: AgreementView
  readonly closedAtMs?: number
  /** Slot in which placement last changed; 0 while the map gives none. */
  readonly era?: number
  readonly peers: readonly MapPeerView[]
  /** Round-trip times between peers, by their ids. */
  readonly edges: ReadonlyArray<{
    readonly from: string
    readonly to: string
    readonly rttMicros: number
    readonly witnesses: number
  }>
}

const OFF: MapSummary = { state: 'off', slot: 0, ageMs: 0, hasQuorum: false }

export const mapSummary = (agreement: MapAgreement | undefined): MapSummary => {
  if (agreement === undefined) return OFF
  const { mapSlot, mapAgeMs, isStale, hasQuorum } = agreement.status()
  const state = mapSlot === 0 ? 'waiting' : isStale ? 'stale' : 'agreed'
  return { state, slot: mapSlot, ageMs: Math.round(mapAgeMs ?? 0), hasQuorum }
}

export const mapView = (agreement: MapAgreement | undefined): MapView => {
  if (agreement === undefined) return { ...OFF, peers: [], edges: [] }
  const current = agreement.current
  return {
    ...mapSummary(agreement),
    agreement: agreementView(agreement.status(), agreement.trust),
    ...(current === undefined ? { peers: [], edges: [] } : contents(current.map))
  }
}

const contents = ({
  slot,
  closedAtMs,
  era,
  peers,
  edges
}: AgreedMap): Pick<MapView, 'closedAtMs' | 'era' | 'peers' | 'edges'> => ({
  closedAtMs,
  era,
  peers: peers.map((peer) => peerView(peer, slot)),
  edges: edges.map(({ from, to, rttMicros, witnesses }) => ({
    from: peers[from].id,
    to: peers[to].id,
    rttMicros,
    witnesses
  }))
})

const peerView = (peer: MapPeer, slot: number): MapPeerView => ({
  id: peer.id,
  capacityBytes: peer.capacityBytes,
  freeBytes: peer.freeBytes,
  domain: peer.domain,
  seenIn: peer.seenIn,
  failuresPpm: peer.failuresPpm,
  witnesses: peer.witnesses,
  isDoubted: peer.isDoubted,
  heatPpm: peer.heatPpm,
  serviceMicros: peer.serviceMicros,
  upKibPerSecond: peer.upKibPerSecond,
  downKibPerSecond: peer.downKibPerSecond,
  ...(peer.coordinate !== undefined && { coordinate: peer.coordinate }),
  ...(peer.seat !== undefined && { seat: peer.seat }),
  slotsSilent: slot - peer.reportedInSlot
})

const agreementView = (status: AgreementStatus, trust: TrustState): AgreementView => ({
  trust,
  slot: status.slot,
  phase: status.phase,
  isValidator: status.isValidator,
  ...(status.lastDecisionMs !== undefined && { lastDecisionMs: Math.round(status.lastDecisionMs) }),
  decided: status.decided,
  validators: status.validators.map(({ id, heardMsAgo, isMissing }) => ({
    id,
    ...(heardMsAgo !== undefined && { heardMsAgo: Math.round(heardMsAgo) }),
    isMissing
  })),
  contradictions: status.evidence.map(({ nodeId, slotIndex }) => ({ id: nodeId, slot: slotIndex })),
  ...(status.halted !== undefined && { halted: status.halted })
})
