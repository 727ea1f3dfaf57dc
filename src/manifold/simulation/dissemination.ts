// One message from one source over a network of connections: eager pushes, announcements, pulls, loss and dead peers. A copy
// occupies its sender's uplink, then travels for half a round trip.

import { MinHeap } from '../gossip/heap.ts'
import type { RttMatrix } from './matrix.ts'
import type { Dice } from './random.ts'

export interface Strategy {
  /** To whom a node that got the message from `from` pushes it, in this order; `from` is -1 at the source. */
  readonly push: (node: number, from: number) => readonly number[]
  /** Whom it tells that it has the message, so that they can ask for it. */
  readonly announce: (node: number) => readonly number[]
  /** How long a node that was told waits for a push before it asks, in milliseconds. */
  readonly patienceMs: number
}

export interface DisseminationInit {
  readonly matrix: RttMatrix
  readonly source: number
  readonly strategy: Strategy
  /** Connections of each node: on each heartbeat a node announces to some of them. */
  readonly connections: readonly (readonly number[])[]
  readonly sizeBytes: number
  readonly uplinkMbits: number
  /** Chance that a message of any kind is lost. */
  readonly loss: number
  readonly isDead: (node: number) => boolean
  readonly dice: Dice
}

export interface Delivery {
  /** Arrival at each node, in milliseconds; Infinity where it never came, NaN for dead peers. */
  readonly arrivalMs: Float64Array
  /** Copies of the payload that arrived or were lost on the way. */
  readonly copies: number
}

/** gossipsub's heartbeat and how many peers it gossips to (D_lazy = 6). */
const HEARTBEAT_MS = 1000
const HEARTBEAT_PEERS = 6
const MAX_HEARTBEATS = 12
/** Beyond two round trips, how long a node waits for an answer before it asks somebody else. */
const PULL_GRACE_MS = 150

type Event =
  | { readonly kind: 'payload' | 'told' | 'asked'; readonly node: number; readonly from: number }
  | { readonly kind: 'impatient'; readonly node: number }
  | { readonly kind: 'heartbeat'; readonly count: number }

export function disseminate(init: DisseminationInit): Delivery {
  const { matrix, source, strategy, connections, sizeBytes, uplinkMbits, loss, isDead, dice } = init
  const { size } = matrix
  const sendMs = (sizeBytes * 8) / (uplinkMbits * 1000)
  const arrivalMs = Float64Array.from({ length: size }, (_, node) => (isDead(node) ? NaN : Infinity))
  const uplinkFreeMs = new Float64Array(size)
  const tellers = Array.from({ length: size }, (): number[] => [])
  const isWaiting = new Uint8Array(size)
  const events = new MinHeap<Event>()
  let copies = 0
  let missing = arrivalMs.filter((ms) => ms === Infinity).length
  const oneWayMs = (from: number, to: number): number => matrix.rttMs(from, to) / 2
  const has = (node: number): boolean => arrivalMs[node] < Infinity
  const post = (nowMs: number, kind: 'told' | 'asked', from: number, node: number): void => {
    if (!isDead(node) && dice.unit() >= loss) events.push(nowMs + oneWayMs(from, node), { kind, node, from })
  }
  const sendPayload = (nowMs: number, from: number, node: number): void => {
    copies++
    uplinkFreeMs[from] = Math.max(nowMs, uplinkFreeMs[from]) + sendMs
    if (isDead(node) || dice.unit() < loss) return
    events.push(uplinkFreeMs[from] + oneWayMs(from, node), { kind: 'payload', node, from })
  }
  const receive = (nowMs: number, node: number, from: number): void => {
    if (has(node)) return
    arrivalMs[node] = nowMs
    missing--
    for (const to of strategy.push(node, from)) if (to !== from) sendPayload(nowMs, node, to)
    for (const to of strategy.announce(node)) if (to !== from) post(nowMs, 'told', node, to)
  }
  receive(0, source, -1)
  events.push(HEARTBEAT_MS * dice.unit(), { kind: 'heartbeat', count: 1 })
  for (let next = events.pop(); next !== undefined; next = events.pop()) {
    const { key: nowMs, item: event } = next
    switch (event.kind) {
      case 'payload':
        receive(nowMs, event.node, event.from)
        break
      case 'told':
        if (has(event.node)) break
        tellers[event.node].push(event.from)
        if (isWaiting[event.node] === 0) {
          isWaiting[event.node] = 1
          events.push(nowMs + strategy.patienceMs, { kind: 'impatient', node: event.node })
        }
        break
      case 'impatient': {
        const { node } = event
        isWaiting[node] = 0
        const teller = has(node) ? undefined : tellers[node].shift()
        if (teller === undefined) break
        post(nowMs, 'asked', node, teller)
        isWaiting[node] = 1
        events.push(nowMs + 2 * matrix.rttMs(node, teller) + sendMs + PULL_GRACE_MS, {
          kind: 'impatient',
          node
        })
        break
      }
      case 'asked':
        sendPayload(nowMs, event.node, event.from)
        break
      case 'heartbeat':
        if (missing === 0 || event.count > MAX_HEARTBEATS) break
        for (let node = 0; node < size; node++) {
          if (!has(node)) continue
          for (const to of dice.sample(connections[node], HEARTBEAT_PEERS)) post(nowMs, 'told', node, to)
        }
        events.push(nowMs + HEARTBEAT_MS, { kind: 'heartbeat', count: event.count + 1 })
    }
  }
  return { arrivalMs, copies }
}
