// The bytes of a map (docs/reference/protocols.md, "Agreed map"): dag-cbor of lists of integers and texts.

import * as dagCbor from '@ipld/dag-cbor'
import { shapeFault } from '../../../protocols/cbor-shape.ts'
import { isFixedCoordinate } from '../coordinate/index.ts'
import type { FixedCoordinate } from '../coordinate/index.ts'
import { MAP_LIMITS } from './types.ts'
import type { AgreedMap, MapEdge, MapPeer, Seat } from './types.ts'

const VERSION = 2

/** An edge between any two peers. */
const MAX_EDGES = (MAP_LIMITS.peers * (MAP_LIMITS.peers - 1)) / 2
/** A peer with its coordinate and seat, and an edge: their fields and the lists around them. */
const [PEER_ITEMS, EDGE_ITEMS] = [33, 5]
/** The map, its peers, a peer, its coordinate, the position in that. */
export const MAP_SHAPE = { maxItems: 8 + MAP_LIMITS.peers * PEER_ITEMS + MAX_EDGES * EDGE_ITEMS, maxDepth: 5 }

/** Bytes that are no map. */
export class MapError extends Error {
  override readonly name = 'MapError'
  readonly code = 'BAD_MAP'
  readonly field: string

  constructor(field: string) {
    super(`These bytes are no agreed map: ${field} is not in order.`)
    this.field = field
  }
}

export function encodeMap({ slot, closedAtMs, era, peers, edges }: AgreedMap): Uint8Array {
  return dagCbor.encode([
    VERSION,
    slot,
    closedAtMs,
    era,
    peers.map((peer) => [
      peer.id,
      peer.sequence,
      peer.issuedAtMs,
      peer.reportedInSlot,
      peer.capacityBytes,
      peer.freeBytes,
      peer.domain,
      peer.failuresPpm,
      peer.witnesses,
      peer.sinceMs,
      peer.seenIn,
      encodeCoordinate(peer.coordinate),
      peer.isDoubted,
      peer.heatPpm,
      peer.serviceMicros,
      peer.upKibPerSecond,
      peer.downKibPerSecond,
      encodeSeat(peer.seat)
    ]),
    edges.map(({ from, to, rttMicros, witnesses }) => [from, to, rttMicros, witnesses])
  ])
}

/**
 * Reads what `encodeMap` writes, and maps of version 1: validators that were updated go on from the map that they agreed on
 * before.
 *
 * @throws MapError for anything else
 */
export function decodeMap(bytes: Uint8Array): AgreedMap {
  const fields = list(decoded(bytes), 'map')
  const map = fields[0] === 1 ? readVersion1(fields) : readMap(fields)
  if (map.peers.length > MAP_LIMITS.peers) throw new MapError('peers')
  checkOrder(map)
  return map
}

function readMap(fields: readonly unknown[]): AgreedMap {
  const [version, slot, closedAtMs, era, peers, edges] = list(fields, 'map', 6)
  if (version !== VERSION) throw new MapError('version')
  return {
    slot: whole(slot, 'slot'),
    closedAtMs: whole(closedAtMs, 'closedAtMs'),
    era: whole(era, 'era'),
    peers: list(peers, 'peers').map(readPeer),
    edges: list(edges, 'edges').map(readEdge)
  }
}

/** Version 1 had neither coordinates nor seats. */
function readVersion1(fields: readonly unknown[]): AgreedMap {
  const [, slot, closedAtMs, peers, edges] = list(fields, 'map', 5)
  const later = [closedAtMs, '', [], false, 0, 0, 0, 0, []]
  return {
    slot: whole(slot, 'slot'),
    closedAtMs: whole(closedAtMs, 'closedAtMs'),
    era: 0,
    peers: list(peers, 'peers').map((peer) => readPeer([...list(peer, 'peer', 9), ...later])),
    edges: list(edges, 'edges').map(readEdge)
  }
}

function encodeCoordinate(coordinate: FixedCoordinate | undefined): readonly unknown[] {
  if (coordinate === undefined) return []
  return [coordinate.positionMicros, coordinate.heightMicros, coordinate.errorPpm]
}

function encodeSeat(seat: Seat | undefined): readonly unknown[] {
  return seat === undefined ? [] : [seat.capacityBytes, seat.reliabilityPpm, seat.domain]
}

function readPeer(value: unknown): MapPeer {
  const fields = list(value, 'peer', 18)
  const [id, sequence, issuedAtMs, reportedInSlot, capacityBytes, freeBytes, domain, failuresPpm, witnesses] =
    fields
  const [sinceMs, seenIn, coordinate, isDoubted, heatPpm, serviceMicros, up, down, seat] = fields.slice(9)
  if (typeof isDoubted !== 'boolean') throw new MapError('isDoubted')
  return {
    id: text(id, 'id', MAP_LIMITS.maxIdLength),
    sequence: whole(sequence, 'sequence'),
    issuedAtMs: whole(issuedAtMs, 'issuedAtMs'),
    reportedInSlot: whole(reportedInSlot, 'reportedInSlot'),
    capacityBytes: whole(capacityBytes, 'capacityBytes'),
    freeBytes: whole(freeBytes, 'freeBytes'),
    domain: text(domain, 'domain', MAP_LIMITS.maxDomainLength),
    failuresPpm: whole(failuresPpm, 'failuresPpm'),
    witnesses: whole(witnesses, 'witnesses'),
    sinceMs: whole(sinceMs, 'sinceMs'),
    seenIn: text(seenIn, 'seenIn', MAP_LIMITS.maxDomainLength),
    coordinate: readCoordinate(list(coordinate, 'coordinate')),
    isDoubted,
    heatPpm: whole(heatPpm, 'heatPpm'),
    serviceMicros: whole(serviceMicros, 'serviceMicros'),
    upKibPerSecond: whole(up, 'upKibPerSecond'),
    downKibPerSecond: whole(down, 'downKibPerSecond'),
    seat: readSeat(list(seat, 'seat'))
  }
}

function readCoordinate(fields: readonly unknown[]): FixedCoordinate | undefined {
  if (fields.length === 0) return undefined
  const [position, heightMicros, errorPpm] = list(fields, 'coordinate', 3)
  const coordinate = {
    positionMicros: list(position, 'coordinate') as number[],
    heightMicros: heightMicros as number,
    errorPpm: errorPpm as number
  }
  if (!isFixedCoordinate(coordinate)) throw new MapError('coordinate')
  return coordinate
}

function readSeat(fields: readonly unknown[]): Seat | undefined {
  if (fields.length === 0) return undefined
  const [capacityBytes, reliabilityPpm, domain] = list(fields, 'seat', 3)
  return {
    capacityBytes: whole(capacityBytes, 'seat'),
    reliabilityPpm: whole(reliabilityPpm, 'seat'),
    domain: text(domain, 'seat', MAP_LIMITS.maxSeatDomainLength)
  }
}

function readEdge(value: unknown): MapEdge {
  const [from, to, rttMicros, witnesses] = list(value, 'edge', 4)
  if (witnesses !== 1 && witnesses !== 2) throw new MapError('witnesses')
  return {
    from: whole(from, 'from'),
    to: whole(to, 'to'),
    rttMicros: whole(rttMicros, 'rttMicros'),
    witnesses
  }
}

function checkOrder({ peers, edges }: AgreedMap): void {
  for (let i = 1; i < peers.length; i++)
    if (!(peers[i - 1].id < peers[i].id)) throw new MapError('order of peers')
  edges.forEach(({ from, to }, i) => {
    const before = edges[i - 1]
    const isInOrder = before === undefined || before.from < from || (before.from === from && before.to < to)
    if (!(from < to && to < peers.length && isInOrder)) throw new MapError('edges')
  })
}

function decoded(bytes: Uint8Array): unknown {
  if (shapeFault(bytes, MAP_SHAPE) !== undefined) throw new MapError('encoding')
  try {
    return dagCbor.decode(bytes)
  } catch {
    throw new MapError('encoding')
  }
}

function list(value: unknown, field: string, length?: number): unknown[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) throw new MapError(field)
  return value
}

function whole(value: unknown, field: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new MapError(field)
  return value as number
}

function text(value: unknown, field: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length > maxLength) throw new MapError(field)
  return value
}
