import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../../clock/index.ts'
import { isHologramError } from '../../errors.ts'
import { NO_ANSWER } from '../wire/streams.ts'
import { untilAbort } from '../wire/until-abort.ts'
import type { WindowReader } from './broadcast-window.ts'
import type { CodedSegment } from './coder.ts'

/** Why a holder is dropped. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow'
  /** It did nothing at all; otherwise it only held the others up. */
  readonly wasStuck: boolean

  constructor(message: string, wasStuck: boolean) {
    super(message)
    this.wasStuck = wasStuck
  }
}

/**
 * The holder may have all that was sent, and be only late or cut off.
 *
 * @param opened - it had taken the upload; one that cannot be reached has nothing, and another peer may do
 */
export function isSilence(error: unknown, opened: boolean): boolean {
  if (error instanceof TooSlow) return error.wasStuck
  if (isHologramError(error, 'PROTOCOL')) return error.data.reason === NO_ANSWER
  return isHologramError(error, 'TIMEOUT') || (opened && isHologramError(error, 'UNREACHABLE'))
}

/** One attempt to send a shard to a peer. */
export class Sending {
  readonly shard: number
  readonly peer: PeerId
  reader: WindowReader<CodedSegment>
  /** How long others have waited for this holder. */
  chargedMs = 0
  phase: 'idle' | 'send' | 'commit' = 'idle'
  /** The holder has taken the upload. */
  opened = false
  readonly #clock: Clock
  readonly #drop = new AbortController()
  #phaseSinceMs = 0

  constructor(shard: number, peer: PeerId, reader: WindowReader<CodedSegment>, clock: Clock) {
    this.shard = shard
    this.peer = peer
    this.reader = reader
    this.#clock = clock
  }

  /** Fires when the holder is given up. */
  get dropped(): AbortSignal {
    return this.#drop.signal
  }

  /** When the holder's present work began; Infinity while it waits for the source. */
  get busySinceMs(): number {
    return this.phase === 'idle' ? Infinity : this.#phaseSinceMs
  }

  /** Awaits `work` of the holder; rejects at once when the holder is dropped. */
  async during<R>(phase: Sending['phase'], work: Promise<R>): Promise<R> {
    this.phase = phase
    this.#phaseSinceMs = this.#clock.monotonicMs()
    try {
      return await untilAbort(work, this.dropped)
    } finally {
      this.phase = 'idle'
    }
  }

  drop(error: Error): void {
    this.#drop.abort(error)
    this.reader.leave()
  }
}
