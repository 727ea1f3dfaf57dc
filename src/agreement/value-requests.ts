// Fetches values and maps by their hashes: one peer at a time, first those that probably have it.
import { toHex } from '../../fba/bytes.ts'
import type { NodeId } from '../../fba/index.ts'
import { deadlineIn } from '../clock/index.ts'
import type { MapQuestion, Question } from './link.ts'
import type { QuestionsInit } from './questions.ts'

/** Another peer is asked when the first has not answered for this long; its answer still counts. */
export const VALUE_PATIENCE_MS = 1_000
const ANSWER_DEADLINE_MS = 5_000
/** Questions under way on account of one validator: names that nobody can fetch delay nobody else's. */
const ASKS_PER_AUTHOR = 3
/** Peers remembered that sent a name; all others are asked after them. */
const MAX_HOLDERS = 8

interface Wish {
  readonly key: string
  question: Question
  /** Validators that named it: the question is on account of one of them. */
  readonly authors: Set<NodeId>
  /** Peers that sent a statement with the name, in the order in which they did. */
  readonly holders: Set<string>
  readonly asked: Set<string>
  /** A peer has been asked, and has time left to answer. */
  isWaiting: boolean
}

export class ValueRequests {
  readonly #init: QuestionsInit
  readonly #wishes = new Map<string, Wish>()
  readonly #underWay = new Map<NodeId, number>()

  constructor(init: QuestionsInit) {
    this.#init = init
  }

  /** @param holders - peers that probably have it */
  want(name: Uint8Array, author: NodeId, holders: readonly string[]): void {
    this.#want(toHex(name), { payloads: [name] }, author, holders)
  }

  /** @param holders - peers that probably have it */
  wantMap(map: MapQuestion, author: NodeId, holders: readonly string[]): void {
    this.#want(toHex(map.wanted), { map }, author, holders)
  }

  #want(key: string, question: Question, author: NodeId, holders: readonly string[]): void {
    const wish: Wish = this.#wishes.get(key) ?? {
      ...{ key, question, authors: new Set(), holders: new Set(), asked: new Set(), isWaiting: false }
    }
    wish.question = question
    this.#wishes.set(key, wish)
    wish.authors.add(author)
    for (const holder of holders) if (wish.holders.size < MAX_HOLDERS) wish.holders.add(holder)
    this.#ask(wish)
  }

  got(key: string): void {
    this.#wishes.delete(key)
  }

  clear(): void {
    this.#wishes.clear()
  }

  get isWaiting(): boolean {
    return this.#wishes.size > 0
  }

  /** Some time has passed: those who did not have a value may have it now. */
  retry(): void {
    for (const wish of this.#wishes.values()) {
      if (wish.isWaiting) continue
      wish.asked.clear()
      this.#ask(wish)
    }
  }

  #ask(wish: Wish): void {
    if (this.#init.signal.aborted || wish.isWaiting || this.#wishes.get(wish.key) !== wish) return
    const account = [...wish.authors].find((author) => (this.#underWay.get(author) ?? 0) < ASKS_PER_AUTHOR)
    const peer = account === undefined ? undefined : this.#choose(wish)
    if (account === undefined || peer === undefined) return
    wish.isWaiting = true
    wish.asked.add(peer)
    void this.#askPeer(wish, peer, account)
  }

  async #askPeer(wish: Wish, peer: string, account: NodeId): Promise<void> {
    const { link, clock, signal, onReply, onSilence } = this.#init
    this.#underWay.set(account, (this.#underWay.get(account) ?? 0) + 1)
    let isLate = false
    const moveOn = (): void => {
      if (isLate) return
      isLate = true
      wish.isWaiting = false
      this.#ask(wish)
    }
    const cancel = clock.after(VALUE_PATIENCE_MS, moveOn)
    using deadline = deadlineIn(clock, ANSWER_DEADLINE_MS, signal)
    try {
      await onReply(peer, await link.ask(peer, wish.question, { signal: deadline.signal }))
    } catch (error) {
      if (!signal.aborted) onSilence(peer, error)
    } finally {
      cancel()
      this.#release(account)
    }
    moveOn()
    for (const other of this.#wishes.values()) this.#ask(other)
  }

  #release(account: NodeId): void {
    const left = (this.#underWay.get(account) ?? 1) - 1
    if (left > 0) this.#underWay.set(account, left)
    else this.#underWay.delete(account)
  }

  #choose({ holders, asked }: Wish): string | undefined {
    const { link, random } = this.#init
    const left = link.peers().filter((peer) => !asked.has(peer))
    const known = [...holders].find((peer) => left.includes(peer))
    return known ?? left[Math.floor(random.unit() * left.length)]
  }
}
