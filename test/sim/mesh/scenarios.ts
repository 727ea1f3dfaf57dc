// What goes wrong in a history, and when. A scenario is a script over virtual time, after all objects have been put.

import type { StoredObject } from './objects.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

export interface ScenarioContext {
  readonly world: World
  /** Seconds that the script may take. */
  readonly seconds: number
  readonly objects: readonly StoredObject[]
  /** Takes nodes away for good. What was promised of objects that cannot survive this ends here. */
  readonly loseForGood: (nodes: readonly SimNode[]) => Promise<void>
  /** So many more nodes join. */
  readonly join: (count: number) => Promise<void>
  /** Users put so many more objects. */
  readonly putMore: (count: number) => Promise<void>
  /** How many times hotter than usual one object is; 1 for no difference. */
  readonly heat: (object: StoredObject, factor: number) => void
}

export type Scenario = (context: ScenarioContext) => Promise<void>

/** The last peer to return does so at least this long before a history ends. */
const LAST_RETURN_SECONDS = 120
/** A hot object is this many times hotter than the others. */
const FLASH_FACTOR = 1_000

const running = (world: World): SimNode[] => world.nodes.filter((node) => node.isRunning)
/** At least one. */
const share = (world: World, part: number): SimNode[] => {
  const nodes = running(world)
  return world.prng.sample(nodes, Math.max(1, Math.floor(nodes.length * part)))
}
/** The largest object: what flash crowds come for. */
const largest = (objects: readonly StoredObject[]): StoredObject =>
  objects.reduce((best, object) => (object.size > best.size ? object : best))

/** Nothing happens. */
const calm: Scenario = async ({ world, seconds }) => await world.sleep(seconds)

/** Three peers of ten die at the same moment and stay dead. */
const kill30: Scenario = async ({ world, seconds, loseForGood }) => {
  await world.sleep(seconds * 0.2)
  await loseForGood(share(world, 0.3))
  await world.sleep(seconds * 0.8)
}

/** A tenth of the peers dies, and again, and again, with time to heal in between; the owners are among the first. */
const attrition: Scenario = async ({ world, seconds, objects, loseForGood }) => {
  const owners = new Set(objects.map(({ owner }) => owner))
  for (let round = 0; round < 4; round++) {
    await world.sleep(seconds * 0.05)
    const dying = share(world, 0.1)
    if (round === 0) dying[0] = [...owners].find((owner) => owner.isRunning) ?? dying[0]
    await loseForGood([...new Set(dying)])
    await world.sleep(seconds * 0.2)
  }
}

/** Every peer that has put anything is gone for good. */
const ownerGone: Scenario = async ({ world, seconds, objects, loseForGood }) => {
  await world.sleep(seconds * 0.1)
  const owners = [...new Set(objects.map(({ owner }) => owner))]
  // One after another, or the whole mesh would go at once.
  const most = Math.floor(running(world).length / 4)
  await loseForGood(owners.slice(0, most))
  await world.sleep(seconds * 0.9)
}

/** The peers nearest to one place, a fifth of all, are gone at once. */
const region: Scenario = async ({ world, seconds, loseForGood }) => {
  await world.sleep(seconds * 0.2)
  const { domain } = world.prng.pick(running(world))
  await loseForGood(running(world).filter((node) => node.domain === domain))
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
    node.isSlow = true
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

/** One object becomes a thousand times hotter than the others, all at once, and cools down in the last third. */
const flash: Scenario = async ({ world, seconds, objects, heat }) => {
  await world.sleep(seconds * 0.1)
  heat(largest(objects), FLASH_FACTOR)
  await world.sleep(seconds * 0.6)
  heat(largest(objects), 1)
  await world.sleep(seconds * 0.3)
}

/** The same as `flash`, step by step. */
const ramp: Scenario = async ({ world, seconds, objects, heat }) => {
  const steps = 30
  for (let step = 1; step <= steps; step++) {
    heat(largest(objects), (FLASH_FACTOR * step) / steps)
    await world.sleep((seconds * 0.8) / steps)
  }
  heat(largest(objects), 1)
  await world.sleep(seconds * 0.2)
}

/** All objects become hotter, the first by far the most: Zipf's law with exponent 1.1, as EC-Cache and SP-Cache use it. */
const zipf: Scenario = async ({ world, seconds, objects, heat }) => {
  await world.sleep(seconds * 0.1)
  const total = objects.reduce((sum, _, rank) => sum + (rank + 1) ** -1.1, 0)
  objects.forEach((object, rank) => heat(object, 1 + (FLASH_FACTOR * (rank + 1) ** -1.1) / total))
  await world.sleep(seconds * 0.9)
}

/** One peer of ten hands out wrong bytes, and says that it is idle. */
const liars: Scenario = async ({ world, seconds }) => {
  for (const node of share(world, 0.1)) {
    world.trace('liar', node.host)
    node.isLiar = true
  }
  await world.sleep(seconds)
}

/** As many peers again as there are join within a minute. */
const joinstorm: Scenario = async ({ world, seconds, join, putMore, objects }) => {
  await world.sleep(seconds * 0.2)
  await join(running(world).length)
  await putMore(Math.ceil(objects.length / 4))
  await world.sleep(seconds * 0.8)
}

/** The disks of three peers of ten are full, while users go on putting. */
const diskfull: Scenario = async ({ world, seconds, putMore, objects }) => {
  await world.sleep(seconds * 0.2)
  for (const node of share(world, 0.3)) {
    world.trace('full', node.host)
    node.disk.fill()
  }
  await putMore(Math.ceil(objects.length / 4))
  await world.sleep(seconds * 0.8)
}

export const SCENARIOS = {
  calm,
  kill30,
  attrition,
  ownerGone,
  region,
  churn,
  slow,
  partition,
  flash,
  zipf,
  ramp,
  liars,
  joinstorm,
  diskfull
} as const
export type ScenarioName = keyof typeof SCENARIOS
