import { Homeostat, ObservedHeat } from '../homeostat/index.ts'
import { eventLoopHeat } from './heat.ts'
import { counterBy, gauge, gaugeBy } from './metrics.ts'
import type { Registry } from 'prom-client'
import type { Clock, RandomSource } from '../clock/index.ts'
import type { Hologram } from '../hologram/hologram.ts'
import type { HomeostatEvent, HomeostatState, Observation, PeerLoad } from '../homeostat/index.ts'
import type { EventSink } from './events.ts'
import type { Module } from './module.ts'
import { failureDomains } from './peers/placement-view.ts'
import type { PeerTable } from './peers/peer-table.ts'

export interface NodeHomeostatInit {
  readonly self: string
  readonly table: PeerTable
  readonly clock: Clock
  readonly random: RandomSource
  readonly events: EventSink
  /** Bytes a second that the node may send; 0 for no limit. */
  readonly uplinkCap: () => number
  /** What carries out the actions; made after the controller, which it needs itself. */
  readonly hologram: () => Pick<Hologram, 'spread' | 'contract'>
}

/** The state of the controller as `GET /v1/status` has it. */
export type HomeostatSummary = Pick<
  HomeostatState,
  | 'forecast'
  | 'temperature'
  | 'logPartition'
  | 'divergence'
  | 'imbalance'
  | 'action'
  | 'objective'
  | 'concurrencyLimit'
  | 'inFlight'
  | 'copies'
> & {
  readonly heat: number
  /** What is closest to saturation. */
  readonly source: HomeostatState['heat']['source']
  /** Requests told to come back later, since the start. */
  readonly refused: number
}

/** The controller of a node. */
export const createHomeostat = (init: NodeHomeostatInit): Homeostat => {
  const { clock, random, events, hologram } = init
  // Refusals and limits are of this room; what becomes of a copy is reported by those who make it.
  const isOwn = ({ kind }: HomeostatEvent): boolean => kind === 'refuse' || kind === 'limit'
  const observed = new ObservedHeat()
  const homeostat: Homeostat = new Homeostat({
    clock,
    random,
    loopUtilisation: eventLoopHeat(),
    uplinkCap: () => init.uplinkCap() || undefined,
    peers: () => loads(init, observed, () => homeostat.reportedHeat),
    dilate: (object, copies, reason) => hologram().spread(object, copies, reason),
    contract: (object, reason) => hologram().contract(object, reason),
    note: (event) => {
      if (isOwn(event)) events.emit({ room: 'homeostat', kind: event.kind, reason: event.reason })
    }
  })
  return homeostat
}

/** List it after the objects, which it acts on. */
export const homeostatModule = (homeostat: Homeostat): Module => ({
  name: 'homeostat',
  start: () => homeostat.start(),
  stop: () => homeostat.stop(),
  status: () => ({ homeostat: summaryOf(homeostat.state) }),
  metrics: (registry) => homeostatMetrics(registry, () => homeostat.state)
})

const summaryOf = ({ heat, admission, actions: _actions, ...rest }: HomeostatState): HomeostatSummary => ({
  ...rest,
  heat: heat.value,
  source: heat.source,
  refused: admission.refused
})

/** The live peers that lend space: what each says of itself, and what the others measured of it. */
const loads = (
  { self, table }: NodeHomeostatInit,
  heats: ObservedHeat,
  ownHeat: () => number
): PeerLoad[] => {
  const live = table.live()
  const observations = new Map<string, Observation[]>()
  for (const { report } of live) {
    for (const { peer, serviceMicros, failuresPpm } of report.sights) {
      const seen = observations.get(peer) ?? []
      seen.push({ serviceMs: serviceMicros / 1000, failureRate: failuresPpm / FULL_PPM })
      observations.set(peer, seen)
    }
  }
  const lenders = live.filter(({ report }) => report.capacityBytes > 0)
  const domains = failureDomains(lenders)
  return lenders.map(({ report }, i) => {
    const id = report.peer.toString()
    return {
      id,
      domain: domains[i],
      capacity: report.capacityBytes,
      reportedHeat: id === self ? ownHeat() : report.heatPpm / FULL_PPM,
      observedHeat: heats.of(id, observations.get(id) ?? [])
    }
  })
}

const FULL_PPM = 1_000_000

const GAUGES: ReadonlyArray<readonly [name: string, help: string, read: (state: HomeostatState) => number]> =
  [
    ['heat', 'How close the node is to saturation: 0 idle, 1 saturated', ({ heat }) => heat.value],
    ['heat_forecast', 'Heat three control periods from now', ({ forecast }) => forecast],
    ['temperature', 'How much two heats must differ to count', ({ temperature }) => temperature],
    ['log_partition', 'ln Z of the Boltzmann weights over the peers', ({ logPartition }) => logPartition],
    ['divergence_nats', 'KL(load shares || capacity shares)', ({ divergence }) => divergence],
    ['imbalance', 'Largest over mean heat of the peers', ({ imbalance }) => imbalance],
    ['action_bytes', 'S: useful bytes less what disorder costs, since the start', ({ action }) => action],
    ['objective', 'J: discounted throughput less divergence', ({ objective }) => objective],
    ['concurrency_limit', 'Requests that are served at once', ({ concurrencyLimit }) => concurrencyLimit],
    ['requests_in_service', 'Requests in service', ({ inFlight }) => inFlight],
    ['copies', 'Copies of shards kept for hot holders', ({ copies }) => copies]
  ]

const homeostatMetrics = (registry: Registry, state: () => HomeostatState): void => {
  for (const [name, help, read] of GAUGES)
    gauge(registry, `thhe_homeostat_${name}`, help, () => read(state()))
  gaugeBy(registry, 'thhe_homeostat_heat_part', 'Heat by what causes it', 'source', () => state().heat.parts)
  counterBy(
    registry,
    'thhe_homeostat_actions_total',
    'What the controller did',
    'kind',
    () => state().actions
  )
  counterBy(registry, 'thhe_homeostat_requests_total', 'Requests by what became of them', 'outcome', () => {
    const { admitted, refused, refusedBackground } = state().admission
    return { admitted, refused: refused - refusedBackground, refused_background: refusedBackground }
  })
}
