// What goes wrong in a history, and when. A scenario is a script over virtual time, after all objects have been put.

import type { SimNode } from './node.ts'
import type { World } from './world.ts'

export interface ScenarioContext {
  readonly world: World
  /** Seconds that the script may take. */
  readonly seconds: number
  /** Takes nodes away for good. What was promised of objects that cannot survive this ends here. */
  readonly loseForGood: (nodes: readonly SimNode[]) => Promise<void>
}

export type Scenario = (context: ScenarioContext) => Promise<void>

/** The last peer to return does so at least this long before a history ends. */
const LAST_RETURN_SECONDS = 120

const running = (world: World): SimNode[] => world.nodes.filter((node) => node.isRunning)

/** Nothing happens. */
const calm: Scenario = async ({ world, seconds }) => await world.sleep(seconds)

/** Three peers of ten die at the same moment and stay dead. */
const kill30: Scenario = async ({ world, seconds, loseForGood }) => {
  await world.sleep(seconds * 0.2)
  const nodes = running(world)
  await loseForGood(world.prng.sample(nodes, Math.floor(nodes.length * 0.3)))
  await world.sleep(seconds * 0.8)
}

/** Processes die and come back, again and again; at the end all are back. */
const churn: Scenario = async ({ world, seconds }) => {
  const endMicros = world.clock.nowMicros + seconds * 1_000_000
  /** Weibull with shape 0.6: many short sessions, some long ones, as measured for IPFS. */
  const session = (meanSeconds: number): number =>
    (meanSeconds / 1.5) * (-Math.log(1 - world.prng.unit())) ** (1 / 0.6)
  const live = async (node: SimNode): Promise<void> => {
    for (;;) {
      const leftSeconds = (endMicros - world.clock.nowMicros) / 1_000_000 - LAST_RETURN_SECONDS
      const stays = session(seconds / 4)
      // Everybody is back, and has some time, before the end.
      if (stays > leftSeconds) return
      await world.sleep(stays)
      if (world.prng.chance(0.5)) node.kill()
      else node.vanish()
      await world.sleep(Math.min(60, 5 + session(20)))
      await node.start()
    }
  }
  // Half of the peers never leave, so that there is somebody to notice.
  const unsteady = world.prng.sample(world.nodes, Math.floor(world.nodes.length / 2))
  await Promise.all(unsteady.map(live))
  const restSeconds = (endMicros - world.clock.nowMicros) / 1_000_000
  if (restSeconds > 0) await world.sleep(restSeconds)
}

/** One peer of ten answers ten times slower. */
const slow: Scenario = async ({ world, seconds }) => {
  for (const node of world.prng.sample(world.nodes, Math.ceil(world.nodes.length / 10))) {
    world.trace('slow', node.host)
    world.links.slow(node.host, 10)
  }
  await world.sleep(seconds)
}

/** A third of the peers is cut off for a while, twice: once for less than connections survive, once for longer. */
const partition: Scenario = async ({ world, seconds }) => {
  for (const cutSeconds of [20, 180]) {
    await world.sleep(seconds * 0.2)
    const hosts = world.nodes.map(({ host }) => host)
    world.partition([world.prng.sample(hosts, Math.floor(hosts.length / 3))])
    await world.sleep(Math.min(cutSeconds, seconds * 0.2))
    world.heal()
  }
  await world.sleep(seconds * 0.2)
}

export const SCENARIOS = { calm, kill30, churn, slow, partition } as const
export type ScenarioName = keyof typeof SCENARIOS
