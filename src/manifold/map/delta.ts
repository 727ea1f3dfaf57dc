// What changed from one agreed map to the next, for peers that do not hear the reports. A delta proves nothing: its result
// counts only when it has the SHA-256 that the validators agreed on. So it works on the encoded lists, and knows no fields.

import * as dagCbor from '@ipld/dag-cbor'
import { shapeFault } from '../../../protocols/cbor-shape.ts'
import { MAP_SHAPE, MapError } from './encoding.ts'
import { MAP_LIMITS } from './types.ts'

const VERSION = 1
/** Fields of a map that are not lists: version, slot, closing time, era. */
const HEAD_FIELDS = 4
/** A delta repeats at most all fields of the map, with a place and a mask for each peer and each edge. */
const DELTA_SHAPE = { maxItems: 2 * MAP_SHAPE.maxItems, maxDepth: MAP_SHAPE.maxDepth }

type Row = readonly unknown[]
type Lists = readonly [head: Row, peers: readonly Row[], edges: readonly Row[]]

/**
 * dag-cbor of [version, head, removed peers, peers, removed edges, edges]. A removed row is its place in the map before. A
 * peer is [id, mask, ...fields whose bit is set]; an edge is [from, to, ...other fields], by places in the new map.
 *
 * @param before - an encoded map
 * @param after - the encoded map that follows from it
 */
export function mapDelta(before: Uint8Array, after: Uint8Array): Uint8Array {
  const [, oldPeers, oldEdges] = read(before)
  const [head, peers, edges] = read(after)
  const known = new Map(oldPeers.map((row) => [row[0], row]))
  const now = new Set(peers.map(([id]) => id))
  const gone = oldPeers.flatMap(([id], place) => (now.has(id) ? [] : [place]))
  const changedPeers = peers.flatMap((row) => {
    const change = fieldsChanged(known.get(row[0]), row)
    return change === undefined ? [] : [change]
  })
  const moved = inNewPlaces(oldEdges, oldPeers, peers)
  const left = new Map(moved.map((row) => [pairOf(row), row]))
  const isNow = new Set(edges.map(pairOf))
  const goneEdges = moved.flatMap((row, place) => (isNow.has(pairOf(row)) ? [] : [place]))
  const changedEdges = edges.filter((row) => !isSame(left.get(pairOf(row)), row))
  return dagCbor.encode([VERSION, head, gone, changedPeers, goneEdges, changedEdges])
}

/**
 * @param before - an encoded map
 * @returns what `delta` makes of it: the encoded map after, if the delta is honest and made for this map
 * @throws MapError for bytes that are no delta, or not one for this map
 */
export function patchMap(before: Uint8Array, delta: Uint8Array): Uint8Array {
  if (shapeFault(delta, DELTA_SHAPE) !== undefined) throw new MapError('delta')
  const [, oldPeers, oldEdges] = read(before)
  const [version, head, gone, changedPeers, goneEdges, changedEdges] = rowOf(dagCbor.decode(delta))
  if (version !== VERSION) throw new MapError('delta')
  const peers = new Map(without(oldPeers, gone).map((row) => [row[0], row]))
  for (const change of rowsOf(changedPeers)) peers.set(change[0], applied(peers.get(change[0]), change))
  if (peers.size > MAP_LIMITS.peers) throw new MapError('peers')
  const ordered = [...peers.values()].sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
  const edges = new Map(
    without(inNewPlaces(oldEdges, oldPeers, ordered), goneEdges).map((row) => [pairOf(row), row])
  )
  for (const row of rowsOf(changedEdges)) edges.set(pairOf(row), row)
  const orderedEdges = [...edges.values()].sort(
    (a, b) => Number(a[0]) - Number(b[0]) || Number(a[1]) - Number(b[1])
  )
  return dagCbor.encode([...rowOf(head), ordered, orderedEdges])
}

/** Fields are told by the bits of a mask, the lowest for the first. @returns undefined when nothing has changed */
function fieldsChanged(before: Row | undefined, row: Row): Row | undefined {
  let mask = 0
  row.forEach((field, i) => {
    if (before === undefined || !isSame(before[i], field)) mask |= 1 << i
  })
  if (mask === 0) return undefined
  return [row[0], mask, ...row.filter((_, i) => (mask & (1 << i)) !== 0)]
}

function applied(before: Row | undefined, [, mask, ...fields]: Row): Row {
  if (!Number.isSafeInteger(mask)) throw new MapError('delta')
  const row = [...(before ?? [])]
  let next = 0
  for (let i = 0; i < 31; i++) if (((mask as number) & (1 << i)) !== 0) row[i] = fields[next++]
  return row
}

/** Edges name peers by their places, which differ when peers come or go. Edges of peers that are gone are left out. */
function inNewPlaces(edges: readonly Row[], before: readonly Row[], after: readonly Row[]): Row[] {
  const places = new Map(after.map(([id], place) => [id, place]))
  const moved = before.map(([id]) => places.get(id))
  return edges.flatMap(([from, to, ...rest]) => {
    const ends = [moved[from as number], moved[to as number]]
    return ends.includes(undefined) ? [] : [[...ends, ...rest]]
  })
}

function without(rows: readonly Row[], places: unknown): readonly Row[] {
  const gone = new Set(rowOf(places))
  return rows.filter((_, place) => !gone.has(place))
}

const pairOf = ([from, to]: Row): string => `${String(from)} ${String(to)}`

/** Fields are integers, texts, truth values and lists of these. */
function isSame(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b
  return a.length === b.length && a.every((one, i) => isSame(one, b[i]))
}

function read(map: Uint8Array): Lists {
  if (shapeFault(map, MAP_SHAPE) !== undefined) throw new MapError('encoding')
  const fields = rowOf(dagCbor.decode(map))
  return [fields.slice(0, HEAD_FIELDS), rowsOf(fields[HEAD_FIELDS]), rowsOf(fields[HEAD_FIELDS + 1])]
}

function rowOf(value: unknown): Row {
  if (!Array.isArray(value)) throw new MapError('delta')
  return value as Row
}

const rowsOf = (value: unknown): Row[] => rowOf(value).map(rowOf)
