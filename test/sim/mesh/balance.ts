// How evenly the hosts keep what is stored.

import { imbalance, klDivergence, sharesOf } from '../../../src/homeostat/index.ts'
import type { World } from './world.ts'

export interface BalanceSample {
  readonly second: number
  /** Nodes that run. */
  readonly peers: number
  /** Bytes on all of their disks that count against what they lend. */
  readonly usedBytes: number
  readonly emptiestOverMean: number
  readonly fullestOverMean: number
  /** KL(shares of the bytes kept || shares of the capacity), nats. */
  readonly kl: number
}

export async function balanceOf(world: World): Promise<BalanceSample> {
  const running = world.nodes.filter(({ isRunning }) => isRunning)
  const used: number[] = []
  for (const { store } of running) used.push((await store!.usage()).usedBytes)
  const total = used.reduce((a, b) => a + b, 0)
  const mean = total / Math.max(1, used.length)
  return {
    second: Math.round(world.clock.nowMicros / 1_000_000),
    peers: running.length,
    usedBytes: total,
    emptiestOverMean: round(Math.min(...used) / Math.max(1, mean)),
    fullestOverMean: round(imbalance(used)),
    kl: round(klDivergence(sharesOf(used), sharesOf(running.map(({ capacityBytes }) => capacityBytes))))
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
