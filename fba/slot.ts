// One slot: its nomination and ballot protocols, what it may send, and the record that must be durable before.

import { BallotProtocol } from './ballot-protocol.ts'
import type { BallotPhase } from './ballot-state.ts'
import type { ScpDriver, ValidationLevel } from './driver.ts'
import { ScpError } from './errors.ts'
import { Nomination } from './nomination.ts'
import type { SlotRecord } from './persistence.ts'
import type { ExternalizationProof } from './proof.ts'
import type { QuorumRegistry } from './quorum-registry.ts'
import { isVBlocking } from './quorum-set.ts'
import type { SlotContext } from './slot-context.ts'
import { companionQuorumSetHash, statementValues } from './statement.ts'
import type { Envelope, Hash, NodeId, QuorumSet, SlotIndex, Statement, Value } from './types.ts'

export interface SlotInit {
  readonly slotIndex: SlotIndex
  readonly localNode: NodeId
  readonly isValidator: boolean
  readonly quorumSetHash: Hash
  readonly registry: QuorumRegistry
  readonly driver: ScpDriver
  readonly onExternalized: (slotIndex: SlotIndex, value: Value) => void
}

/** Outcome of a statement that reached its slot. */
export type SlotOutcome = 'processed' | 'invalid-value' | 'contradicts-externalized'

export class Slot {
  readonly slotIndex: SlotIndex
  readonly quorumSetHash: Hash
  readonly #init: SlotInit
  readonly #quorumSet: QuorumSet
  readonly #nomination: Nomination
  readonly #ballots: BallotProtocol
  #gotVBlocking = false
  #externalized: Value | undefined

  constructor(init: SlotInit) {
    this.#init = init
    this.slotIndex = init.slotIndex
    this.quorumSetHash = init.quorumSetHash
    this.#quorumSet = init.registry.get(init.quorumSetHash)!
    const context: SlotContext = {
      driver: init.driver,
      localNode: init.localNode,
      slotIndex: init.slotIndex,
      quorumSet: this.#quorumSet,
      quorumSetHash: init.quorumSetHash,
      quorumSetOf: (statement) => init.registry.ofStatement(statement),
      mayEmit: (statement) => this.#mayEmit(statement),
      emit: (statement) => this.#emit(statement)
    }
    this.#nomination = new Nomination(context, (composite) => this.#ballots.start(composite))
    this.#ballots = new BallotProtocol({
      context,
      composite: () => this.#nomination.composite,
      onExternalized: (value) => this.#onExternalized(value)
    })
  }

  get phase(): BallotPhase {
    return this.#ballots.state.phase
  }

  get externalized(): Value | undefined {
    return this.#externalized
  }

  /** True once a v-blocking set of the local quorum set has sent statements on this slot. */
  get gotVBlocking(): boolean {
    return this.#gotVBlocking
  }

  get nomination(): Nomination {
    return this.#nomination
  }

  get ballots(): BallotProtocol {
    return this.#ballots
  }

  latestOf(node: NodeId, type: Statement['type']): Envelope | undefined {
    return type === 'nominate' ? this.#nomination.latestOf(node) : this.#ballots.latestOf(node)
  }

  nominate(value: Value, previousValue: Value): boolean {
    if (this.#externalized !== undefined) return false
    return this.#nomination.nominate(value, previousValue)
  }

  /** Processes a statement that is sane, newer than its author's last one and signed, with a known quorum set. */
  process(envelope: Envelope): SlotOutcome {
    const { statement } = envelope
    if (statement.type === 'nominate') {
      this.#nomination.process({ statement, signature: envelope.signature })
    } else {
      if (!this.#ballots.admits(statement)) return 'contradicts-externalized'
      if (this.#validate(statement) === 'invalid') return 'invalid-value'
      this.#ballots.process({ statement, signature: envelope.signature })
    }
    this.#gotVBlocking ||= isVBlocking(this.#quorumSet, new Set(this.#authors()))
    return 'processed'
  }

  #validate(statement: Statement): ValidationLevel {
    let level: ValidationLevel = 'valid'
    for (const value of statementValues(statement)) {
      const valueLevel = this.#init.driver.validate(this.slotIndex, value, false)
      if (valueLevel === 'invalid') return 'invalid'
      if (valueLevel === 'maybe-valid') level = 'maybe-valid'
    }
    return level
  }

  /**
   * A validator vouches for each value in its statements, so it names none that it cannot judge. It does not check other
   * nodes' values here: a node that names an unavailable value must not silence all others.
   */
  #mayEmit(statement: Statement): boolean {
    return this.#init.isValidator && this.#validate(statement) === 'valid'
  }

  #authors(): NodeId[] {
    return [...this.#nomination.envelopes(), ...this.#ballots.envelopes()].map((e) => e.statement.nodeId)
  }

  /** Evaluates everything again after missing data has arrived, and sends held-back statements. */
  reconsider(): void {
    this.#nomination.reconsider()
    this.#ballots.reconsider()
    this.#nomination.emitPending()
    this.#ballots.emitPending()
  }

  /** Signed statements, including our own, that bring a peer up to date on this slot. */
  currentState(): Envelope[] {
    return [...this.#nomination.envelopes(), ...this.#ballots.envelopes()].filter(isSigned)
  }

  /** Proof of this node's decision; undefined before it. */
  proof(): ExternalizationProof | undefined {
    if (this.#externalized === undefined) return undefined
    const envelopes = this.#ballots
      .externalizingEnvelopes()
      .filter((envelope) => envelope.statement.type !== 'prepare' && isSigned(envelope))
    return {
      slotIndex: this.slotIndex,
      value: this.#externalized,
      envelopes,
      quorumSets: this.#quorumSetsOf(envelopes)
    }
  }

  #quorumSetsOf(envelopes: readonly Envelope[]): QuorumSet[] {
    const hashes = new Set(envelopes.map(({ statement }) => companionQuorumSetHash(statement)))
    return [...hashes].map((hash) => this.#init.registry.get(hash)).filter((set) => set !== undefined)
  }

  /** Hashes of the quorum sets that this slot refers to. */
  quorumSetHashes(): Hash[] {
    return [
      this.quorumSetHash,
      ...this.currentState().map(({ statement }) => companionQuorumSetHash(statement))
    ]
  }

  /** @throws {ScpError} 'cannot-restore' if the record is not ours or the slot has started */
  restore(record: SlotRecord): void {
    const { localNode } = this.#init
    for (const own of [record.nomination, record.ballot]) {
      if (own === undefined) continue
      const { nodeId, slotIndex } = own.statement
      if (nodeId !== localNode || slotIndex !== this.slotIndex) {
        throw new ScpError('cannot-restore', `a statement of ${nodeId} on slot ${slotIndex}`)
      }
    }
    this.#nomination.restore(record.nomination, record.nominationRound)
    if (record.ballot === undefined) return
    this.#ballots.restore(
      record.ballot,
      record.proof.filter(({ statement }) => statement.nodeId !== localNode)
    )
    const { statement } = record.ballot
    if (statement.type === 'externalize') this.#externalized = statement.commit.value
  }

  #emit(statement: Statement): Envelope {
    const { driver } = this.#init
    const envelope = { statement, signature: driver.sign(statement) }
    driver.emit(envelope, this.#record(envelope))
    return envelope
  }

  #record(latest: Envelope): SlotRecord {
    const { statement, signature } = latest
    const proof = this.#ballots
      .externalizingEnvelopes()
      .filter((envelope) => envelope.statement.nodeId !== this.#init.localNode)
    return {
      slotIndex: this.slotIndex,
      quorumSet: this.#quorumSet,
      nominationRound: this.#nomination.round,
      nomination: statement.type === 'nominate' ? { statement, signature } : this.#nomination.lastEmitted,
      ballot: statement.type === 'nominate' ? this.#ballots.lastEmitted : { statement, signature },
      proof,
      proofQuorumSets: this.#quorumSetsOf(proof)
    }
  }

  #onExternalized(value: Value): void {
    this.#externalized = value
    this.#nomination.stop()
    this.#init.onExternalized(this.slotIndex, value)
  }
}

function isSigned(envelope: Envelope): boolean {
  return envelope.signature.length > 0
}
