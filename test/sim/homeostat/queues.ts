// Readers that need k of n holders, in front of holders that serve one block after another: which choice of holders gives
// the shortest tail? A model of queues alone, so that thousands of reads cost milliseconds.

import { boltzmannFactor, Temperature } from '../../../src/homeostat/index.ts'
import { quantile } from '../engine/index.ts'
import type { Prng } from '../engine/index.ts'

export const CHOICES = ['random', 'least', 'boltzmann', 'probing'] as const
/**
 * random: any holders. least: those that reported the least load. boltzmann: a draw by reported load and predicted time, as
 * the node does it. probing: power of two choices, by the queues as they are now, at the price of one more round trip.
 */
export type Choice = (typeof CHOICES)[number]

export interface QueueInit {
  readonly choice: Choice
  readonly k: number
  readonly n: number
  /** Share of all that the holders can serve that is asked for. */
  readonly load: number
  /** Between two reports of a holder. */
  readonly reportMs: number
  readonly roundTripMs: number
  readonly serviceMs: number
  /** Holders that take four times as long. */
  readonly slow: number
  readonly reads: number
  /** Each knows only what it has seen itself. */
  readonly readers: number
}

export interface QueueResult {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Busiest holder over the mean, by blocks served per speed. */
  readonly imbalance: number
}

interface HolderQueue {
  readonly serviceMs: number
  freeMs: number
  blocks: number
  /** Smoothed time of a block, as each reader has seen it. */
  readonly seenMs: number[]
  /** Work that has come since the last report. */
  workMs: number
  reported: number
  reportedAtMs: number
}

/** When a block would be served that comes now: what a probe finds out. */
const waitMs = ({ freeMs, serviceMs }: HolderQueue, nowMs: number): number =>
  Math.max(0, freeMs - nowMs) + serviceMs

export function simulateQueues(init: QueueInit, prng: Prng): QueueResult {
  const { k, n, load, reads, roundTripMs, serviceMs, slow } = init
  const holders: HolderQueue[] = Array.from({ length: n }, (_, i) => {
    const own = i < slow ? 4 * serviceMs : serviceMs
    return {
      serviceMs: own,
      freeMs: 0,
      blocks: 0,
      seenMs: new Array<number>(init.readers).fill(serviceMs),
      workMs: 0,
      reported: 0,
      reportedAtMs: prng.unit() * init.reportMs
    }
  })
  const capacity = holders.reduce((sum, holder) => sum + 1 / holder.serviceMs, 0)
  const gapMs = k / (capacity * load)
  const latencies: number[] = []
  const temperature = new Temperature()
  let nowMs = 0
  for (let read = 0; read < reads; read++) {
    nowMs += -Math.log(1 - prng.unit()) * gapMs
    for (const holder of holders) {
      if (nowMs - holder.reportedAtMs < init.reportMs) continue
      const reported = Math.min(1, holder.workMs / (nowMs - holder.reportedAtMs))
      temperature.sample(holder.reported, reported)
      holder.reported = reported
      temperature.observe(holders.map((one) => one.reported))
      holder.reportedAtMs = nowMs
      holder.workMs = 0
    }
    const reader = prng.below(init.readers)
    const chosen = choose(init, { holders, reader, nowMs, temperature: temperature.value }, prng)
    const isProbing = init.choice === 'probing'
    const arrivesMs = nowMs + (isProbing ? 1.5 : 0.5) * roundTripMs
    let doneMs = 0
    for (const holder of chosen) {
      const takesMs = -Math.log(1 - prng.unit()) * holder.serviceMs
      holder.freeMs = Math.max(holder.freeMs, arrivesMs) + takesMs
      holder.blocks++
      holder.workMs += takesMs
      holder.seenMs[reader] += (holder.freeMs - arrivesMs - holder.seenMs[reader]) / 8
      doneMs = Math.max(doneMs, holder.freeMs)
    }
    if (read > reads / 10) latencies.push(doneMs + roundTripMs / 2 - nowMs)
  }
  const work = holders.map((holder) => holder.blocks * holder.serviceMs)
  const mean = work.reduce((a, b) => a + b, 0) / n
  return {
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    imbalance: Math.max(...work) / mean
  }
}

interface View {
  readonly holders: readonly HolderQueue[]
  readonly reader: number
  readonly nowMs: number
  readonly temperature: number
}

function choose(
  { choice, k, roundTripMs }: QueueInit,
  { holders, reader, nowMs, temperature }: View,
  prng: Prng
): HolderQueue[] {
  if (choice === 'random') return prng.sample(holders, k)
  if (choice === 'probing') return probed(holders, k, nowMs, prng)
  const costs = new Map(
    holders.map((holder) => {
      const predictedMs = roundTripMs + holder.seenMs[reader]
      const cost =
        choice === 'least'
          ? holder.reported + 1e-6 * prng.unit()
          : predictedMs * boltzmannFactor(holder.reported, temperature, prng.unit())
      return [holder, cost] as const
    })
  )
  return [...holders].sort((a, b) => costs.get(a)! - costs.get(b)!).slice(0, k)
}

/** Each of the k is the one with the shorter queue of two drawn at random. */
function probed(holders: readonly HolderQueue[], k: number, nowMs: number, prng: Prng): HolderQueue[] {
  const pool = [...holders]
  const chosen: HolderQueue[] = []
  while (chosen.length < k) {
    const [a, b] = [prng.below(pool.length), prng.below(pool.length)]
    const better = waitMs(pool[a], nowMs) <= waitMs(pool[b], nowMs) ? a : b
    chosen.push(...pool.splice(better, 1))
  }
  return chosen
}
