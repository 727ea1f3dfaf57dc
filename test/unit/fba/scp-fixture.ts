// The node v0 under test among nodes that are only voices: every statement but its own is written by hand.

import { createHash } from 'node:crypto'
import {
  type Ballot,
  type Envelope,
  type Equivocation,
  type Hash,
  type NodeId,
  type QuorumSet,
  quorumSetHash,
  quorumSetNodes,
  type ReceiveOutcome,
  Scp,
  type ScpDriver,
  type ScpInit,
  type SlotRecord,
  type Statement,
  type TimerKind,
  type ValidationLevel,
  type Value
} from '../../../fba/index.ts'
import { nameOf, parseStatement, printStatement, type ValueName, VALUES } from './transcript.ts'

export const SLOT = 7
export const PREVIOUS_VALUE = Uint8Array.of(9)

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
export const hashOf = (set: QuorumSet): Hash => quorumSetHash(set, sha256)

export function flat(threshold: number, ...nodes: NodeId[]): QuorumSet {
  return { threshold, validators: nodes, innerSets: [] }
}

/** 4 of 5: a quorum is four nodes, two block. */
export const CORE5 = flat(4, 'v0', 'v1', 'v2', 'v3', 'v4')
/** With v0, a quorum of core5. */
export const QUORUM = ['v1', 'v2', 'v3']
export const V_BLOCKING = ['v1', 'v2']

/** A signature that anyone can check: the author's name. */
export function signed<S extends Statement>(statement: S): Envelope<S> {
  return { statement, signature: new TextEncoder().encode(statement.nodeId) }
}

/** What `nodeId` would say; `set` is the quorum set it names. */
export function says(nodeId: NodeId, text: string, set: QuorumSet = CORE5, slotIndex = SLOT): Envelope {
  return signed(parseStatement(text, { nodeId, slotIndex, quorumSetHash: hashOf(set) }))
}

export interface TestNodeInit extends Partial<ScpInit> {
  /** Priority of each node as leader in a round, in place of the hash. */
  readonly leader?: (node: NodeId, round: number) => number
  /** Priority of a value offered by a leader, in place of the hash. */
  readonly valueRank?: (name: string) => number
}

export class TestNode {
  readonly scp: Scp
  readonly quorumSet: QuorumSet
  readonly emitted: Envelope[] = []
  readonly records: SlotRecord[] = []
  readonly externalized: string[] = []
  readonly composites: string[] = []
  readonly heard: Ballot[] = []
  readonly evidence: Equivocation[] = []
  readonly fetches: { hash: Hash; holder: NodeId }[] = []
  /** Quorum sets that the driver has at hand. */
  readonly library = new Map<Hash, QuorumSet>()
  readonly verified: Envelope[] = []
  readonly timers = new Map<TimerKind, { delayMillis: number; fire: () => void }>()
  validity: (name: string) => ValidationLevel = () => 'valid'
  extract: (name: string) => Value | undefined = () => undefined
  slotAgeSeconds = 0
  #candidates: ValueName[] = []

  constructor(init: TestNodeInit = {}) {
    this.quorumSet = init.quorumSet ?? CORE5
    this.scp = new Scp(this.#driver(init), {
      nodeId: 'v0',
      currentSlot: SLOT,
      quorumSet: this.quorumSet,
      ...init
    })
  }

  #driver(init: TestNodeInit): ScpDriver {
    return {
      sha256: (bytes) => rankedHash(bytes, init),
      sign: (statement) => signed(statement).signature,
      verify: (envelope) => {
        this.verified.push(envelope)
        return new TextDecoder().decode(envelope.signature) === envelope.statement.nodeId
      },
      emit: (envelope, record) => {
        this.emitted.push(envelope)
        this.records.push(record)
      },
      validate: (_slot, value) => this.validity(nameOf(value)),
      extractValid: (_slot, value) => this.extract(nameOf(value)),
      combineCandidates: (_slot, candidates) => candidates[candidates.length - 1],
      findQuorumSet: (hash, holder) => {
        this.fetches.push({ hash, holder })
        return this.library.get(hash)
      },
      setTimer: (_slot, timer, delayMillis, onFire) => {
        this.timers.set(timer, { delayMillis, fire: onFire })
      },
      stopTimer: (_slot, timer) => {
        this.timers.delete(timer)
      },
      slotAgeSeconds: () => this.slotAgeSeconds,
      externalized: (slotIndex, value) => this.externalized.push(`${slotIndex} ${nameOf(value)}`),
      compositeUpdated: (_slot, value) => this.composites.push(nameOf(value)),
      heardFromQuorum: (_slot, ballot) => this.heard.push(ballot),
      equivocation: (evidence) => this.evidence.push(evidence)
    }
  }

  /** Hears the same words from each of `nodes`. */
  hear(nodes: NodeId | readonly NodeId[], text: string): ReceiveOutcome[] {
    return [nodes].flat().map((node) => this.scp.receive(says(node, text, this.quorumSet)))
  }

  nominate(name: ValueName): boolean {
    return this.scp.nominate(SLOT, VALUES[name], PREVIOUS_VALUE)
  }

  /** Makes a value a candidate through everybody's nominations; the first one starts the ballot. */
  confirmCandidate(name: ValueName): void {
    if (this.#candidates.length === 0) this.nominate(name)
    this.#candidates = [...this.#candidates, name].sort()
    const list = `{${this.#candidates.join(',')}}`
    const others = [...quorumSetNodes(this.quorumSet)].filter((node) => node !== 'v0')
    this.hear(others, `NOMINATE ${list}`)
    this.hear(others, `NOMINATE ${list} accepted ${list}`)
  }

  /** As {@link confirmCandidate}, and forgets what was sent up to and including the first PREPARE. */
  startBallot(name: ValueName): void {
    this.confirmCandidate(name)
    this.takeSaid()
  }

  get slot() {
    return this.scp.slot(SLOT)!
  }

  /** Fires a timer that is running, as the clock would. */
  fire(timer: TimerKind): void {
    const running = this.timers.get(timer)
    if (running === undefined) throw new Error(`no ${timer} timer is running`)
    this.timers.delete(timer)
    running.fire()
  }

  /** What was sent since the last call. */
  takeSaid(): string[] {
    return this.emitted.splice(0).map((envelope) => printStatement(envelope.statement))
  }
}

/** SHA-256, except that the first eight bytes of a leader hash carry the rank asked for. */
function rankedHash(bytes: Uint8Array, { leader, valueRank }: TestNodeInit): Uint8Array {
  const draw = parseDraw(bytes)
  const rank = draw && rankOf(draw, leader, valueRank)
  if (rank === undefined) return sha256(bytes)
  const digest = new Uint8Array(32)
  new DataView(digest.buffer).setBigUint64(0, BigInt(rank))
  return digest
}

interface Draw {
  readonly tag: number
  readonly round: number
  readonly subject: Uint8Array
}

function rankOf(
  { tag, round, subject }: Draw,
  leader: TestNodeInit['leader'],
  valueRank: TestNodeInit['valueRank']
): number | undefined {
  if (tag === 3) return valueRank?.(nameOf(subject))
  if (leader === undefined) return undefined
  return tag === 1 ? 0 : leader(String.fromCharCode(...subject), round)
}

/** slot u64, previous value, tag u32, round u32, subject: docs/reference/protocols.md, "Leaders". */
function parseDraw(bytes: Uint8Array): Draw | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const afterPrevious = 12 + PREVIOUS_VALUE.length
  if (bytes.length < afterPrevious + 12 || view.getBigUint64(0) !== BigInt(SLOT)) return undefined
  if (view.getUint32(8) !== PREVIOUS_VALUE.length) return undefined
  return {
    tag: view.getUint32(afterPrevious),
    round: view.getUint32(afterPrevious + 4),
    subject: bytes.subarray(afterPrevious + 12)
  }
}
