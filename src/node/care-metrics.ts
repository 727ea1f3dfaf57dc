import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { ClientStats } from '../hologram/index.ts'

type CountName = Exclude<keyof ClientStats, 'owned' | 'survived'>

const COUNTERS: ReadonlyArray<readonly [name: string, help: string, count: CountName]> = [
  ['checks', 'Objects whose holders were asked whether they have their shards', 'checks'],
  ['silent_peers', 'Questions to holders that were not answered', 'peersSilent'],
  ['renewals', 'Objects whose holders all took a new lease', 'renewals'],
  ['renewals_refused', 'Holders, or homes of manifests, that did not take a new lease', 'renewalsRefused'],
  ['shards_rebuilt', 'Shards and copies rebuilt for the user of this node', 'shardsRebuilt'],
  ['rebuilds_failed', 'Attempts to rebuild shards for the user of this node that failed', 'rebuildsFailed'],
  ['damaged_records', 'Records of owned objects that could not be read', 'recordsDamaged'],
  ['failures', 'Work on owned objects that failed', 'failures'],
  ['background_failures', 'Work in the background that failed', 'backgroundFailures']
]

/** Metrics on how this node looks after what its user put. */
export const careMetrics = (registry: Registry, stats: () => ClientStats): void => {
  const registers = [registry]
  for (const [name, help, count] of COUNTERS) {
    new Counter({
      name: `thhe_owned_${name}_total`,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(stats()[count])
      }
    })
  }
  new Gauge({
    name: 'thhe_owned_objects',
    help: 'Objects put by the user of this node: all, and those that need attention',
    labelNames: ['state'],
    registers,
    collect() {
      const { objects, endangered, lapsing, damaged } = stats().owned
      this.set({ state: 'all' }, objects)
      this.set({ state: 'endangered' }, endangered)
      this.set({ state: 'lapsing' }, lapsing)
      this.set({ state: 'damaged' }, damaged)
    }
  })
}
