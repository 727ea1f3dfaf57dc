// Bytes kept on behalf of nodes that others brought in. One statement of a direct node can bring in a thousand nodes,
// each of which may then speak; the direct node answers for what all of them together make us keep.

import type { Introduction } from './introductions.ts'
import { leastLoaded } from './introductions.ts'
import { MAX_INTRODUCED_BYTES } from './limits.ts'
import { statementValues } from './statement.ts'
import type { NodeId, SlotIndex, Statement } from './types.ts'

/** What is kept of a node in a slot: one entry of each kind. */
export type KeptKind = 'nomination' | 'ballot' | 'waiting nomination' | 'waiting ballot' | 'evidence'

interface Charge {
  readonly introducer: NodeId
  readonly bytes: number
}

interface SlotAccount {
  /** By kind and node. */
  readonly charges: Map<string, Charge>
  readonly totals: Map<NodeId, number>
}

export interface IntroducerBudgetInit {
  /** Who brought a node in, or undefined for a node that the local quorum sets name: those have no budget. */
  readonly introductionOf: (node: NodeId) => Introduction | undefined
  /** Nodes in the quorum set of a statement where the set is kept only for the sake of nodes that were brought in. */
  readonly extraSetNodes: (statement: Statement) => number
}

export class IntroducerBudget {
  readonly #init: IntroducerBudgetInit
  readonly #slots = new Map<SlotIndex, SlotAccount>()

  constructor(init: IntroducerBudgetInit) {
    this.#init = init
  }

  /**
   * Whether `statement`, and `others` beside it, may be kept in place of its author's entry of this kind. An author at
   * distance d may fill the budget of an introducer up to 1 / 2^(d - 1), so that far nodes leave room for those that the
   * introducer names itself.
   */
  hasRoom(kind: KeptKind, statement: Statement, ...others: Statement[]): boolean {
    return this.#chargeFor(kind, [statement, ...others]) !== 'no-room'
  }

  /** Records that the statements are kept, where {@link hasRoom} said that they may be. */
  charge(kind: KeptKind, statement: Statement, ...others: Statement[]): void {
    const charge = this.#chargeFor(kind, [statement, ...others])
    if (charge === undefined || charge === 'no-room') return
    this.release(kind, statement)
    const { charges, totals } = this.#open(statement.slotIndex)
    charges.set(keyOf(kind, statement.nodeId), charge)
    totals.set(charge.introducer, (totals.get(charge.introducer) ?? 0) + charge.bytes)
  }

  /** The author's entry of this kind is no longer kept. */
  release(kind: KeptKind, { slotIndex, nodeId }: Statement): void {
    this.#release(slotIndex, keyOf(kind, nodeId))
  }

  /** All nominations of a slot were dropped. */
  releaseNominations(slotIndex: SlotIndex): void {
    for (const key of this.#slots.get(slotIndex)?.charges.keys() ?? []) {
      if (key.startsWith(NOMINATION)) this.#release(slotIndex, key)
    }
  }

  /** Forgets slots that are out of range. */
  drop(isOutOfRange: (slotIndex: SlotIndex) => boolean): void {
    for (const slotIndex of this.#slots.keys()) {
      if (isOutOfRange(slotIndex)) this.#slots.delete(slotIndex)
    }
  }

  /** undefined where nobody is charged. */
  #chargeFor(kind: KeptKind, statements: readonly Statement[]): Charge | 'no-room' | undefined {
    const [{ slotIndex, nodeId }] = statements
    const introduction = this.#init.introductionOf(nodeId)
    if (introduction === undefined) return undefined
    const bytes = statements.reduce((sum, each) => sum + keptBytes(each, this.#init.extraSetNodes(each)), 0)
    const account = this.#slots.get(slotIndex)
    const replaced = account?.charges.get(keyOf(kind, nodeId))
    const loadOf = (node: NodeId): number =>
      (account?.totals.get(node) ?? 0) - (replaced?.introducer === node ? replaced.bytes : 0)
    const introducer = leastLoaded(introduction.introducers, loadOf)
    const limit = MAX_INTRODUCED_BYTES / 2 ** (introduction.distance - 1)
    return loadOf(introducer) + bytes <= limit ? { introducer, bytes } : 'no-room'
  }

  #release(slotIndex: SlotIndex, key: string): void {
    const account = this.#slots.get(slotIndex)
    const charge = account?.charges.get(key)
    if (account === undefined || charge === undefined) return
    account.charges.delete(key)
    account.totals.set(charge.introducer, account.totals.get(charge.introducer)! - charge.bytes)
  }

  #open(slotIndex: SlotIndex): SlotAccount {
    let account = this.#slots.get(slotIndex)
    if (account === undefined) {
      account = { charges: new Map(), totals: new Map() }
      this.#slots.set(slotIndex, account)
    }
    return account
  }
}

const NOMINATION = 'nomination '
const keyOf = (kind: KeptKind, node: NodeId): string => `${kind} ${node}`

/** Fixed part of what a statement occupies: its fields, its signature and the objects around them. */
const STATEMENT_OVERHEAD_BYTES = 512
/** A value in a list: its length on the wire, and the array around it in memory. */
const VALUE_OVERHEAD_BYTES = 128
/** A node id in a quorum set, as kept in memory. */
const QUORUM_SET_NODE_BYTES = 96

/** What keeping `statement` costs, with a quorum set of `setNodes` nodes that is kept for its sake. */
export function keptBytes(statement: Statement, setNodes: number): number {
  return statementValues(statement).reduce(
    (sum, value) => sum + value.length + VALUE_OVERHEAD_BYTES,
    STATEMENT_OVERHEAD_BYTES + setNodes * QUORUM_SET_NODE_BYTES
  )
}
