// The part of the node that the two protocols of a slot see.

import type { ScpDriver, TimerKind } from './driver.ts'
import { defaultTimeoutMillis } from './driver.ts'
import type { QuorumSetOfStatement } from './federated-voting.ts'
import { MAX_TIMER_MILLIS } from './limits.ts'
import type { Envelope, Hash, NodeId, QuorumSet, SlotIndex, Statement } from './types.ts'

export interface SlotContext {
  readonly driver: ScpDriver
  readonly localNode: NodeId
  readonly slotIndex: SlotIndex
  /** Fixed for the whole slot: the order of statements would not show a change. */
  readonly quorumSet: QuorumSet
  readonly quorumSetHash: Hash
  readonly quorumSetOf: QuorumSetOfStatement
  /** False on a node that only follows, and for a statement with a value that is not fully valid. */
  mayEmit(statement: Statement): boolean
  /** Signs the statement and passes it to the driver, with the record that must be durable first. */
  emit(statement: Statement): Envelope
}

/** Starts the slot's timer for `round`, limited to the longest delay of a platform timer. */
export function startTimer(context: SlotContext, timer: TimerKind, round: number, onFire: () => void): void {
  const { driver, slotIndex } = context
  const delayMillis = driver.timeoutMillis?.(timer, round) ?? defaultTimeoutMillis(round)
  driver.setTimer(slotIndex, timer, Math.min(delayMillis, MAX_TIMER_MILLIS), onFire)
}
