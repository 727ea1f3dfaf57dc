// Two ways to place shards, over the same peers: each object at its own set of peers (the program's own rendezvous hashing), and
// peers dealt into groups that share all of their objects (copysets: Cidon et al., ATC 2013; CodingSets: Hydra, FAST 2022).

import { createHash } from 'node:crypto'
import type { PeerId } from '@libp2p/interface'
import { homesOf } from '../../../src/hologram/index.ts'
import type { PlacementPeer } from '../../../src/hologram/index.ts'

export interface Setting {
  readonly peers: number
  readonly domains: number
  readonly objects: number
  readonly k: number
  readonly n: number
}

/** Peers, by number, that keep the shards of each object. */
export type Placement = ReadonlyArray<readonly number[]>

const hash = (text: string): Buffer => createHash('sha256').update(text).digest()

export interface NumberedPeer extends PlacementPeer {
  readonly number: number
}

export function peersOf({ peers, domains }: Pick<Setting, 'peers' | 'domains'>): NumberedPeer[] {
  return Array.from({ length: peers }, (_, number) => {
    const bytes = hash(`peer ${number}`)
    return {
      number,
      // Placement asks an id for nothing else.
      id: { toMultihash: () => ({ bytes }) } as unknown as PeerId,
      capacityBytes: 2 ** 30,
      reliabilityPpm: 1_000_000,
      failureDomain: `domain ${number % domains}`
    }
  })
}

export function independent({ objects, k, n }: Setting, peers: readonly NumberedPeer[]): Placement {
  return Array.from({ length: objects }, (_, object) =>
    homesOf(hash(`object ${object}`), n, k, peers).peers.map((home) => home!.number)
  )
}

/** Peers in the order of their hashes, one of each domain in turn, dealt into groups of n; what is left over joins no group. */
export function grouped({ objects, n }: Setting, peers: readonly NumberedPeer[]): Placement {
  const byDomain = new Map<string, number[]>()
  const ordered = [...peers].sort((a, b) =>
    Buffer.compare(hash(`peer ${a.number}`), hash(`peer ${b.number}`))
  )
  for (const { number, failureDomain } of ordered) {
    byDomain.set(failureDomain, [...(byDomain.get(failureDomain) ?? []), number])
  }
  const dealt: number[] = []
  for (let turn = 0; dealt.length < peers.length; turn++) {
    for (const numbers of byDomain.values()) if (turn < numbers.length) dealt.push(numbers[turn])
  }
  const groups = Array.from({ length: Math.floor(dealt.length / n) }, (_, i) => dealt.slice(i * n, i * n + n))
  return Array.from({ length: objects }, (_, object) => {
    // By rendezvous as well, so that one more group takes only its share.
    const draws = groups.map((_, group) => hash(`object ${object} group ${group}`).readUInt32BE())
    return groups[draws.indexOf(Math.max(...draws))]
  })
}

export interface Shape {
  /** Shards of the fullest peer over the mean. */
  readonly fullestOverMean: number
  /** Peers that keep shards of the same objects as a peer: those that can help to rebuild it, on average. */
  readonly helpers: number
  /** Sets of peers whose loss loses something. */
  readonly sets: number
}

export function shapeOf(placement: Placement, { peers }: Pick<Setting, 'peers'>): Shape {
  const shards = new Array<number>(peers).fill(0)
  const helpers = Array.from({ length: peers }, () => new Set<number>())
  for (const holders of placement) {
    for (const peer of holders) {
      shards[peer]++
      for (const other of holders) if (other !== peer) helpers[peer].add(other)
    }
  }
  const mean = shards.reduce((a, b) => a + b, 0) / peers
  return {
    fullestOverMean: Math.max(...shards) / mean,
    helpers: helpers.reduce((sum, others) => sum + others.size, 0) / peers,
    sets: new Set(placement.map((holders) => [...holders].sort((a, b) => a - b).join(' '))).size
  }
}

/** Objects of which more than n - k holders are among the failed. */
export function lostObjects(
  placement: Placement,
  { k, n }: Pick<Setting, 'k' | 'n'>,
  failed: ReadonlySet<number>
): number {
  return placement.filter((holders) => holders.filter((peer) => failed.has(peer)).length > n - k).length
}

/** Share of the shards that have another holder after so many peers have joined. */
export function movedByJoins(
  place: (setting: Setting, peers: readonly NumberedPeer[]) => Placement,
  setting: Setting,
  joins: number
): number {
  const [before, after] = [0, joins].map((more) => {
    const wider = { ...setting, peers: setting.peers + more }
    return place(wider, peersOf(wider))
  })
  const moved = before.reduce((sum, holders, object) => {
    const now = new Set(after[object])
    return sum + holders.filter((peer) => !now.has(peer)).length
  }, 0)
  return moved / (setting.objects * setting.n)
}
