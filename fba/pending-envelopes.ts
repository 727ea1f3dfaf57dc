// Envelopes whose quorum set is still being fetched: the latest of each node per slot and protocol.

import { companionQuorumSetHash, isNewerStatement } from './statement.ts'
import type { Envelope, Hash, SlotIndex } from './types.ts'

export class PendingEnvelopes {
  readonly #waiting = new Map<string, Envelope>()

  /** Keeps `envelope` unless a newer one of its author is already waiting. @returns whether it was kept */
  add(envelope: Envelope): boolean {
    const { slotIndex, nodeId, type } = envelope.statement
    const key = `${slotIndex} ${type === 'nominate' ? 'nomination' : 'ballot'} ${nodeId}`
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined && !isNewerStatement(waiting.statement, envelope.statement)) return false
    this.#waiting.set(key, envelope)
    return true
  }

  /** Removes and returns the envelopes that wait for `hash`, by slot. */
  takeFor(hash: Hash): Envelope[] {
    const taken: Envelope[] = []
    for (const [key, envelope] of this.#waiting) {
      if (companionQuorumSetHash(envelope.statement) !== hash) continue
      this.#waiting.delete(key)
      taken.push(envelope)
    }
    return taken.sort((a, b) => a.statement.slotIndex - b.statement.slotIndex)
  }

  /** Forgets slots that are out of range. */
  drop(isOutOfRange: (slotIndex: SlotIndex) => boolean): void {
    for (const [key, { statement }] of this.#waiting) {
      if (isOutOfRange(statement.slotIndex)) this.#waiting.delete(key)
    }
  }

  /** Hashes that envelopes wait for. */
  hashes(): Set<Hash> {
    return new Set([...this.#waiting.values()].map(({ statement }) => companionQuorumSetHash(statement)))
  }
}
