import type { EventSink } from '../node/events.ts'

export type { EventSink }

/** For programs and tests without a log of events. */
export const NO_EVENTS: EventSink = { emit: () => {} }
