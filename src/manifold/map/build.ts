import type { FixedCoordinate } from '../coordinate/index.ts'
import { buildEdges } from './edges.ts'
import { agreedRate, heatPpm, usualServiceMicros } from './heat.ts'
import { compareTexts } from './integers.ts'
import { assignSeats, haveSameSeats } from './seats.ts'
import { MAP_LIMITS } from './types.ts'
import type { AgreedMap, MapPeer, MapReport } from './types.ts'
import { agreedErrorPpm, driftTowards, judge } from './whereabouts.ts'
import { places, testimonies } from './witnesses.ts'
import type { Testimony } from './witnesses.ts'

/**
 * The map that follows from `reports` and the map before. A function of its arguments, in integers.
 *
 * - A peer is as its newest report says; without a new one, or when it leaves, it stays for `slotsToLive` slots.
 * - What others see of a peer is the median over the places that see it: with n >= 3f + 1 voices it lies within what honest
 *   ones saw.
 * - A coordinate is the peer's claim, bounded against its past (`driftTowards`) and judged by others (`judge`).
 * - A way has two witnesses, its ends, and its round-trip time is the larger of what they say: a lone liar can seem farther
 *   than it is, never nearer. Violations of the triangle inequality are kept: most real pairs have some.
 * - An edge moves by at most `maxEdgeFactor` a slot.
 * - Seats in placement change seldom (`assignSeats`).
 */
export function buildMap(
  previous: AgreedMap | undefined,
  epoch: { readonly slot: number; readonly closedAtMs: number },
  unordered: readonly MapReport[]
): AgreedMap {
  const reports = [...unordered].sort((a, b) => compareTexts(a.peer, b.peer))
  const seen = testimonies(previous, reports)
  const entered = enter(previous, epoch, reports, seen)
  const peers = seated(previous, epoch, reports, seen, located(entered, reports))
  return {
    ...epoch,
    era: haveSameSeats(previous?.peers ?? [], peers) ? (previous?.era ?? 0) : epoch.slot,
    peers,
    edges: buildEdges(previous, peers, reports)
  }
}

type Epoch = Pick<AgreedMap, 'slot' | 'closedAtMs'>

/** Everybody who reports, and those of the map before that are not given up yet, with what others say of them. */
function enter(
  previous: AgreedMap | undefined,
  epoch: Epoch,
  reports: readonly MapReport[],
  seen: ReadonlyMap<string, Testimony>
): MapPeer[] {
  const before = new Map(previous?.peers.map((peer) => [peer.id, peer]))
  const present = reports.filter(({ isLeaving }) => !isLeaving)
  const fresh = new Set(present.map(({ peer }) => peer))
  const silent = [...before.values()].filter(
    ({ id, reportedInSlot }) => !fresh.has(id) && epoch.slot - reportedInSlot < MAP_LIMITS.slotsToLive
  )
  const peers = [
    ...silent.map((peer) => witnessed(peer, seen.get(peer.id))),
    ...present.map((report) =>
      witnessed(reported(report, before.get(report.peer), epoch), seen.get(report.peer))
    )
  ]
  const usualMicros = usualServiceMicros(peers.map(({ serviceMicros }) => serviceMicros))
  return fitting(peers, before)
    .map((peer) => ({ ...peer, heatPpm: heatPpm(peer.heatPpm, peer.serviceMicros, usualMicros) }))
    .sort((a, b) => compareTexts(a.id, b.id))
}

/** A full map takes newcomers only in the place of peers that it gives up, in the order of their ids: seats stay. */
function fitting(peers: readonly MapPeer[], before: ReadonlyMap<string, MapPeer>): readonly MapPeer[] {
  if (peers.length <= MAP_LIMITS.peers) return peers
  const isNew = ({ id }: MapPeer): number => (before.has(id) ? 0 : 1)
  return [...peers].sort((a, b) => isNew(a) - isNew(b) || compareTexts(a.id, b.id)).slice(0, MAP_LIMITS.peers)
}

function reported(report: MapReport, before: MapPeer | undefined, epoch: Epoch): MapPeer {
  const { peer: id, sequence, issuedAtMs, capacityBytes, freeBytes, domain, coordinate } = report
  return {
    ...{ id, sequence, issuedAtMs, capacityBytes, freeBytes, domain },
    reportedInSlot: epoch.slot,
    sinceMs: before?.sinceMs ?? epoch.closedAtMs,
    seenIn: before?.seenIn ?? '',
    coordinate: coordinate && driftTowards(before?.coordinate, coordinate),
    isDoubted: before?.isDoubted ?? false,
    heatPpm: report.heatPpm,
    serviceMicros: 0,
    upKibPerSecond: report.upKibPerSecond,
    downKibPerSecond: report.downKibPerSecond,
    seat: before?.seat,
    failuresPpm: before?.failuresPpm ?? 0,
    witnesses: 0
  }
}

function witnessed(peer: MapPeer, testimony: Testimony | undefined): MapPeer {
  if (testimony === undefined) return peer
  const { failuresPpm, witnesses, serviceMicros, kibPerSecond, domain } = testimony
  return {
    ...peer,
    failuresPpm,
    witnesses,
    serviceMicros,
    upKibPerSecond: agreedRate(peer.upKibPerSecond, kibPerSecond),
    seenIn: domain || peer.seenIn
  }
}

/** The peers with what the measurements of others say of their coordinates. */
function located(peers: readonly MapPeer[], reports: readonly MapReport[]): MapPeer[] {
  const at = new Map<string, FixedCoordinate>()
  for (const { id, coordinate } of peers) if (coordinate !== undefined) at.set(id, coordinate)
  const { doubted, residualPpm } = judge(reports, at)
  return peers.map((peer) => {
    if (peer.coordinate === undefined) return peer
    const errorPpm = agreedErrorPpm(peer.coordinate.errorPpm, residualPpm.get(peer.id))
    return { ...peer, isDoubted: doubted.has(peer.id), coordinate: { ...peer.coordinate, errorPpm } }
  })
}

function seated(
  previous: AgreedMap | undefined,
  epoch: Epoch,
  reports: readonly MapReport[],
  seen: ReadonlyMap<string, Testimony>,
  peers: readonly MapPeer[]
): MapPeer[] {
  const placeOf = places(previous)
  const reporters = new Map<string, number>()
  for (const { peer } of reports) reporters.set(placeOf(peer), (reporters.get(placeOf(peer)) ?? 0) + 1)
  const isReporter = new Set(reports.map(({ peer }) => peer))
  return assignSeats(peers, {
    ...epoch,
    voices: (peer) => seen.get(peer)?.voices ?? 0,
    audience: (peer) => {
      const isAlone = isReporter.has(peer) && reporters.get(placeOf(peer)) === 1
      return reporters.size - (isAlone ? 1 : 0)
    }
  })
}
