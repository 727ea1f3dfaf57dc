// The bytes of a map (docs/reference/protocols.md, "Agreed map"): dag-cbor of lists of integers and texts.

import * as dagCbor from '@ipld/dag-cbor'
import { MAP_LIMITS } from './types.ts'
import type { AgreedMap, MapEdge, MapPeer } from './types.ts'

const VERSION = 1

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

export function encodeMap({ slot, closedAtMs, peers, edges }: AgreedMap): Uint8Array {
  return dagCbor.encode([
    VERSION,
    slot,
    closedAtMs,
    peers.map((peer) => [
      peer.id,
      peer.sequence,
      peer.issuedAtMs,
      peer.reportedInSlot,
      peer.capacityBytes,
      peer.freeBytes,
      peer.domain,
      peer.failuresPpm,
      peer.witnesses
    ]),
    edges.map(({ from, to, rttMicros, witnesses }) => [from, to, rttMicros, witnesses])
  ])
}

/** @throws MapError for anything but what `encodeMap` writes */
export function decodeMap(bytes: Uint8Array): AgreedMap {
  const [version, slot, closedAtMs, peers, edges] = list(decoded(bytes), 'map', 5)
  if (version !== VERSION) throw new MapError('version')
  const map: AgreedMap = {
    slot: whole(slot, 'slot'),
    closedAtMs: whole(closedAtMs, 'closedAtMs'),
    peers: list(peers, 'peers').map(readPeer),
    edges: list(edges, 'edges').map(readEdge)
  }
  if (map.peers.length > MAP_LIMITS.peers) throw new MapError('peers')
  checkOrder(map)
  return map
}

function readPeer(value: unknown): MapPeer {
  const [id, sequence, issuedAtMs, reportedInSlot, capacityBytes, freeBytes, domain, failuresPpm, witnesses] =
    list(value, 'peer', 9)
  return {
    id: text(id, 'id', MAP_LIMITS.maxIdLength),
    sequence: whole(sequence, 'sequence'),
    issuedAtMs: whole(issuedAtMs, 'issuedAtMs'),
    reportedInSlot: whole(reportedInSlot, 'reportedInSlot'),
    capacityBytes: whole(capacityBytes, 'capacityBytes'),
    freeBytes: whole(freeBytes, 'freeBytes'),
    domain: text(domain, 'domain', MAP_LIMITS.maxDomainLength),
    failuresPpm: whole(failuresPpm, 'failuresPpm'),
    witnesses: whole(witnesses, 'witnesses')
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
