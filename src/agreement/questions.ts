// Asking peers for what gossip did not bring: payloads by hash, quorum sets, statements of a slot, proofs.

import { toHex } from '../../fba/bytes.ts'
import { deadlineIn } from '../clock/index.ts'
import type { Clock, RandomSource } from '../clock/index.ts'
import type { AgreementLink, Question, Reply } from './link.ts'

/** Peers asked for one thing: one that is silent or lies costs nothing then. */
const PEERS_AT_ONCE = 3
const ANSWER_DEADLINE_MS = 5_000
const MAX_PAYLOADS = 32
const MAX_QUORUM_SETS = 8

export interface QuestionsInit {
  readonly link: Pick<AgreementLink, 'ask' | 'peers'>
  readonly clock: Clock
  readonly random: RandomSource
  readonly signal: AbortSignal
  readonly onReply: (peer: string, reply: Reply) => Promise<void>
  readonly onSilence: (peer: string, error: unknown) => void
}

export class Questions {
  readonly #init: QuestionsInit
  readonly #payloads = new Map<string, Uint8Array>()
  readonly #quorumSets = new Set<string>()
  /** Peers that have not answered yet, and what they were asked. They are asked nothing else meanwhile. */
  readonly #asking = new Map<string, Question>()
  #hasUnasked = false

  constructor(init: QuestionsInit) {
    this.#init = init
  }

  wantPayloads(hashes: readonly Uint8Array[]): void {
    for (const hash of hashes) {
      const key = toHex(hash)
      if (!this.#payloads.has(key)) this.#hasUnasked = true
      this.#payloads.set(key, hash)
    }
  }

  wantQuorumSet(hash: string): void {
    if (!this.#quorumSets.has(hash)) this.#hasUnasked = true
    this.#quorumSets.add(hash)
  }

  wants(hash: string): boolean {
    return this.#payloads.has(hash)
  }

  got(hash: string): void {
    this.#payloads.delete(hash)
    this.#quorumSets.delete(hash)
  }

  /** Forgets all wishes: the slot that they were for is over. */
  clear(): void {
    this.#payloads.clear()
    this.#quorumSets.clear()
  }

  get isWaiting(): boolean {
    return this.#payloads.size > 0 || this.#quorumSets.size > 0
  }

  /** Something is wanted that nobody has been asked for yet. */
  get hasUnasked(): boolean {
    return this.#hasUnasked && this.isWaiting
  }

  /** Asks a few random peers, `first` before others, for all that is wanted and for `more`. */
  async ask(more: Question = {}, first?: string): Promise<void> {
    const peers = this.#choose(first)
    if (peers.length === 0) return
    this.#hasUnasked = this.#payloads.size > MAX_PAYLOADS
    const question: Question = {
      ...more,
      payloads: this.#nextPayloads(),
      quorumSets: [...this.#quorumSets].slice(0, MAX_QUORUM_SETS)
    }
    await Promise.all(peers.map(async (peer) => this.#askOne(peer, question)))
  }

  /** Those that were not asked for, or longest ago: a liar's that nobody has must not stand before all others. */
  #nextPayloads(): Uint8Array[] {
    const next = [...this.#payloads].slice(0, MAX_PAYLOADS)
    for (const [key, hash] of next) {
      this.#payloads.delete(key)
      this.#payloads.set(key, hash)
    }
    return next.map(([, hash]) => hash)
  }

  async #askOne(peer: string, question: Question): Promise<void> {
    const { link, clock, signal, onReply, onSilence } = this.#init
    this.#asking.set(peer, question)
    using deadline = deadlineIn(clock, ANSWER_DEADLINE_MS, signal)
    try {
      const reply = await link.ask(peer, question, { signal: deadline.signal })
      this.#answered(peer, question)
      await onReply(peer, reply)
    } catch (error) {
      if (!signal.aborted) onSilence(peer, error)
    } finally {
      this.#answered(peer, question)
    }
  }

  /** Another question may be on its way to the peer by now. */
  #answered(peer: string, question: Question): void {
    if (this.#asking.get(peer) === question) this.#asking.delete(peer)
  }

  #choose(first: string | undefined): string[] {
    const { link, random } = this.#init
    const pool = link.peers().filter((peer) => !this.#asking.has(peer))
    const chosen = first !== undefined && pool.includes(first) ? [first] : []
    while (chosen.length < PEERS_AT_ONCE && pool.length > 0) {
      const [peer] = pool.splice(Math.floor(random.unit() * pool.length), 1)
      if (!chosen.includes(peer)) chosen.push(peer)
    }
    return chosen
  }
}
