// The head of a table as a slot on which the network's validators agree. The slot belongs to the table's own key, which all
// writers derive from the table's secret: each of them signs as its owner. It replaces one version and no other, so of several
// writes on one head exactly one is made, whoever writes and whatever peers a node sees.
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { deadlineIn } from '../clock/index.ts'
import type { Clock } from '../clock/index.ts'
import type { AgreedSlots } from './agreed-slots.ts'
import type { Box } from './box.ts'
import { decodeHead, encodeHead, type HeadValue } from './codec.ts'
import { TableError, unavailable, undecided } from './errors.ts'
import { NO_CONTENTS, type HeadContents, type HeadStore, type Newest, type TableHead } from './head-store.ts'
import { sameBytes } from './state.ts'
import type { TableLogger } from './settings.ts'

export interface SlotHeadsComponents {
  readonly slots: AgreedSlots
  readonly clock: Clock
  readonly logger: TableLogger
  readonly box: Box
}

export interface SlotHeadsInit {
  readonly name: PeerId
  readonly privateKey: PrivateKey
  /** 16 random bytes for each object that writes. */
  readonly writer: Uint8Array
  /** Whether the table is begun if it is not there. */
  readonly mayCreate: boolean
  /** A write that has not been decided by then begins again; either of the two may be made, not both. */
  readonly patienceMs: number
}

interface SlotHead extends TableHead {
  readonly slotVersion: number
  readonly value: HeadValue | undefined
  readonly changedAtMs: number
}

/** Slots that nobody changes for 400 days are dropped. */
const RENEW_MS = 200 * 86_400_000

export class SlotHeads implements HeadStore {
  readonly #components: SlotHeadsComponents
  readonly #init: SlotHeadsInit
  /** What was there once and is not any more has been removed, or has expired: it is not begun again. */
  #wasThere = false
  #isStale = false

  constructor(components: SlotHeadsComponents, init: SlotHeadsInit) {
    this.#components = components
    this.#init = init
  }

  async newest(signal: AbortSignal): Promise<Newest | 'open'> {
    const { slots, logger } = this.#components
    const isFresh = await slots.sync(signal).then(
      () => true,
      (error: unknown) => {
        signal.throwIfAborted()
        if (!this.#isStale)
          logger.warn('a table is read as it was known last: too few validators answer', { error })
        return false
      }
    )
    this.#isStale = !isFresh
    const head = this.#read()
    if (head === undefined && !isFresh) {
      throw undecided('The validators of the network do not answer, and nothing is known of this table here.')
    }
    if (head === undefined) this.#checkCreation()
    if (isFresh && head !== undefined && this.#isIdle(head)) await this.#renew(head, signal)
    const isOwn = head?.value !== undefined && sameBytes(head.value.writer, this.#init.writer)
    return { head, isOwn, isFresh, ageMs: isFresh ? 0 : slots.ageMs() }
  }

  /** Nothing is asked: a head that is not the newest cannot be replaced. */
  async claim(): Promise<TableHead> {
    const head = this.#read()
    if (head !== undefined) return head
    this.#checkCreation()
    return { ...{ slotVersion: 0, value: undefined, changedAtMs: 0 }, ...BEFORE_THE_FIRST } satisfies SlotHead
  }

  async replace(
    { slotVersion }: SlotHead,
    contents: HeadContents,
    signal: AbortSignal
  ): Promise<TableHead | undefined> {
    const { box, slots, clock } = this.#components
    const { privateKey, writer, patienceMs } = this.#init
    const value: HeadValue = { kind: 'write', writer, keepers: 0, ...contents }
    const bytes = box.seal(encodeHead(value))
    using patience = deadlineIn(clock, patienceMs, signal)
    const made = await slots
      .replace(privateKey, slotVersion, bytes, patience.signal)
      .catch((error: unknown) => {
        if (signal.aborted || !patience.signal.aborted) throw unavailable(error)
        throw undecided('The validators of the network have not agreed on the change in time.')
      })
    return made === undefined ? undefined : slotHead(made, value, clock.nowMs())
  }

  async confirm({ slotVersion }: SlotHead, signal: AbortSignal): Promise<void> {
    const { slots } = this.#components
    await slots.sync(signal).catch((error: unknown) => {
      throw unavailable(error)
    })
    if ((slots.read(this.#init.name)?.version ?? 0) !== slotVersion)
      throw undecided('Another writer came in between.')
  }

  /** A slot is renewed by readers. */
  isOld(): boolean {
    return false
  }

  #read(): SlotHead | undefined {
    const { slots, box } = this.#components
    const found = slots.read(this.#init.name)
    if (found === undefined) return undefined
    this.#wasThere = true
    return slotHead(found.version, decodeHead(box.open(found.bytes)), found.changedAtMs)
  }

  #isIdle({ changedAtMs }: SlotHead): boolean {
    return this.#components.clock.nowMs() - changedAtMs > RENEW_MS
  }

  /** Where it fails, the next reader tries again: there is half a year left. */
  async #renew(head: SlotHead, signal: AbortSignal): Promise<void> {
    await this.replace(head, head.contents, signal).catch((error: unknown) =>
      this.#components.logger.debug('the head of a table could not be renewed', { error })
    )
  }

  /** @throws TableError 'NO_TABLE' */
  #checkCreation(): void {
    if (this.#init.mayCreate && !this.#wasThere) return
    throw new TableError('NO_TABLE', 'There is no such table: it has been removed, or it has expired.')
  }
}

const slotHead = (slotVersion: number, value: HeadValue, changedAtMs: number): SlotHead => ({
  ...{ slotVersion, value, changedAtMs },
  contents: { root: value.root, segments: value.segments },
  version: String(slotVersion),
  isDecided: true
})

const BEFORE_THE_FIRST = { contents: NO_CONTENTS, version: '0', isDecided: true }
