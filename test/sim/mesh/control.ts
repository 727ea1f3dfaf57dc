// The node's own controller on a simulated host, and stand-ins for it that figures compare it with.

import { Homeostat } from '../../../src/homeostat/index.ts'
import type { HomeostatSettings } from '../../../src/homeostat/index.ts'
import type { Steering } from '../../../src/hologram/index.ts'
import type { SteeringFactory } from './node.ts'
import type { World } from './world.ts'

const ignore = (): void => {}
const SERVE_ALL: Steering = {
  enter: () => ignore,
  noteServed: ignore,
  noteDiskRead: ignore,
  noteBusy: ignore,
  factor: () => 1,
  neededSpare: () => 0,
  choose: () => [],
  noteCopy: ignore,
  forgetCopy: ignore
}

/** The homeostat, wired as `src/node/homeostat-module.ts` does it. Heat of others is as old as their newest report. */
export const homeostatIn =
  (world: World, settings: Partial<HomeostatSettings> = {}): SteeringFactory =>
  (node, random) => {
    const { clock } = node
    const homeostat: Homeostat = new Homeostat(
      {
        clock,
        random,
        loopUtilisation: () => 0,
        // As an operator states it with --bandwidth-up.
        uplinkCap: () => world.links.upBytesPerSecond(node.host),
        peers: () =>
          world.nodes
            .filter(({ host }) => world.seems(node.host, host))
            .map((peer) => ({
              id: peer.id.toString(),
              domain: peer.domain,
              capacity: peer.capacityBytes,
              reportedHeat: peer === node ? homeostat.reportedHeat : peer.heat,
              observedHeat: []
            })),
        dilate: (object, copies, reason) => node.hologram?.spread(object, copies, reason),
        contract: (object, reason) => node.hologram?.contract(object, reason),
        note: ({ kind }) => world.noteEvent(node.host, 'homeostat', kind)
      },
      settings
    )
    return {
      steering: homeostat,
      heat: () => homeostat.reportedHeat,
      start: () => homeostat.start(),
      homeostat
    }
  }

/** Any holder is as good as another. */
export const randomHolder: SteeringFactory = (_node, random) => ({
  // Far more than any difference in speed.
  steering: { ...SERVE_ALL, factor: () => Math.exp(20 * random.unit()) },
  heat: () => 0,
  start: ignore
})

/** The holder that reports the least load, however far away it is. Every node measures its load as the homeostat does. */
export const leastLoaded =
  (world: World): SteeringFactory =>
  (node, random) => {
    const controlled = homeostatIn(world)(node, random)
    const homeostat = controlled.homeostat!
    return {
      ...controlled,
      steering: {
        ...SERVE_ALL,
        noteServed: (...served) => homeostat.noteServed(...served),
        noteDiskRead: (elapsedMs) => homeostat.noteDiskRead(elapsedMs),
        factor: (peer) => Math.exp(20 * homeostat.heatOf(peer))
      }
    }
  }
