import { MAP_LIMITS } from './types.ts'
import type { AgreedMap, MapEdge, MapPeer, MapReport } from './types.ts'

/** The ways between peers, with the round-trip times that their ends report. */
export function buildEdges(
  previous: AgreedMap | undefined,
  peers: readonly MapPeer[],
  reports: readonly MapReport[]
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
  for (const [pair, { ids, rtts }] of measured(reports)) {
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
function measured(reports: readonly MapReport[]): Map<string, Pair & { readonly rtts: number[] }> {
  const pairs = new Map<string, Pair & { readonly rtts: number[] }>()
  for (const { peer: witness, sights } of reports) {
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

function pairKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
