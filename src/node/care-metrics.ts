import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { ClientStats, HealStats } from '../hologram/index.ts'

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

/** Metrics on this node's care for its user's objects. */
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

const HEAL_COUNTERS: ReadonlyArray<readonly [name: string, help: string, count: keyof HealStats]> = [
  ['examined', 'Objects looked at because a peer was lost', 'examined'],
  ['repaired', 'Objects of which something was rebuilt', 'repaired'],
  ['shards_rebuilt', 'Shards rebuilt after the loss of a peer', 'shardsRebuilt'],
  ['manifests_brought', 'Manifests and copies of small objects brought to new homes', 'manifestsBrought'],
  ['read_bytes', 'Bytes of shards read for repair', 'readBytes'],
  ['sent_bytes', 'Bytes of rebuilt shards and copies sent', 'sentBytes'],
  ['failures', 'Repairs that failed and are tried again', 'failures']
]
const HEAL_GAUGES: typeof HEAL_COUNTERS = [
  ['indexed_objects', 'Objects in the index of who keeps what', 'indexed'],
  ['waiting_objects', 'Objects that wait for repair, or for a lost peer to come back', 'waiting'],
  ['lost_peers', 'Peers that count as lost', 'lostPeers']
]

/** Metrics on the shards that this node rebuilds after others lost them. */
export const healMetrics = (registry: Registry, stats: () => HealStats): void => {
  const registers = [registry]
  for (const [name, help, count] of HEAL_COUNTERS) {
    new Counter({
      name: `thhe_heal_${name}_total`,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(stats()[count])
      }
    })
  }
  for (const [name, help, count] of HEAL_GAUGES) {
    new Gauge({
      name: `thhe_heal_${name}`,
      help,
      registers,
      collect() {
        this.set(stats()[count])
      }
    })
  }
}
