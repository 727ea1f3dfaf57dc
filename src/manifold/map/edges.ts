import { MAP_LIMITS } from './types.ts'
import type { AgreedMap, MapEdge, MapPeer, MapReport } from './types.ts'

/**
 * The ways between peers, with the round-trip times that their ends report.
 *
 * Every edge is charged to a peer, and a peer pays for at most `MAP_LIMITS.edgesPerPeer`: so a map never has more than
 * `MAP_LIMITS.edges`. A measured edge is charged to the peer that measured it. Edges that nobody has measured anew stay as
 * they were, as long as both ends do and one of them has room; those of silent peers first, as nobody else knows them.
 */
export function buildEdges(
  previous: AgreedMap | undefined,
  peers: readonly MapPeer[],
  reports: readonly MapReport[]
): MapEdge[] {
  const places = new Map(peers.map(({ id }, place) => [id, place]))
  const before = edgesByIds(previous)
  const edges = new Map<string, MapEdge>()
  const room = new Map(peers.map(({ id }) => [id, MAP_LIMITS.edgesPerPeer as number]))
  for (const [pair, { ids, rtts, paidBy }] of measured(reports)) {
    const ends = placed(ids, places)
    if (ends === undefined || room.get(paidBy) === 0) continue
    room.set(paidBy, room.get(paidBy)! - 1)
    const rttMicros = bounded(Math.max(...rtts), before.get(pair)?.rttMicros)
    edges.set(pair, { ...ends, rttMicros, witnesses: rtts.length === 2 ? 2 : 1 })
  }
  const reporters = new Set(reports.map(({ peer }) => peer))
  for (const { pair, ids, ends, rttMicros, witnesses } of inOrderOfUse(before, places, reporters)) {
    if (edges.has(pair)) continue
    const paidBy = room.get(ids[0])! >= room.get(ids[1])! ? ids[0] : ids[1]
    if (room.get(paidBy) === 0) continue
    room.set(paidBy, room.get(paidBy)! - 1)
    edges.set(pair, { ...ends, rttMicros, witnesses })
  }
  return [...edges.values()].sort((a, b) => a.from - b.from || a.to - b.to)
}

interface Ends {
  readonly from: number
  readonly to: number
}

/** Places of both ends on the new map, in order. @returns undefined when one of them is not on it */
function placed([a, b]: readonly [string, string], places: ReadonlyMap<string, number>): Ends | undefined {
  const [from, to] = [places.get(a), places.get(b)]
  return from === undefined || to === undefined
    ? undefined
    : { from: Math.min(from, to), to: Math.max(from, to) }
}

type Known = Pair & { readonly rttMicros: number; readonly witnesses: 1 | 2 }

/** Edges of the map before whose ends are still there: of silent peers, then by witnesses, then the shortest. */
function inOrderOfUse(
  before: ReadonlyMap<string, Known>,
  places: ReadonlyMap<string, number>,
  reporters: ReadonlySet<string>
): Array<Known & { readonly pair: string; readonly ends: Ends }> {
  const isHeard = ({ ids }: Pair): number => (ids.every((id) => reporters.has(id)) ? 1 : 0)
  return [...before]
    .flatMap(([pair, edge]) => {
      const ends = placed(edge.ids, places)
      return ends === undefined ? [] : [{ ...edge, pair, ends }]
    })
    .sort(
      (a, b) =>
        isHeard(a) - isHeard(b) ||
        b.witnesses - a.witnesses ||
        a.rttMicros - b.rttMicros ||
        a.ends.from - b.ends.from ||
        a.ends.to - b.ends.to
    )
}

interface Pair {
  readonly ids: readonly [string, string]
}

function edgesByIds(map: AgreedMap | undefined): Map<string, Known> {
  return new Map(
    (map?.edges ?? []).map(({ from, to, rttMicros, witnesses }) => {
      const ids = [map!.peers[from].id, map!.peers[to].id] as const
      return [pairKey(...ids), { ids, rttMicros, witnesses }]
    })
  )
}

interface Measured extends Pair {
  readonly rtts: number[]
  /** The first of its ends that measured it. */
  readonly paidBy: string
}

/** Round-trip times by pair, one or two each: a peer's own report counts once. Reports come in the order of their peers. */
function measured(reports: readonly MapReport[]): Map<string, Measured> {
  const pairs = new Map<string, Measured>()
  for (const { peer: witness, sights } of reports) {
    for (const { peer, rttMicros } of sights) {
      if (peer === witness) continue
      const key = pairKey(witness, peer)
      const pair = pairs.get(key)
      if (pair === undefined) pairs.set(key, { ids: [witness, peer], rtts: [rttMicros], paidBy: witness })
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

function pairKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
