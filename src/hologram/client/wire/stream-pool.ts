import type { PeerId } from '@libp2p/interface'
import type { Cancel, Clock } from '../../../clock/index.ts'
import type { FramedStream } from '../../../../protocols/framing/index.ts'

export interface StreamPoolInit {
  readonly clock: Clock
  /** Idle streams to keep for one peer; further ones are closed. */
  readonly maxIdle: number
  /** How long a stream may be idle: less than peers wait for the next request on a stream. */
  readonly idleMs: number
  /** For closing a stream. */
  readonly closeTimeoutMs: number
}

interface IdleStream {
  readonly framed: FramedStream
  readonly sinceMs: number
}

/** Keeps streams open between requests: opening one costs both ends more than a short request. */
export class StreamPool {
  readonly #init: StreamPoolInit
  readonly #idle = new Map<string, IdleStream[]>()
  #cancelSweep: Cancel | undefined
  #closed = false

  constructor(init: StreamPoolInit) {
    this.#init = init
  }

  /** The stream with `peer` that was used last and is still open, or undefined. It is the caller's from here on. */
  take(peer: PeerId): FramedStream | undefined {
    const idle = this.#idle.get(peer.toString())
    for (let last = idle?.pop(); last !== undefined; last = idle?.pop()) {
      if (isOpen(last.framed)) return last.framed
      this.#end(last.framed)
    }
    return undefined
  }

  /** Takes a stream on which nothing is under way. */
  give(peer: PeerId, framed: FramedStream): void {
    const name = peer.toString()
    const idle = this.#idle.get(name) ?? []
    if (this.#closed || idle.length >= this.#init.maxIdle) return this.#end(framed)
    idle.push({ framed, sinceMs: this.#init.clock.monotonicMs() })
    this.#idle.set(name, idle)
    this.#cancelSweep ??= this.#sweepLater()
  }

  /** Closes all that lie here, and from now on every one that comes. */
  close(): void {
    this.#closed = true
    this.#cancelSweep?.()
    for (const idle of this.#idle.values()) for (const { framed } of idle) this.#end(framed)
    this.#idle.clear()
  }

  #sweep(): void {
    const beforeMs = this.#init.clock.monotonicMs() - this.#init.idleMs
    for (const [name, idle] of this.#idle) {
      const stale = idle.filter(({ framed, sinceMs }) => sinceMs <= beforeMs || !isOpen(framed))
      for (const { framed } of stale) this.#end(framed)
      if (stale.length === idle.length) this.#idle.delete(name)
      else if (stale.length > 0)
        this.#idle.set(
          name,
          idle.filter((one) => !stale.includes(one))
        )
    }
    this.#cancelSweep = this.#idle.size === 0 ? undefined : this.#sweepLater()
  }

  #sweepLater(): Cancel {
    return this.#init.clock.after(this.#init.idleMs, () => this.#sweep())
  }

  /** Does not wait for a slow peer to close its end. */
  #end(framed: FramedStream): void {
    void framed.close({ timeoutMs: this.#init.closeTimeoutMs }).finally(() => framed.release())
  }
}

/** Open at both ends, and the peer has sent nothing unasked. */
function isOpen({ stream, bufferedBytes }: FramedStream): boolean {
  return stream.status === 'open' && stream.remoteWriteStatus !== 'closed' && bufferedBytes === 0
}
