import { MAP_LIMITS } from './types.ts'
import type { AgreedMap, MapEdge, MapPeer, MapReport } from './types.ts'

/**
 * The map that follows from `reports` and the map before. A function of its arguments, in integers.
 *
 * - A peer is as its newest report says; without a new one it stays for `slotsToLive` slots.
 * - What others see of a peer is the median over them: with n >= 3f + 1 witnesses it lies within what honest ones saw.
 * - A way has two witnesses, its ends, and its round-trip time is the larger of what they say: a lone liar can seem farther
 *   than it is, never nearer. Violations of the triangle inequality are kept: most real pairs have some.
 * - An edge moves by at most `maxEdgeFactor` a slot.
 */
export function buildMap(
  previous: AgreedMap | undefined,
  { slot, closedAtMs }: { readonly slot: number; readonly closedAtMs: number },
  reports: readonly MapReport[]
): AgreedMap {
  const fresh = new Map(reports.map((report) => [report.peer, report]))
  const peers = [...keptPeers(previous, slot, fresh), ...reports.filter((report) => !report.isLeaving)]
    .map((source) => ('sights' in source ? asPeer(source, slot) : source))
    .sort((a, b) => compareTexts(a.id, b.id))
    .slice(0, MAP_LIMITS.peers)
  const seen = witnessed(reports)
  return {
    slot,
    closedAtMs,
    peers: peers.map((peer) => withWitnesses(peer, seen.get(peer.id))),
    edges: buildEdges(previous, peers, fresh)
  }
}

/** Peers of the map before that have not reported again, and are not given up yet. */
function keptPeers(
  previous: AgreedMap | undefined,
  slot: number,
  fresh: ReadonlyMap<string, MapReport>
): MapPeer[] {
  return (previous?.peers ?? []).filter(
    ({ id, reportedInSlot }) => !fresh.has(id) && slot - reportedInSlot < MAP_LIMITS.slotsToLive
  )
}

function asPeer(report: MapReport, slot: number): MapPeer {
  const { peer: id, sequence, issuedAtMs, capacityBytes, freeBytes, domain } = report
  return {
    id,
    sequence,
    issuedAtMs,
    reportedInSlot: slot,
    capacityBytes,
    freeBytes,
    domain,
    failuresPpm: 0,
    witnesses: 0
  }
}

/** What each peer's witnesses say of its failures. Nobody is a witness of itself. */
function witnessed(reports: readonly MapReport[]): Map<string, number[]> {
  const seen = new Map<string, number[]>()
  for (const { peer: witness, sights } of reports) {
    for (const { peer, failuresPpm } of sights) {
      if (peer === witness) continue
      const list = seen.get(peer)
      if (list === undefined) seen.set(peer, [failuresPpm])
      else list.push(failuresPpm)
    }
  }
  return seen
}

function withWitnesses(peer: MapPeer, failures: readonly number[] | undefined): MapPeer {
  if (failures === undefined) return peer
  return { ...peer, failuresPpm: lowerMedian(failures), witnesses: failures.length }
}

function buildEdges(
  previous: AgreedMap | undefined,
  peers: readonly MapPeer[],
  fresh: ReadonlyMap<string, MapReport>
): MapEdge[] {
  const places = new Map(peers.map(({ id }, place) => [id, place]))
  const before = edgesByIds(previous)
  const edges = new Map<string, MapEdge>()
  const put = (from: string, to: string, rttMicros: number, witnesses: 1 | 2): void => {
    const [a, b] = [places.get(from), places.get(to)]
    if (a === undefined || b === undefined || a === b) return
    const edge = { from: Math.min(a, b), to: Math.max(a, b), rttMicros, witnesses }
    edges.set(`${edge.from} ${edge.to}`, edge)
  }
  // Ways that nobody has measured anew stay as they were, as long as both ends do.
  for (const { ids, rttMicros, witnesses } of before.values()) put(ids[0], ids[1], rttMicros, witnesses)
  for (const [pair, { ids, rtts }] of measured(fresh)) {
    const rttMicros = Math.max(...rtts)
    put(ids[0], ids[1], bounded(rttMicros, before.get(pair)?.rttMicros), rtts.length === 2 ? 2 : 1)
  }
  return [...edges.values()].sort((a, b) => a.from - b.from || a.to - b.to)
}

interface Pair {
  readonly ids: readonly [string, string]
}

function edgesByIds(
  map: AgreedMap | undefined
): Map<string, Pair & { readonly rttMicros: number; readonly witnesses: 1 | 2 }> {
  return new Map(
    (map?.edges ?? []).map(({ from, to, rttMicros, witnesses }) => {
      const ids = [map!.peers[from].id, map!.peers[to].id] as const
      return [pairKey(...ids), { ids, rttMicros, witnesses }]
    })
  )
}

/** Round-trip times by pair, one or two each: a peer's own report counts once. */
function measured(fresh: ReadonlyMap<string, MapReport>): Map<string, Pair & { readonly rtts: number[] }> {
  const pairs = new Map<string, Pair & { readonly rtts: number[] }>()
  for (const { peer: witness, sights } of fresh.values()) {
    for (const { peer, rttMicros } of sights) {
      if (peer === witness) continue
      const key = pairKey(witness, peer)
      const pair = pairs.get(key)
      if (pair === undefined) pairs.set(key, { ids: [witness, peer], rtts: [rttMicros] })
      else pair.rtts.push(rttMicros)
    }
  }
  return pairs
}

function bounded(rttMicros: number, before: number | undefined): number {
  if (before === undefined) return rttMicros
  const most = before * MAP_LIMITS.maxEdgeFactor
  const least = Math.ceil(before / MAP_LIMITS.maxEdgeFactor)
  return Math.min(Math.max(rttMicros, least), most, MAP_LIMITS.maxRttMicros)
}

/** Of an even number of values the lower of the two in the middle: no arithmetic, so nothing rounds. */
function lowerMedian(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
}

function pairKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

/** By code unit, as `<` compares: the same in every locale. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
