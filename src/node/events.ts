import { counterBy } from './metrics.ts'
import type { Registry } from 'prom-client'
import type { Logger } from './logger.ts'
import type { Module } from './module.ts'

/** Something that a room did by itself, and why. */
export interface RoomEvent {
  /** Which room: 'heal', 'audit', 'fill', 'homeostat'. */
  readonly room: string
  /** What happened, from a fixed set of the room's own: 'repaired'. Metrics count by it. */
  readonly kind: string
  /** Why, as a sentence for a person. */
  readonly reason: string
  /** The object and the peer that it is about, as text. */
  readonly cid?: string
  readonly peer?: string
  /** Numbers and names; at most `MAX_DATA_FIELDS`, the rest is left out. */
  readonly data?: Readonly<Record<string, string | number | boolean>>
}

/** Where rooms report. Structural: a pure room declares the same shape for itself. */
export interface EventSink {
  emit: (event: RoomEvent) => void
}

export interface RecordedEvent extends RoomEvent {
  /** 1 for the first event of this process; each further one is one higher. */
  readonly sequence: number
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
}

export interface EventLogInit {
  readonly nowMs: () => number
  readonly logger: Logger
  /** Events that are kept; older ones are dropped. @default 4096 */
  readonly capacity?: number
}

export const MAX_DATA_FIELDS = 16
/** Characters of a text in an event. With 4,096 events and 16 fields the ring stays below some 10 MB in the worst case. */
export const MAX_TEXT_LENGTH = 256
const DEFAULT_CAPACITY = 4_096

/**
 * What the rooms of a node did by themselves, the newest events. In memory: `thhe events` reads it, every event is a line of
 * the log (level info), and a counter of the metrics.
 */
export class EventLog implements EventSink, Module {
  readonly name = 'events'
  readonly #nowMs: () => number
  readonly #logger: Logger
  readonly #capacity: number
  /** A ring: event `sequence` stands at `(sequence - 1) % capacity`. */
  readonly #ring: RecordedEvent[] = []
  readonly #counts: Record<string, number> = {}
  readonly #waiting = new Set<() => void>()
  #last = 0

  constructor({ nowMs, logger, capacity = DEFAULT_CAPACITY }: EventLogInit) {
    this.#nowMs = nowMs
    this.#logger = logger
    this.#capacity = capacity
  }

  /** Sequence of the newest event; 0 before the first. */
  get last(): number {
    return this.#last
  }

  /** Never throws. */
  emit(event: RoomEvent): void {
    const recorded = { sequence: ++this.#last, atMs: this.#nowMs(), ...bounded(event) }
    this.#ring[(recorded.sequence - 1) % this.#capacity] = recorded
    const { room, kind, reason, cid, peer, data } = recorded
    const counted = `${room}.${kind}`
    this.#counts[counted] = (this.#counts[counted] ?? 0) + 1
    this.#logger.info(`${room} ${kind}: ${reason}`, { cid, peer, ...data })
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** The events after `sequence` that are still kept, the oldest first. */
  after(sequence: number): RecordedEvent[] {
    const first = Math.max(sequence, this.#last - this.#capacity) + 1
    return Array.from(
      { length: Math.max(0, this.#last - first + 1) },
      (_, i) => this.#ring[(first + i - 1) % this.#capacity]
    )
  }

  /** Resolves when there is an event after `sequence`. Rejects when `signal` fires. */
  async beyond(sequence: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#last > sequence) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => reject(signal.reason as Error)
    this.#waiting.add(resolve)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      this.#waiting.delete(resolve)
      signal.removeEventListener('abort', onAbort)
    }
  }

  metrics(registry: Registry): void {
    counterBy(
      registry,
      'thhe_events_total',
      'What the rooms of the node did by themselves, by room and kind',
      'event',
      () => this.#counts
    )
  }
}

/** Peers choose some of the texts: none may be long. */
const bounded = ({ room, kind, reason, cid, peer, data }: RoomEvent): RoomEvent => ({
  room: clip(room),
  kind: clip(kind),
  reason: clip(reason),
  ...(cid !== undefined && { cid: clip(cid) }),
  ...(peer !== undefined && { peer: clip(peer) }),
  ...(data !== undefined && {
    data: Object.fromEntries(
      Object.entries(data)
        .slice(0, MAX_DATA_FIELDS)
        .map(([name, value]) => [clip(name), typeof value === 'string' ? clip(value) : value])
    )
  })
})

const clip = (text: string): string =>
  text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH - 1)}…`
