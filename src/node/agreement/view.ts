// Views of the agreed map and the agreement for the HTTP interface, commands and metrics.
import type { AgreementStatus } from '../../agreement/index.ts'
import type { AgreedMap } from '../../manifold/map/index.ts'
import type { MapAgreement } from './index.ts'
import type { TrustState } from './trust-check.ts'

/** 'off' if the network has no validators; 'stale' if no quorum has decided for long. */
export type MapState = 'off' | 'waiting' | 'agreed' | 'stale'

/** The map in `status`. */
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

export interface MapPeerView {
  readonly id: string
  readonly capacityBytes: number
  readonly freeBytes: number
  readonly domain: string
  /** Median over its witnesses, parts per million. */
  readonly failuresPpm: number
  readonly witnesses: number
  /** Slots since the peer's newest report. */
  readonly slotsSilent: number
}

export interface MapView extends MapSummary {
  readonly agreement?: AgreementView
  readonly closedAtMs?: number
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
  peers,
  edges
}: AgreedMap): Pick<MapView, 'closedAtMs' | 'peers' | 'edges'> => ({
  closedAtMs,
  peers: peers.map(({ id, capacityBytes, freeBytes, domain, failuresPpm, witnesses, reportedInSlot }) => ({
    id,
    capacityBytes,
    freeBytes,
    domain,
    failuresPpm,
    witnesses,
    slotsSilent: slot - reportedInSlot
  })),
  edges: edges.map(({ from, to, rttMicros, witnesses }) => ({
    from: peers[from].id,
    to: peers[to].id,
    rttMicros,
    witnesses
  }))
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
