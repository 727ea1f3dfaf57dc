// What an agreement on the map and one on slots do alike: judge gossip, answer questions, and move on by a proof.

import { createHash } from 'node:crypto'
import { verifyExternalization } from '../../fba/index.ts'
import type {
  BallotStatement,
  Envelope,
  QuorumSet,
  ReceiveOutcome,
  Scp,
  SlotIndex,
  Statement,
  Value
} from '../../fba/index.ts'
import { deadlineIn } from '../clock/index.ts'
import type { Clock } from '../clock/index.ts'
import type { AgreementLink, MapQuestion, Question, Reply } from './link.ts'

/** What becomes of an envelope that came by gossip: passed on, dropped, or held against its sender. */
export type EpochOutcome = 'accept' | 'ignore' | 'reject'

/** Slots whose statements one answer has at most. */
const SLOTS_PER_ANSWER = 4
const PROOF_DEADLINE_MS = 5_000

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

export function optional<T>(item: T | undefined): T[] {
  return item === undefined ? [] : [item]
}

export function gossipOutcome(outcome: ReceiveOutcome): EpochOutcome {
  switch (outcome) {
    case 'processed':
      return 'accept'
    case 'malformed':
    case 'bad-signature':
    case 'bad-quorum-set':
      return 'reject'
    default:
      return 'ignore'
  }
}

export interface AnswerParts {
  /** What this node may say: of its own statements those that are durable. */
  readonly maySay: (envelope: Envelope) => boolean
  readonly payload: (hash: Uint8Array) => Uint8Array | undefined
  /** What there is of a map: the delta, else all of it. Left out where there are no maps. */
  readonly map?: (question: MapQuestion) => MapAnswer
}

export interface MapAnswer {
  readonly delta?: Uint8Array
  readonly whole?: Uint8Array
}

/** Answers a peer. Bounded by what was asked for. */
export function answerQuestion(
  scp: Scp,
  { fromSlot, quorumSets = [], payloads = [], proofOfSlot, map: mapQuestion }: Question,
  { maySay, payload, map }: AnswerParts
): Reply {
  const envelopes: Envelope[] = []
  const sets: QuorumSet[] = []
  if (fromSlot !== undefined) {
    const first = Math.max(fromSlot, scp.currentSlot - SLOTS_PER_ANSWER + 1)
    for (let slot = first; slot < first + SLOTS_PER_ANSWER; slot++) envelopes.push(...scp.stateFor(slot))
  }
  const proof = proofOfSlot === undefined ? undefined : scp.proofFor(proofOfSlot)
  if (proof !== undefined) {
    envelopes.push(...proof.envelopes)
    sets.push(...proof.quorumSets)
  }
  for (const hash of quorumSets) sets.push(...optional(scp.quorumSet(hash)))
  const { delta, whole } = (mapQuestion && map?.(mapQuestion)) ?? {}
  return {
    currentSlot: scp.currentSlot,
    envelopes: envelopes.filter(maySay),
    quorumSets: sets,
    payloads: [...optional(whole), ...payloads.flatMap((hash) => optional(payload(hash)))],
    ...(delta !== undefined && { mapDelta: delta })
  }
}

export interface ProofInit {
  readonly link: Pick<AgreementLink, 'ask'>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Whom this node believes. */
  readonly quorumSet: QuorumSet
  readonly verify: (envelope: Envelope) => boolean
}

/**
 * Asks a peer why a slot was decided as it was.
 *
 * @returns the decision; undefined when the peer knows none, 'unproved' when what it sent proves none
 * @throws what the link throws
 */
export async function askForDecision(
  peer: string,
  slot: SlotIndex,
  { link, clock, signal, quorumSet, verify }: ProofInit
): Promise<Value | 'unproved' | undefined> {
  using deadline = deadlineIn(clock, PROOF_DEADLINE_MS, signal)
  const reply = await link.ask(peer, { proofOfSlot: slot }, { signal: deadline.signal })
  const envelopes = reply.envelopes.filter(isBallotOf(slot))
  const value = envelopes.map(({ statement }) => decidedValue(statement)).find((found) => found !== undefined)
  if (value === undefined) return undefined
  const proof = { slotIndex: slot, value, envelopes, quorumSets: reply.quorumSets }
  return verifyExternalization(proof, quorumSet, { sha256, verify }) ? value : 'unproved'
}

const isBallotOf =
  (slot: SlotIndex) =>
  (envelope: Envelope): envelope is Envelope<BallotStatement> =>
    envelope.statement.slotIndex === slot && envelope.statement.type !== 'nominate'

function decidedValue(statement: Statement): Value | undefined {
  if (statement.type === 'externalize') return statement.commit.value
  return statement.type === 'confirm' ? statement.ballot.value : undefined
}
