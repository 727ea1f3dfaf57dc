// The Stellar Consensus Protocol of one node: all its slots, the nodes that it hears, and the order of the checks, cheap
// ones first.

import type { ScpDriver } from './driver.ts'
import { ScpError } from './errors.ts'
import type { Equivocation } from './evidence.ts'
import { IntroducerBudget } from './introducer-budget.ts'
import { COUNTER_ALLOWANCE } from './limits.ts'
import { PendingEnvelopes } from './pending-envelopes.ts'
import type { SlotRecord } from './persistence.ts'
import type { ExternalizationProof } from './proof.ts'
import { QuorumRegistry } from './quorum-registry.ts'
import type { SlotOutcome } from './slot.ts'
import { Slot } from './slot.ts'
import { areContradictory, highestFiniteCounter, isNewerStatement, isStatementSane } from './statement.ts'
import type { Envelope, Hash, NodeId, QuorumSet, SlotIndex, Statement, Value } from './types.ts'

export interface ScpInit {
  readonly nodeId: NodeId
  readonly quorumSet: QuorumSet
  /** The slot to decide next. */
  readonly currentSlot: SlotIndex
  /** False for a node that follows and never sends. @default true */
  readonly isValidator?: boolean
  /** Decided slots kept for peers that lag. @default 12 */
  readonly slotsBehind?: number
  /** Slots after the current one whose statements are accepted. @default 4 */
  readonly slotsAhead?: number
}

/** Outcome of an envelope. Only 'processed' and 'stale' envelopes are passed on to other nodes. */
export type ReceiveOutcome =
  | SlotOutcome
  /** Nothing new. */
  | 'stale'
  /** Kept until its quorum set arrives. */
  | 'pending'
  | 'malformed'
  | 'slot-out-of-range'
  /** Its author is not in any quorum that this node depends on. */
  | 'not-in-quorum'
  | 'counter-too-high'
  | 'bad-signature'
  | 'bad-quorum-set'
  | 'too-many-fetches'
  /** The introducers of its author have used up their budget for this slot. */
  | 'introducer-over-budget'
  /** It contradicts what its author signed before; the driver has received the evidence. */
  | 'equivocation'

export class Scp {
  readonly #driver: ScpDriver
  readonly #nodeId: NodeId
  readonly #isValidator: boolean
  readonly #slotsBehind: number
  readonly #slotsAhead: number
  readonly #registry: QuorumRegistry
  readonly #slots = new Map<SlotIndex, Slot>()
  readonly #pending = new PendingEnvelopes()
  readonly #budget: IntroducerBudget
  /** The first evidence against each node, by slot. */
  readonly #evidence = new Map<SlotIndex, Map<NodeId, Equivocation>>()
  #localHash: Hash
  #currentSlot: SlotIndex

  /** @throws {QuorumSetError} if the quorum set is not sane */
  constructor(driver: ScpDriver, init: ScpInit) {
    this.#driver = driver
    this.#nodeId = init.nodeId
    this.#isValidator = init.isValidator ?? true
    this.#slotsBehind = init.slotsBehind ?? 12
    this.#slotsAhead = init.slotsAhead ?? 4
    this.#currentSlot = init.currentSlot
    const registry = (this.#registry = new QuorumRegistry(driver, init.nodeId))
    this.#budget = new IntroducerBudget({
      introductionOf: (node) => registry.introductionOf(node),
      extraSetNodes: (statement) => registry.extraSetNodes(statement)
    })
    this.#localHash = this.#registry.addLocal(init.quorumSet)
  }

  /** The slot to decide next. */
  get currentSlot(): SlotIndex {
    return this.#currentSlot
  }

  /** Hash of the quorum set for slots that have not begun. */
  get quorumSetHash(): Hash {
    return this.#localHash
  }

  /** Nodes whose statements are accepted. */
  get quorumNodes(): ReadonlySet<NodeId> {
    return this.#registry.members
  }

  /** A slot that has begun here; read only. */
  slot(slotIndex: SlotIndex): Slot | undefined {
    return this.#slots.get(slotIndex)
  }

  /** A known quorum set, to answer a peer that asks for it. */
  quorumSet(hash: Hash): QuorumSet | undefined {
    return this.#registry.get(hash)
  }

  evidence(): Equivocation[] {
    return [...this.#evidence.values()].flatMap((bySlot) => [...bySlot.values()])
  }

  /**
   * Proposes `value` for a slot, and continues with further rounds until a candidate is confirmed.
   * @param previousValue seed of the leader election, the same on all nodes: the decision of the previous slot, or better
   * its `leaderSeed`, which leaves the proposer little choice
   * @returns whether there are new votes
   * @throws {ScpError} 'slot-out-of-range'
   */
  nominate(slotIndex: SlotIndex, value: Value, previousValue: Value): boolean {
    if (!this.#isInRange(slotIndex)) throw new ScpError('slot-out-of-range', String(slotIndex))
    return this.#openSlot(slotIndex).nominate(value, previousValue)
  }

  /** Processes an envelope from the network. Never throws, whatever the envelope contains. */
  receive(envelope: Envelope): ReceiveOutcome {
    const { statement } = envelope
    if (!isStatementSane(statement)) return 'malformed'
    if (!this.#isInRange(statement.slotIndex)) return 'slot-out-of-range'
    if (!this.#registry.isInQuorum(statement.nodeId)) return 'not-in-quorum'
    if (statement.nodeId === this.#nodeId) return 'stale'
    const slot = this.#slots.get(statement.slotIndex)
    if (statement.type === 'nominate' && slot?.externalized !== undefined) return 'stale'
    const latest = slot?.latestOf(statement.nodeId, statement.type)
    const isConflict = latest !== undefined && areContradictory(latest.statement, statement)
    if (!isConflict && !isNews(latest, statement)) return 'stale'
    if (highestFiniteCounter(statement) > this.#counterLimit(statement.slotIndex)) return 'counter-too-high'
    if (isConflict && this.#evidence.get(statement.slotIndex)?.has(statement.nodeId)) return 'equivocation'
    const hasRoom = isConflict
      ? this.#budget.hasRoom('evidence', statement, latest.statement)
      : this.#budget.hasRoom(keptAs(statement), statement)
    if (!hasRoom) return 'introducer-over-budget'
    if (!this.#driver.verify(envelope)) return 'bad-signature'
    if (isConflict) return this.#convict(latest, envelope)
    return this.#admit(envelope)
  }

  #admit(envelope: Envelope): ReceiveOutcome {
    const { statement } = envelope
    switch (this.#registry.require(statement)) {
      case 'insane':
        return 'bad-quorum-set'
      case 'refused':
        return 'too-many-fetches'
      case 'wanted':
        if (!this.#budget.hasRoom(`waiting ${keptAs(statement)}`, statement)) {
          this.#registry.retainWanted(this.#pending.hashes())
          return 'introducer-over-budget'
        }
        if (this.#pending.add(envelope)) this.#budget.charge(`waiting ${keptAs(statement)}`, statement)
        return 'pending'
      case 'known': {
        // Check again: its quorum set, which counts too, is known only now.
        if (!this.#budget.hasRoom(keptAs(statement), statement)) return 'introducer-over-budget'
        const outcome = this.#openSlot(statement.slotIndex).process(envelope)
        if (outcome === 'processed') {
          this.#budget.charge(keptAs(statement), statement)
          this.#registry.noteUse(statement)
        }
        if (this.#registry.isCrowded) this.#dropUnusedQuorumSets()
        return outcome
      }
    }
  }

  #convict(first: Envelope, second: Envelope): ReceiveOutcome {
    const { nodeId, slotIndex } = second.statement
    const evidence: Equivocation = { nodeId, slotIndex, first, second }
    const bySlot = this.#evidence.get(slotIndex) ?? new Map<NodeId, Equivocation>()
    this.#evidence.set(slotIndex, bySlot.set(nodeId, evidence))
    this.#budget.charge('evidence', second.statement, first.statement)
    this.#driver.equivocation?.(evidence)
    return 'equivocation'
  }

  /**
   * Processes a quorum set that was requested through the driver, and the statements that waited for it.
   * @returns whether any statement waited for it
   */
  receiveQuorumSet(set: QuorumSet): boolean {
    const hash = this.#registry.acceptWanted(set)
    if (hash === undefined) return false
    const waiting = this.#pending.takeFor(hash)
    this.#registry.retainWanted(this.#pending.hashes())
    for (const envelope of waiting) {
      this.#budget.release(`waiting ${keptAs(envelope.statement)}`, envelope.statement)
      if (this.#isInRange(envelope.statement.slotIndex)) this.#admitIfNews(envelope)
    }
    return true
  }

  #admitIfNews(envelope: Envelope): void {
    const { slotIndex, nodeId, type } = envelope.statement
    const latest = this.#slots.get(slotIndex)?.latestOf(nodeId, type)
    if (isNews(latest, envelope.statement)) this.#admit(envelope)
  }

  /** Continues a slot after one of its values has become judgeable, and sends held-back statements. */
  reconsider(slotIndex: SlotIndex): void {
    this.#slots.get(slotIndex)?.reconsider()
  }

  /**
   * Changes the local quorum set for slots that have not begun; current slots keep theirs.
   * @throws {QuorumSetError} if `set` is not sane
   */
  setQuorumSet(set: QuorumSet): void {
    this.#localHash = this.#registry.addLocal(set)
  }

  /** Moves to a later slot, e.g. after catching up with a proof; drops slots that are out of range. */
  moveTo(slotIndex: SlotIndex): void {
    if (slotIndex <= this.#currentSlot) return
    this.#currentSlot = slotIndex
    for (const [index, slot] of this.#slots) {
      if (this.#isInRange(index)) continue
      slot.nomination.stop()
      this.#driver.stopTimer(index, 'ballot')
      this.#slots.delete(index)
    }
    for (const index of this.#evidence.keys()) {
      if (!this.#isInRange(index)) this.#evidence.delete(index)
    }
    this.#pending.drop((index) => !this.#isInRange(index))
    this.#budget.drop((index) => !this.#isInRange(index))
    this.#registry.retainWanted(this.#pending.hashes())
    this.#dropUnusedQuorumSets()
  }

  #dropUnusedQuorumSets(): void {
    const used = new Set([
      this.#localHash,
      ...[...this.#slots.values()].flatMap((slot) => slot.quorumSetHashes())
    ])
    this.#registry.retain((hash) => used.has(hash))
  }

  /** Signed statements for a peer that asks about a slot. */
  stateFor(slotIndex: SlotIndex): Envelope[] {
    return this.#slots.get(slotIndex)?.currentState() ?? []
  }

  /** This node's last statements on a slot. Send them again after a restart: the crash may have prevented it. */
  ownEnvelopes(slotIndex: SlotIndex): Envelope[] {
    return this.stateFor(slotIndex).filter(({ statement }) => statement.nodeId === this.#nodeId)
  }

  /** Proof of a decided slot, as long as it is kept. */
  proofFor(slotIndex: SlotIndex): ExternalizationProof | undefined {
    return this.#slots.get(slotIndex)?.proof()
  }

  /**
   * Restores a slot from its durable record, before anything is nominated or received for it.
   * @returns false for a slot so old that this node no longer serves it
   * @throws {ScpError} 'cannot-restore', or 'slot-out-of-range' for a slot too far ahead
   */
  restore(record: SlotRecord): boolean {
    const { slotIndex } = record
    if (slotIndex < this.#currentSlot - this.#slotsBehind) return false
    if (!this.#isInRange(slotIndex)) throw new ScpError('slot-out-of-range', String(slotIndex))
    if (this.#slots.has(slotIndex)) throw new ScpError('cannot-restore', `slot ${slotIndex} has started`)
    for (const set of record.proofQuorumSets) this.#registry.accept(set)
    const slot = this.#newSlot(slotIndex, this.#registry.addLocal(record.quorumSet))
    slot.restore(record)
    this.#slots.set(slotIndex, slot)
    if (slot.externalized !== undefined) this.moveTo(slotIndex + 1)
    return true
  }

  #counterLimit(slotIndex: SlotIndex): number {
    return COUNTER_ALLOWANCE + this.#driver.slotAgeSeconds(slotIndex)
  }

  #isInRange(slotIndex: SlotIndex): boolean {
    return (
      slotIndex >= this.#currentSlot - this.#slotsBehind && slotIndex <= this.#currentSlot + this.#slotsAhead
    )
  }

  #openSlot(slotIndex: SlotIndex): Slot {
    let slot = this.#slots.get(slotIndex)
    if (slot === undefined) {
      slot = this.#newSlot(slotIndex, this.#localHash)
      this.#slots.set(slotIndex, slot)
    }
    return slot
  }

  #newSlot(slotIndex: SlotIndex, quorumSetHash: Hash): Slot {
    return new Slot({
      slotIndex,
      quorumSetHash,
      localNode: this.#nodeId,
      isValidator: this.#isValidator,
      registry: this.#registry,
      driver: this.#driver,
      onExternalized: (index, value) => {
        this.#budget.releaseNominations(index)
        this.moveTo(index + 1)
        this.#driver.externalized(index, value)
      }
    })
  }
}

/** Whether `next` is worth a signature check: it is newer than its author's last statement, if any. */
function isNews(latest: Envelope | undefined, next: Statement): boolean {
  return latest === undefined || isNewerStatement(latest.statement, next)
}

function keptAs({ type }: Statement): 'nomination' | 'ballot' {
  return type === 'nominate' ? 'nomination' : 'ballot'
}
