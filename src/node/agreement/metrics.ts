// The agreed map and the quorum behind it, for `/metrics`.
import { counter, gauge, gaugeBy, gaugeWhenKnown } from '../metrics.ts'
import type { Registry } from 'prom-client'
import type { Clock } from '../../clock/index.ts'
import type { MapAgreement } from './index.ts'

export interface MapMetricsInit {
  readonly agreement: Pick<MapAgreement, 'current' | 'status'>
  /** Wall clock, to tell the age of a map from the time at which its slot was closed. */
  readonly clock: Pick<Clock, 'nowMs'>
  /** Era of the map by which this node computes homes; 0 while it goes by its own table of peers. */
  readonly placementEra: () => number
}

/**
 * Registers the gauges. Ages and durations are missing from the page while there is nothing to measure: a zero would read
 * as a map that has just been agreed.
 */
export const mapMetrics = (registry: Registry, { agreement, clock, placementEra }: MapMetricsInit): void => {
  const map = () => agreement.current?.map
  const peers = () => map()?.peers ?? []
  gauge(registry, 'thhe_map_slot', 'Slot of the agreed map; 0 while there is none', () => map()?.slot ?? 0)
  gauge(
    registry,
    'thhe_map_era',
    'Slot in which a seat of the agreed map last changed; 0 while there is none',
    () => map()?.era ?? 0
  )
  gauge(
    registry,
    'thhe_map_placement_era',
    'Era of the map by which this node computes homes; 0 while it goes by its own table of peers',
    placementEra
  )
  gaugeWhenKnown(
    registry,
    'thhe_map_age_seconds',
    'Time since the slot of the agreed map was closed, by the clock of this machine; missing while there is no map',
    () => {
      const closedAtMs = map()?.closedAtMs
      return closedAtMs === undefined ? undefined : Math.max(0, clock.nowMs() - closedAtMs) / 1000
    }
  )
  gauge(registry, 'thhe_map_peers', 'Peers on the agreed map', () => peers().length)
  gauge(
    registry,
    'thhe_map_seats',
    'Peers on the agreed map that placement may use',
    () => peers().filter(({ seat }) => seat !== undefined).length
  )
  gauge(
    registry,
    'thhe_map_doubted_peers',
    'Peers on the agreed map that most of those who measured them find elsewhere than they claim',
    () => peers().filter(({ isDoubted }) => isDoubted).length
  )
  gauge(
    registry,
    'thhe_map_stale',
    '1 if this node has a map and no decision has come for three epochs',
    () => Number(agreement.status().isStale)
  )
  gaugeWhenKnown(
    registry,
    'thhe_map_decision_seconds',
    'Time from the proposal of this validator to the newest decision; missing at peers that do not vote',
    () => {
      const { lastDecisionMs } = agreement.status()
      return lastDecisionMs === undefined ? undefined : lastDecisionMs / 1000
    }
  )
  counter(
    registry,
    'thhe_map_agreed_total',
    'Maps agreed since this node started',
    () => agreement.status().decided
  )
  quorumMetrics(registry, agreement)
}

const quorumMetrics = (registry: Registry, agreement: Pick<MapAgreement, 'status'>): void => {
  gauge(registry, 'thhe_quorum_available', '1 if enough validators are heard to decide', () =>
    Number(agreement.status().hasQuorum)
  )
  gaugeBy(
    registry,
    'thhe_quorum_validators',
    'Validators by whether this node has heard from them in the last three epochs',
    'state',
    () => {
      const { validators } = agreement.status()
      const missing = validators.filter(({ isMissing }) => isMissing).length
      return { heard: validators.length - missing, missing }
    }
  )
  gauge(
    registry,
    'thhe_quorum_contradictions',
    'Statements by which validators have contradicted themselves, as far as this node keeps them',
    () => agreement.status().evidence.length
  )
  gauge(
    registry,
    'thhe_quorum_voting',
    '1 if this node votes; 0 for a validator that has stopped, and for peers that only follow',
    () => {
      const { isValidator, halted } = agreement.status()
      return Number(isValidator && halted === undefined)
    }
  )
}
