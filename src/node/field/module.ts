import { counter, gauge, gaugeWhenKnown } from '../metrics.ts'
import type { Registry } from 'prom-client'
import type { FieldStatus } from '../../field/index.ts'
import type { Module } from '../module.ts'
import type { NodeField } from './index.ts'

/** The field in the node's status. */
export interface FieldSummary {
  /** 'off' where the network has no validators; 'behind' while a decision is known whose state is being fetched. */
  readonly state: 'off' | 'behind' | 'current'
  /** Rounds decided so far. */
  readonly round: number
  readonly slots: number
  readonly slotBytes: number
  /** Changes that wait for a round. */
  readonly waiting: number
  /** Why this validator votes no more; absent while it does, and on a node that is none. */
  readonly halted?: string
}

const OFF: FieldSummary = { state: 'off', round: 0, slots: 0, slotBytes: 0, waiting: 0 }

/** @param field - undefined where the network has no validators; then there are no metrics of it either */
export const fieldModule = (field: NodeField | undefined): Module => ({
  name: 'field',
  start: async () => await field?.start(),
  stop: async () => await field?.stop(),
  status: () => ({ field: field === undefined ? OFF : summaryOf(field.status()) }),
  metrics: (registry) => {
    if (field !== undefined) fieldMetrics(registry, () => field.status())
  }
})

const summaryOf = ({ round, slots, slotBytes, waiting, isBehind, halted }: FieldStatus): FieldSummary => ({
  state: isBehind ? 'behind' : 'current',
  ...{ round: round - 1, slots, slotBytes, waiting },
  ...(halted !== undefined && { halted })
})

const fieldMetrics = (registry: Registry, status: () => FieldStatus): void => {
  gauge(registry, 'thhe_field_round', 'Rounds of the field decided so far', () => status().round - 1)
  gauge(registry, 'thhe_field_slots', 'Slots that the network agrees on', () => status().slots)
  gauge(registry, 'thhe_field_slot_bytes', 'Bytes of all slots', () => status().slotBytes)
  gauge(registry, 'thhe_field_waiting', 'Changes that wait for a round', () => status().waiting)
  gauge(registry, 'thhe_field_behind', '1 while a decision is known whose state is being fetched', () =>
    status().isBehind ? 1 : 0
  )
  gauge(registry, 'thhe_field_voting', '1 while this node votes on rounds of the field', () => {
    const { isValidator, halted } = status()
    return isValidator && halted === undefined ? 1 : 0
  })
  gauge(
    registry,
    'thhe_field_contradictions',
    'Validators that signed two statements of which an honest one signs at most one',
    () => new Set(status().evidence.map(({ nodeId }) => nodeId)).size
  )
  gaugeWhenKnown(
    registry,
    'thhe_field_decision_seconds',
    'Time that the last round took; missing before the first',
    () => {
      const { lastDecisionMs } = status()
      return lastDecisionMs === undefined ? undefined : lastDecisionMs / 1000
    }
  )
  counter(
    registry,
    'thhe_field_applied_total',
    'Changes made since this node started',
    () => status().applied
  )
  counter(
    registry,
    'thhe_field_refused_total',
    'Changes refused since this node started',
    () => status().refused
  )
}
