// Reads that miss nothing: before one, a node makes sure that it has all that was agreed until then.
//
// A change is reported as made when the node of its author has seen a quorum accept the decision, and each member had
// written that down before it said so. A member that is asked later answers with a later round, or with ballots of that
// one. Any two quorums share an honest member; so a node that has heard from a quorum, and has come as far as each of its
// members, has the change.

import { isQuorumSlice, quorumSetNodes } from '../../fba/index.ts'
import type { NodeId, QuorumSet } from '../../fba/index.ts'
import type { AgreementLink, Reply } from '../agreement/index.ts'
import { deadlineIn } from '../clock/index.ts'
import type { Clock } from '../clock/index.ts'
import { FieldError } from './errors.ts'

export interface ReadBarrierInit {
  readonly self: NodeId
  /** Whom this node believes. */
  readonly quorumSet: QuorumSet
  readonly link: Pick<AgreementLink, 'ask'>
  readonly clock: Clock
  /** Fires when the node stops. */
  readonly signal: AbortSignal
  /** The last round whose outcome is applied here. */
  readonly round: () => number
  /** Calls back after each round. @returns ends it */
  readonly onRound: (listener: () => void) => () => void
  /** What this node would answer itself. */
  readonly own: () => Reply
  /** Takes in what a peer answered, so that this node comes as far as it. */
  readonly onReply: (peer: NodeId, reply: Reply) => Promise<void>
}

/** For the answers of a quorum, and for what they say to arrive here. */
const PATIENCE_MS = 3_000

export class ReadBarrier {
  readonly #init: ReadBarrierInit
  readonly #validators: readonly NodeId[]
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #passedMs: number | undefined
  #isFailing = false

  constructor(init: ReadBarrierInit) {
    this.#init = init
    this.#validators = [...quorumSetNodes(init.quorumSet)].filter((node) => node !== init.self)
  }

  /** When the state here was known to be the newest, by the monotonic clock; undefined if it never was. */
  get passedMs(): number | undefined {
    return this.#passedMs
  }

  /**
   * Resolves when this node has all that anybody was told as made before the call. Calls at one time share one question to
   * each validator. After a failure calls fail at once, until a question in the background has had its answers.
   *
   * @throws FieldError 'NO_QUORUM' | 'FIELD_STOPPED'; the signal's reason
   */
  async pass(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    // A question that is under way may have its answers from before the call.
    const passing =
      this.#running === undefined ? this.#start() : (this.#next ??= this.#startNext(this.#running))
    if (this.#isFailing) {
      passing.catch(() => {})
      throw noQuorum()
    }
    await (signal === undefined ? passing : withSignal(passing, signal))
  }

  async #startNext(running: Promise<void>): Promise<void> {
    await running.catch(() => {})
    this.#next = undefined
    await this.#start()
  }

  #start(): Promise<void> {
    const running = this.#ask().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    return (this.#running = running)
  }

  async #ask(): Promise<void> {
    const { self, clock, signal, onRound, own } = this.#init
    const startedMs = clock.monotonicMs()
    const over = new AbortController()
    using deadline = deadlineIn(clock, PATIENCE_MS, AbortSignal.any([signal, over.signal]))
    const answered = new Map<NodeId, number>([[self, roundOf(own())]])
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if (this.#isEnough(answered)) resolve()
    }
    const onAbort = (): void => reject(signal.aborted ? stopped() : noQuorum())
    deadline.signal.addEventListener('abort', onAbort, { once: true })
    const stop = onRound(look)
    for (const peer of this.#validators) void this.#askOne(peer, answered, look, deadline.signal)
    if (signal.aborted) onAbort()
    look()
    try {
      await promise
      this.#passedMs = startedMs
      this.#isFailing = false
    } catch (error) {
      this.#isFailing = true
      throw error
    } finally {
      stop()
      deadline.signal.removeEventListener('abort', onAbort)
      over.abort(new Error('enough peers have answered'))
    }
  }

  /** A peer that does not answer is missing from the quorum, which is told by whoever waits for it. */
  async #askOne(
    peer: NodeId,
    answered: Map<NodeId, number>,
    look: () => void,
    signal: AbortSignal
  ): Promise<void> {
    const { link, round, onReply } = this.#init
    try {
      const reply = await link.ask(peer, { fromSlot: round() + 1 }, { signal })
      answered.set(peer, roundOf(reply))
      look()
      await onReply(peer, reply)
      look()
    } catch {
      // Counts as silence.
    }
  }

  /** A liar who claims a round that never comes does not count: the others are a quorum without it. */
  #isEnough(answered: ReadonlyMap<NodeId, number>): boolean {
    const round = this.#init.round()
    const reached = [...answered].filter(([, at]) => at <= round).map(([peer]) => peer)
    return isQuorumSlice(this.#init.quorumSet, new Set(reached))
  }
}

/** The last round of which a peer may have told somebody that it is decided: of one with ballots it may have. */
const roundOf = ({ currentSlot, envelopes }: Reply): number => {
  const hasBallots = envelopes.some(
    ({ statement }) => statement.slotIndex === currentSlot && statement.type !== 'nominate'
  )
  return hasBallots ? currentSlot : currentSlot - 1
}

const noQuorum = (): FieldError =>
  new FieldError('NO_QUORUM', 'Too few validators answer: nobody knows whether there is something newer.')

const stopped = (): FieldError => new FieldError('FIELD_STOPPED', 'The node stops.')

const withSignal = async (work: Promise<void>, signal: AbortSignal): Promise<void> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Others may wait for it still; a failure is theirs.
    work.catch(() => {})
  }
}
