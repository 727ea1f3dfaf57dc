// Who is heard of the validators, and whether they are enough.

import { isQuorumSlice, quorumSetNodes } from '../../fba/index.ts'
import type { NodeId, QuorumSet } from '../../fba/index.ts'
import type { Clock } from '../clock/index.ts'

/** A validator that was not heard for this many epochs is missing. */
const EPOCHS_TO_MISS = 3
const MIN_MISSING_MS = 15_000

export interface ValidatorStatus {
  readonly id: NodeId
  /** Milliseconds since it was last heard; undefined when it never was. */
  readonly heardMsAgo: number | undefined
  readonly isMissing: boolean
}

export class Health {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #self: NodeId
  readonly #quorumSet: QuorumSet
  readonly #validators: readonly NodeId[]
  readonly #heardAtMs = new Map<NodeId, number>()
  /** Without a decision for this long a map is stale; without a word for this long a validator is missing. */
  readonly patienceMs: number

  constructor(clock: Pick<Clock, 'monotonicMs'>, self: NodeId, quorumSet: QuorumSet, epochMs: number) {
    this.#clock = clock
    this.#self = self
    this.#quorumSet = quorumSet
    this.#validators = [...quorumSetNodes(quorumSet)].sort()
    this.patienceMs = Math.max(MIN_MISSING_MS, EPOCHS_TO_MISS * epochMs)
  }

  /** A statement or an answer of a validator came. */
  heard(node: NodeId): void {
    if (this.#validators.includes(node)) this.#heardAtMs.set(node, this.#clock.monotonicMs())
  }

  validators(): ValidatorStatus[] {
    const nowMs = this.#clock.monotonicMs()
    return this.#validators.map((id) => {
      const heardAtMs = id === this.#self ? nowMs : this.#heardAtMs.get(id)
      const heardMsAgo = heardAtMs === undefined ? undefined : nowMs - heardAtMs
      return { id, heardMsAgo, isMissing: heardMsAgo === undefined || heardMsAgo > this.patienceMs }
    })
  }

  /** Whether those who are heard are enough for this node to follow a decision. */
  hasQuorum(): boolean {
    const present = this.validators().filter(({ isMissing }) => !isMissing)
    return isQuorumSlice(this.#quorumSet, new Set(present.map(({ id }) => id)))
  }
}
