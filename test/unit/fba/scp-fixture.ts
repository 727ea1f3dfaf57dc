// A node under test among nodes that are only voices: every statement but its own is written by hand.

import { createHash } from 'node:crypto'
import {
  Scp,
  type Ballot,
  type ConfirmStatement,
  type Envelope,
  type Equivocation,
  type ExternalizeStatement,
  type Hash,
  type NodeId,
  type NominateStatement,
  type PrepareStatement,
  type QuorumSet,
  type ReceiveOutcome,
  type ScpDriver,
  type ScpInit,
  type SlotIndex,
  type SlotRecord,
  type Statement,
  type TimerKind,
  type ValidationLevel,
  type Value,
  quorumSetHash,
  quorumSetNodes
} from '../../../fba/index.ts'

export const SLOT = 7
export const INFINITY = 2 ** 32 - 1

/** Three values, x < y < z, and what candidates combine to in these tests: the greatest. */
export const x = Uint8Array.of(1, 0)
export const y = Uint8Array.of(2, 0)
export const z = Uint8Array.of(3, 0)
export const previous = Uint8Array.of(9)

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
export const hashOf = (set: QuorumSet): Hash => quorumSetHash(set, sha256)

export function flat(threshold: number, nodes: readonly NodeId[]): QuorumSet {
  return { threshold, validators: nodes, innerSets: [] }
}

export const NODES5 = ['v0', 'v1', 'v2', 'v3', 'v4']
export const core5 = flat(4, NODES5)
export const core3 = flat(2, ['v0', 'v1', 'v2'])

/** A signature that anyone can check: the author's name. */
export function signed<S extends Statement>(statement: S): Envelope<S> {
  return { statement, signature: new TextEncoder().encode(statement.nodeId) }
}

export const ballot = (counter: number, value: Value): Ballot => ({ counter, value })

/** Writes the statements of nodes that all use `set`. */
export class Voices {
  readonly hash: Hash

  constructor(set: QuorumSet) {
    this.hash = hashOf(set)
  }

  nominate(nodeId: NodeId, votes: Value[], accepted: Value[] = []): Envelope<NominateStatement> {
    return signed({ type: 'nominate', ...this.#author(nodeId), votes, accepted })
  }

  prepare(
    nodeId: NodeId,
    b: Ballot,
    { p, pPrime, c = 0, h = 0 }: { p?: Ballot; pPrime?: Ballot; c?: number; h?: number } = {}
  ): Envelope<PrepareStatement> {
    return signed({
      type: 'prepare',
      ...this.#author(nodeId),
      ballot: b,
      prepared: p,
      preparedPrime: pPrime,
      commitCounter: c,
      highCounter: h
    })
  }

  confirm(
    nodeId: NodeId,
    b: Ballot,
    { p, c, h }: { p: number; c: number; h: number }
  ): Envelope<ConfirmStatement> {
    return signed({
      type: 'confirm',
      ...this.#author(nodeId),
      ballot: b,
      preparedCounter: p,
      commitCounter: c,
      highCounter: h
    })
  }

  externalize(nodeId: NodeId, commit: Ballot, h: number): Envelope<ExternalizeStatement> {
    return signed({
      type: 'externalize',
      nodeId,
      slotIndex: SLOT,
      commit,
      highCounter: h,
      commitQuorumSetHash: this.hash
    })
  }

  #author(nodeId: NodeId) {
    return { nodeId, slotIndex: SLOT, quorumSetHash: this.hash }
  }
}

/** Priority of each node as leader and of each value offered by one, in place of the hashes. */
export interface Priorities {
  leader?: (node: NodeId, round: number) => number
  value?: (value: Value) => number
}

export class TestNode {
  readonly scp: Scp
  readonly emitted: Envelope[] = []
  readonly records: SlotRecord[] = []
  readonly externalized: { slotIndex: SlotIndex; value: Value }[] = []
  readonly composites: Value[] = []
  readonly heard: Ballot[] = []
  readonly evidence: Equivocation[] = []
  readonly fetches: { hash: Hash; holder: NodeId }[] = []
  readonly verified: Envelope[] = []
  readonly timers = new Map<TimerKind, { delayMillis: number; fire: () => void }>()
  readonly #quorumSet: QuorumSet
  readonly #voices: Voices
  #candidates: Value[] = []
  validity: (value: Value) => ValidationLevel = () => 'valid'
  slotAgeSeconds = 0

  constructor(init: Partial<ScpInit> & { quorumSet: QuorumSet }, priorities: Priorities = {}) {
    this.#quorumSet = init.quorumSet
    this.#voices = new Voices(init.quorumSet)
    this.scp = new Scp(this.#driver(priorities), { nodeId: 'v0', currentSlot: SLOT, ...init })
  }

  #driver(priorities: Priorities): ScpDriver {
    return {
      sha256: (bytes) => rankedHash(bytes, priorities),
      sign: (statement) => signed(statement).signature,
      verify: (envelope) => {
        this.verified.push(envelope)
        return new TextDecoder().decode(envelope.signature) === envelope.statement.nodeId
      },
      emit: (envelope, record) => {
        this.emitted.push(envelope)
        this.records.push(record)
      },
      validate: (_slot, value) => this.validity(value),
      combineCandidates: (_slot, candidates) => candidates[candidates.length - 1],
      findQuorumSet: (hash, holder) => {
        this.fetches.push({ hash, holder })
        return undefined
      },
      setTimer: (_slot, timer, delayMillis, onFire) => {
        this.timers.set(timer, { delayMillis, fire: onFire })
      },
      stopTimer: (_slot, timer) => {
        this.timers.delete(timer)
      },
      slotAgeSeconds: () => this.slotAgeSeconds,
      externalized: (slotIndex, value) => this.externalized.push({ slotIndex, value }),
      compositeUpdated: (_slot, value) => this.composites.push(value),
      heardFromQuorum: (_slot, heard) => this.heard.push(heard),
      equivocation: (evidence) => this.evidence.push(evidence)
    }
  }

  receive(...envelopes: Envelope[]): ReceiveOutcome[] {
    return envelopes.map((envelope) => this.scp.receive(envelope))
  }

  nominate(value: Value): boolean {
    return this.scp.nominate(SLOT, value, previous)
  }

  /**
   * Makes `value` a candidate through everybody's nominations; the first one starts the ballot. What is sent
   * for it is forgotten up to the first ballot statement.
   */
  confirmCandidate(value: Value): void {
    if (this.#candidates.length === 0) this.nominate(value)
    this.#candidates = [...this.#candidates, value].sort((a, b) => a[0] - b[0])
    const others = [...quorumSetNodes(this.#quorumSet)].filter((node) => node !== 'v0')
    for (const node of others) this.receive(this.#voices.nominate(node, this.#candidates))
    for (const node of others) this.receive(this.#voices.nominate(node, this.#candidates, this.#candidates))
    const firstBallot = this.emitted.findIndex(({ statement }) => statement.type !== 'nominate')
    this.emitted.splice(0, firstBallot < 0 ? this.emitted.length : firstBallot)
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

  get lastStatement(): Statement {
    return this.emitted[this.emitted.length - 1].statement
  }

  /** Ballot statements sent since the last call. */
  takeEmitted(): Statement[] {
    return this.emitted.splice(0).map((envelope) => envelope.statement)
  }
}

/** SHA-256, except that the first eight bytes of a leader hash rank what `priorities` ranks. */
function rankedHash(bytes: Uint8Array, priorities: Priorities): Uint8Array {
  const draw = parseDraw(bytes)
  if (draw === undefined) return sha256(bytes)
  const rank =
    draw.tag === 1
      ? 0
      : draw.tag === 2
        ? priorities.leader?.(String.fromCharCode(...draw.subject), draw.round)
        : priorities.value?.(draw.subject)
  if (rank === undefined) return sha256(bytes)
  const digest = new Uint8Array(32)
  new DataView(digest.buffer).setBigUint64(0, BigInt(rank))
  return digest
}

/** slot u64, previous value, tag u32, round u32, subject: see docs/PROTOCOLS.md, "Leader election". */
function parseDraw(bytes: Uint8Array): { tag: number; round: number; subject: Uint8Array } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 24 || Number(view.getBigUint64(0)) !== SLOT) return undefined
  const afterPrevious = 12 + view.getUint32(8)
  if (afterPrevious !== 12 + previous.length) return undefined
  return {
    tag: view.getUint32(afterPrevious),
    round: view.getUint32(afterPrevious + 4),
    subject: bytes.subarray(afterPrevious + 12)
  }
}
