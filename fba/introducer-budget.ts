// Bytes kept for introduced nodes. One statement of a direct node can introduce a thousand nodes, each of which may then
// send statements. All that we keep for them counts against the budget of the direct node.

import type { Introduction } from './introductions.ts'
import { leastLoaded } from './introductions.ts'
import { MAX_INTRODUCED_BYTES } from './limits.ts'
import { statementValues } from './statement.ts'
import type { NodeId, SlotIndex, Statement } from './types.ts'

/** The entries kept of a node in a slot: one of each kind. */
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
  /** The introduction of a node; undefined for nodes that the local quorum sets name, which have no limit. */
  readonly introductionOf: (node: NodeId) => Introduction | undefined
  /** Nodes in the quorum set of a statement if the set is kept only for introduced nodes, else 0. */
  readonly extraSetNodes: (statement: Statement) => number
}

export class IntroducerBudget {
  readonly #init: IntroducerBudgetInit
  readonly #slots = new Map<SlotIndex, SlotAccount>()

  constructor(init: IntroducerBudgetInit) {
    this.#init = init
  }

  /**
   * Whether `statement`, together with `others`, may replace its author's entry of this kind. An author at distance d may
   * fill an introducer's budget only up to 1 / 2^(d - 1), so that distant nodes leave room for those that the introducer
   * names itself.
   */
  hasRoom(kind: KeptKind, statement: Statement, ...others: Statement[]): boolean {
    return this.#chargeFor(kind, [statement, ...others]) !== 'no-room'
  }

  /** Records that the statements are kept. Does nothing unless {@link hasRoom} is true for them. */
  charge(kind: KeptKind, statement: Statement, ...others: Statement[]): void {
    const charge = this.#chargeFor(kind, [statement, ...others])
    if (charge === undefined || charge === 'no-room') return
    this.release(kind, statement)
    const { charges, totals } = this.#open(statement.slotIndex)
    charges.set(keyOf(kind, statement.nodeId), charge)
    totals.set(charge.introducer, (totals.get(charge.introducer) ?? 0) + charge.bytes)
  }

  /** Records that the author's entry of this kind has been dropped. */
  release(kind: KeptKind, { slotIndex, nodeId }: Statement): void {
    this.#release(slotIndex, keyOf(kind, nodeId))
  }

  /** Records that all nominations of a slot have been dropped. */
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

  /** undefined if no introducer is charged. */
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

/** Fixed memory of a statement: its fields, its signature and the objects around them. */
const STATEMENT_OVERHEAD_BYTES = 512
/** A value in a list: its length on the wire, and the array around it in memory. */
const VALUE_OVERHEAD_BYTES = 128
/** A node id in a quorum set, as kept in memory. */
const QUORUM_SET_NODE_BYTES = 96

/** Bytes to keep `statement`, with a quorum set of `setNodes` nodes that is kept only for it. */
export function keptBytes(statement: Statement, setNodes: number): number {
  return statementValues(statement).reduce(
    (sum, value) => sum + value.length + VALUE_OVERHEAD_BYTES,
    STATEMENT_OVERHEAD_BYTES + setNodes * QUORUM_SET_NODE_BYTES
  )
}
