// The head of a table as a named head: kept by the peers to which the name belongs, read from a majority of them. Claims and
// writes, and why no acknowledged change is lost: docs/explain/tables.md.
import type { PeerId, PrivateKey } from '@libp2p/interface'
import type { Clock } from '../clock/index.ts'
import { isHeadError, MAX_HEAD_LIFE_MS, openHead, signHead } from '../heads/index.ts'
import type { Head, Published, Resolved } from '../heads/index.ts'
import type { Box } from './box.ts'
import { decodeHead, encodeHead, type HeadValue } from './codec.ts'
import { TableError, unavailable, undecided } from './errors.ts'
import { NO_CONTENTS, type HeadContents, type HeadStore, type Newest, type TableHead } from './head-store.ts'
import type { TableLogger } from './settings.ts'
import { sameBytes } from './state.ts'

export interface KeeperHeadsComponents {
  /** As `Heads.publish`. */
  readonly publish: (name: PeerId, signed: Uint8Array, signal?: AbortSignal) => Promise<Published>
  /** As `Heads.resolve`. */
  readonly resolve: (name: PeerId, signal?: AbortSignal) => Promise<Resolved>
  readonly clock: Clock
  readonly logger: TableLogger
  readonly networkId: Uint8Array
  readonly box: Box
}

export interface KeeperHeadsInit {
  readonly name: PeerId
  readonly privateKey: PrivateKey
  /** 16 random bytes for each object that writes. */
  readonly writer: Uint8Array
  /** Peers that must be in sight to begin the table; Infinity for one that is not to be begun. */
  readonly createKeepers: number
}

interface KeptHead extends TableHead {
  readonly head: Head
  readonly value: HeadValue
}

/** A head is signed anew when less than this is left of its life. */
const RENEW_MS = MAX_HEAD_LIFE_MS / 2
const HEAD_LIFE_MS = MAX_HEAD_LIFE_MS - 86_400_000

export class KeeperHeads implements HeadStore {
  readonly #components: KeeperHeadsComponents
  readonly #init: KeeperHeadsInit
  /** No two heads of this object have the same sequence. */
  #lastSequence = 0
  /** The newest head that this object has built on or shown, and the most keepers that it has met. */
  #known: Head | undefined
  #keepers = 0

  constructor(components: KeeperHeadsComponents, init: KeeperHeadsInit) {
    this.#components = components
    this.#init = init
  }

  async newest(signal: AbortSignal): Promise<Newest | 'open'> {
    const { heads, agreed, keepers } = await this.#resolve(signal)
    const basis = this.#basis(heads)
    if (basis === undefined) return { head: undefined, isOwn: false, isFresh: true, ageMs: 0 }
    if (heads.length > 1 || !basis.isDecided || this.isOld(basis)) return 'open'
    if (agreed <= keepers / 2 && (await this.#give(basis.head, signal))?.length !== 1) return 'open'
    this.#remember(basis, keepers)
    const isOwn = sameBytes(basis.value.writer, this.#init.writer)
    return { head: basis, isOwn, isFresh: true, ageMs: 0 }
  }

  /**
   * Publishes a head that repeats the newest state, and that must be the only one of its sequence. What it repeats may be a
   * change of which nobody knows yet whether it counts: the write that follows decides that.
   */
  async claim(signal: AbortSignal): Promise<TableHead> {
    const { heads, keepers } = await this.#settledHeads(signal)
    const base = this.#basis(heads)
    this.#keepers = Math.max(keepers, this.#keepers, base?.value.keepers ?? 0)
    const sequence = Math.max(heads[0]?.sequence ?? 0, this.#lastSequence) + 1
    return await this.#publish(sequence, 'claim', base?.contents ?? NO_CONTENTS, signal)
  }

  async replace(before: KeptHead, contents: HeadContents, signal: AbortSignal): Promise<TableHead> {
    return await this.#publish(before.head.sequence + 1, 'write', contents, signal)
  }

  async confirm({ head }: KeptHead, signal: AbortSignal): Promise<void> {
    const { heads } = await this.#resolve(signal)
    if (heads.length !== 1 || !isSame(heads[0], head)) throw undecided('Another writer came in between.')
  }

  isOld(head: KeptHead | undefined): boolean {
    return head !== undefined && head.head.expiresAtMs - this.#components.clock.nowMs() < RENEW_MS
  }

  /**
   * The heads of the newest sequence, such that none that is not among them can be confirmed any more: a majority of the keepers
   * has one of them. Where a majority does not agree on them already, one is given to all.
   *
   * @throws TableError 'UNAVAILABLE'
   */
  async #settledHeads(
    signal: AbortSignal
  ): Promise<{ readonly heads: readonly Head[]; readonly keepers: number }> {
    const { heads, agreed, keepers } = await this.#resolve(signal)
    if (heads.length === 0 || agreed > keepers / 2) return { heads, keepers }
    const given = await this.#give(this.#basis(heads)!.head, signal)
    if (given === undefined) throw undecided('A newer head came up.')
    return { heads: given, keepers }
  }

  /**
   * Gives a head to all keepers.
   *
   * @returns all heads of its sequence that a majority has; undefined if one of them has a newer one
   * @throws TableError 'UNAVAILABLE'
   */
  async #give(head: Head, signal: AbortSignal): Promise<readonly Head[] | undefined> {
    try {
      const { heads } = await this.#components.publish(this.#init.name, head.signed, signal)
      return heads
    } catch (error) {
      if (isHeadError(error, 'STALE_HEAD')) return undefined
      throw unavailable(error)
    }
  }

  /**
   * Of several heads of one sequence the write counts: there is one at most, for it takes the only claim before it. Without one
   * all are claims, and each of them repeats a state with all that was acknowledged.
   */
  #basis(heads: readonly Head[]): KeptHead | undefined {
    const kept = heads.map((head) => keptHead(head, decodeHead(this.#components.box.open(head.value))))
    return kept.find(({ isDecided }) => isDecided) ?? kept[0]
  }

  /** @throws TableError 'UNAVAILABLE' | 'NO_TABLE' */
  async #resolve(signal: AbortSignal): Promise<Resolved> {
    const { resolve, publish, box, logger } = this.#components
    const { name } = this.#init
    const resolved = await resolve(name, signal).catch((error: unknown): Resolved => {
      if (!isHeadError(error, 'NO_HEAD')) throw unavailable(error)
      return { heads: [], answered: 0, agreed: 0, keepers: Number(error.data.keepers ?? 0) }
    })
    const known = this.#known
    const newest = resolved.heads[0]?.sequence ?? 0
    if (known !== undefined && newest < known.sequence) {
      // The keepers have changed, and the new ones do not know yet.
      await publish(name, known.signed, signal).catch((error: unknown) =>
        logger.debug('a head could not be brought back', { error })
      )
      throw undecided('The keepers of this table know less than they did.')
    }
    if (newest === 0) this.#checkCreation(resolved.keepers)
    const before = Math.max(
      this.#keepers,
      ...resolved.heads.map(({ value }) => decodeHead(box.open(value)).keepers)
    )
    if (newest > 0 && resolved.keepers <= before / 2) {
      throw tooFew(resolved.keepers, before)
    }
    return resolved
  }

  /** @throws TableError 'NO_TABLE' | 'UNAVAILABLE' */
  #checkCreation(keepers: number): void {
    const { createKeepers } = this.#init
    if (createKeepers === Infinity) {
      throw new TableError(
        'NO_TABLE',
        'Nothing is kept of this table: its keepers are out of reach, or it has expired.'
      )
    }
    if (keepers < createKeepers) throw tooFew(keepers, createKeepers)
  }

  /**
   * Publishes a head.
   *
   * @throws TableError 'UNAVAILABLE' unless a majority has it on disk and no other head of its sequence was met
   */
  async #publish(
    sequence: number,
    kind: HeadValue['kind'],
    { root, segments }: HeadContents,
    signal: AbortSignal
  ): Promise<KeptHead> {
    const { publish, clock, networkId, box } = this.#components
    const { name, writer, privateKey } = this.#init
    const keepers = this.#keepers
    this.#lastSequence = sequence
    const value: HeadValue = { kind, writer, keepers, root, segments }
    const signed = await signHead(
      networkId,
      { sequence, expiresAtMs: clock.nowMs() + HEAD_LIFE_MS, value: box.seal(encodeHead(value)) },
      { peer: name, sign: async (bytes) => await privateKey.sign(bytes) }
    )
    const head = await openHead(networkId, signed, clock.nowMs())
    const published = await publish(name, signed, signal).catch((error: unknown) => {
      throw unavailable(error)
    })
    const isAlone = published.heads.length === 1 && isSame(published.heads[0], head)
    if (!isAlone) throw undecided('Another writer published at the same time.')
    if (published.keepers <= keepers / 2) throw tooFew(published.keepers, keepers)
    const kept = keptHead(head, value)
    this.#remember(kept, keepers)
    return kept
  }

  #remember({ head, value }: KeptHead, keepers: number): void {
    if (head.sequence >= (this.#known?.sequence ?? 0)) this.#known = head
    this.#keepers = Math.max(this.#keepers, keepers, value.keepers)
  }
}

const keptHead = (head: Head, value: HeadValue): KeptHead => ({
  head,
  value,
  contents: { root: value.root, segments: value.segments },
  version: `${head.sequence} ${Buffer.from(head.value).toString('base64')}`,
  isDecided: value.kind === 'write'
})

const isSame = (a: Head, b: Head): boolean => a.sequence === b.sequence && sameBytes(a.value, b.value)

const tooFew = (keepers: number, before: number): TableError =>
  undecided(`Only ${keepers} peers are in sight that may keep this table, of ${before}.`)
