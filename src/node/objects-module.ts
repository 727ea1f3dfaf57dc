import { counter, counterBy, gauge, gaugeBy } from './metrics.ts'
import type { Registry } from 'prom-client'
import type { Hologram } from '../hologram/hologram.ts'
import type {
  AuditStats,
  ClientStats,
  HealStats,
  HolderStats,
  ServiceName,
  ServiceWork
} from '../hologram/index.ts'
import type { Module } from './module.ts'
import type { OperationTimes } from './operation-times.ts'

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

const HEAL_COUNTERS: ReadonlyArray<readonly [name: string, help: string, count: keyof HealStats]> = [
  ['examined', 'Objects looked at because a peer was lost', 'examined'],
  ['repaired', 'Objects of which something was rebuilt', 'repaired'],
  ['shards_rebuilt', 'Shards rebuilt after the loss of a peer', 'shardsRebuilt'],
  ['manifests_brought', 'Manifests and copies of small objects brought to new homes', 'manifestsBrought'],
  ['read_bytes', 'Bytes of shards read for repair', 'readBytes'],
  ['sent_bytes', 'Bytes of rebuilt shards and copies sent', 'sentBytes'],
  ['failures', 'Repairs that failed and are tried again', 'failures'],
  ['yielded', 'Repairs left to another peer that was already at it', 'yielded']
]
const HEAL_GAUGES: typeof HEAL_COUNTERS = [
  ['indexed_objects', 'Objects in the index of who keeps what', 'indexed'],
  ['waiting_objects', 'Objects that wait for repair, or for a lost peer to come back', 'waiting'],
  ['lost_peers', 'Peers that count as lost', 'lostPeers']
]

/** Objects on the mesh: what this node holds for others, what its user puts and gets, and repair. */
export const objectsModule = (hologram: Hologram, times: OperationTimes): Module => ({
  name: 'objects',
  start: async () => await hologram.start(),
  stop: async () => await hologram.stop(),
  metrics: (registry) => {
    times.register(registry)
    holderMetrics(registry, () => hologram.stats)
    clientMetrics(registry, () => hologram.clientStats)
    healMetrics(registry, () => hologram.healStats)
    spareMetrics(registry, hologram)
    auditMetrics(registry, () => hologram.auditStats)
  }
})

/** What this node has done for others. */
const holderMetrics = (registry: Registry, stats: () => HolderStats): void => {
  const count = (name: string, help: string, read: (stats: HolderStats) => number): void =>
    counter(registry, `thhe_holder_${name}_total`, help, () => read(stats()))
  count('bytes_in', 'Block bytes taken from peers', ({ bytesIn }) => bytesIn)
  count('bytes_out', 'Block bytes handed to peers', ({ bytesOut }) => bytesOut)
  count('shards_committed', 'Shards taken and made durable', ({ shardsCommitted }) => shardsCommitted)
  count(
    'shards_repeated',
    'Shards taken that were whole here already',
    ({ shardsRepeated }) => shardsRepeated
  )
  count('streams_cut', 'Streams of peers that broke or were cut', ({ streamsCut }) => streamsCut)
  counterBy(
    registry,
    'thhe_holder_refused_total',
    'Requests of peers that were refused',
    'status',
    () => stats().refused
  )
  const work = (read: (work: ServiceWork) => number) => () => byService(stats().work, read)
  counterBy(
    registry,
    'thhe_holder_requests_total',
    'Work done for peers: blocks and commits written (put), blocks read (get), requests answered (object)',
    'service',
    work(({ requests }) => requests)
  )
  counterBy(
    registry,
    'thhe_holder_busy_seconds_total',
    'Time that this work took, the time on the wire excluded',
    'service',
    work(({ busyMs }) => busyMs / 1000)
  )
  const streams = (read: (counts: HolderStats['streams'][ServiceName]) => number) => () =>
    byService(stats().streams, read)
  gaugeBy(
    registry,
    'thhe_holder_streams',
    'Open streams of peers',
    'service',
    streams(({ open }) => open)
  )
  gaugeBy(
    registry,
    'thhe_holder_streams_limit',
    'Open streams of peers from which on BUSY is answered',
    'service',
    streams(({ limit }) => limit)
  )
  counterBy(
    registry,
    'thhe_holder_turned_away_total',
    'Streams of peers that were answered BUSY because of a limit',
    'service',
    streams(({ turnedAway }) => turnedAway)
  )
}

const byService = <V>(
  values: Readonly<Record<ServiceName, V>>,
  read: (value: V) => number
): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([service, value]) => [service, read(value)]))

/** What this node has done for its user, and how it looks after what the user put. */
const clientMetrics = (registry: Registry, stats: () => ClientStats): void => {
  counterBy(
    registry,
    'thhe_client_survived_failures_total',
    'Failures from which a put, get or the like went on, by what failed',
    'what',
    () => stats().survived
  )
  for (const [name, help, count] of COUNTERS) {
    counter(registry, `thhe_owned_${name}_total`, help, () => stats()[count])
  }
  gaugeBy(
    registry,
    'thhe_owned_objects',
    'Objects put by the user of this node: all, and those that need attention',
    'state',
    () => {
      const { objects, endangered, lapsing, damaged } = stats().owned
      return { all: objects, endangered, lapsing, damaged }
    }
  )
}

/** What this node has rebuilt that others lost. */
const healMetrics = (registry: Registry, stats: () => HealStats): void => {
  for (const [name, help, count] of HEAL_COUNTERS) {
    counter(registry, `thhe_heal_${name}_total`, help, () => stats()[count])
  }
  for (const [name, help, count] of HEAL_GAUGES) {
    gauge(registry, `thhe_heal_${name}`, help, () => stats()[count])
  }
}

/** Objects with at least so many spare shards are counted together: labels are few. */
const MAX_SPARE_LABEL = 8

const spareMetrics = (registry: Registry, hologram: Hologram): void => {
  gaugeBy(
    registry,
    'thhe_objects_by_spare',
    'Objects of which this node keeps the manifest, by the shards or copies over those needed that are not at lost peers',
    'spare',
    () => bySpareLabel(hologram.objectsBySpare())
  )
  gaugeBy(
    registry,
    'thhe_heal_queued_objects',
    'Objects that wait for repair here, by the shards or copies over those needed that are left',
    'spare',
    () => bySpareLabel(hologram.queuedBySpare())
  )
}

/** Every label is there, so that an alert can tell none from unknown. */
const bySpareLabel = (counts: ReadonlyMap<number, number>): Record<string, number> => {
  const labels: Record<string, number> = { below: 0 }
  for (let spare = 0; spare < MAX_SPARE_LABEL; spare++) labels[spare] = 0
  labels[`${MAX_SPARE_LABEL}+`] = 0
  for (const [spare, count] of counts) {
    labels[spare < 0 ? 'below' : spare < MAX_SPARE_LABEL ? spare : `${MAX_SPARE_LABEL}+`] += count
  }
  return labels
}

/** What this node has found of what other peers keep. */
const auditMetrics = (registry: Registry, stats: () => AuditStats): void => {
  counterBy(
    registry,
    'thhe_audit_challenges_total',
    'Blocks and manifests that other peers were asked to prove, by verdict',
    'verdict',
    () => stats().verdicts
  )
  counter(registry, 'thhe_audit_read_bytes_total', 'Bytes read to audit other peers', () => stats().readBytes)
  counter(registry, 'thhe_audit_rounds_total', 'Rounds of audits that have ended', () => stats().rounds)
  counter(
    registry,
    'thhe_audit_visits_missed_total',
    'Peers that were away, slow or busy whenever their turn came in a round',
    () => stats().visitsMissed
  )
  gauge(
    registry,
    'thhe_audit_visits_left',
    'Peers still to be visited in this round',
    () => stats().visitsLeft
  )
}
