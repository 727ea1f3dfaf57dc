import type { CID } from 'multiformats/cid'
import type { ClientContext } from '../client/context.ts'
import type { EventSink } from '../events.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import { drainObject } from './drain-object.ts'

export interface DrainStatus {
  /**
   * 'off': the node lends its space. 'draining': it brings what it keeps to others. 'drained': others keep all of it, and it is
   * safe to switch the node off.
   */
  readonly state: 'off' | 'draining' | 'drained'
  /** Objects that this node still has to bring to others, as far as it has looked. */
  readonly left: number
  /** Objects that were looked at in the pass under way, or in the last one. */
  readonly looked: number
  readonly movedShards: number
  readonly movedBytes: number
  /** What holds one of the objects that are left, in words. */
  readonly obstacle?: string
}

export interface DrainerComponents {
  readonly context: ClientContext
  /** Caps what is sent, and yields to what the user does. */
  readonly pace: Bandwidth
  readonly events: EventSink
}

/** Between two passes over what is left; also the time in which peers hear that this node takes nothing any more. */
const PAUSE_MS = 5_000
/** Between two passes after the first that found nothing left: an upload that was under way may have ended since. */
const CONFIRM_MS = 30_000
/** Passes, one after the other, that must find nothing left. */
const CONFIRMATIONS = 2

/** Empties a node: copies every shard to its next home, has it proved there, and drops it here. */
export class Drainer {
  readonly #components: DrainerComponents
  #stopping = new AbortController()
  #loop: Promise<void> | undefined
  #status: DrainStatus = { state: 'off', left: 0, looked: 0, movedShards: 0, movedBytes: 0 }

  constructor(components: DrainerComponents) {
    this.#components = components
  }

  get status(): DrainStatus {
    return this.#status
  }

  /** Idempotent. */
  start(): void {
    if (this.#loop !== undefined) return
    this.#stopping = new AbortController()
    this.#status = { ...this.#status, state: 'draining', left: 0, looked: 0 }
    this.#loop = this.#run(this.#stopping.signal)
  }

  /** Ends the work; what has been brought to others stays there. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node is not drained any more'))
    await this.#loop
    this.#loop = undefined
    this.#status = { ...this.#status, state: 'off' }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { context, events } = this.#components
    const { clock, logger } = context
    let confirmed = 0
    while (!signal.aborted && confirmed < CONFIRMATIONS) {
      await clock.sleep(confirmed > 0 ? CONFIRM_MS : PAUSE_MS, signal).catch(() => {})
      if (signal.aborted) return
      try {
        confirmed = (await this.#pass(signal)) ? confirmed + 1 : 0
      } catch (error) {
        if (signal.aborted) return
        confirmed = 0
        logger.warn('a pass of the drain failed', { error })
      }
    }
    this.#status = { ...this.#status, state: 'drained' }
    const { movedShards, movedBytes } = this.#status
    const reason = 'other peers keep all that this node kept: it is safe to switch it off'
    events.emit({ room: 'drain', kind: 'drained', reason, data: { movedShards, movedBytes } })
  }

  /** @returns whether others keep everything */
  async #pass(signal: AbortSignal): Promise<boolean> {
    const { context, pace } = this.#components
    let left = 0
    let looked = 0
    let obstacle: string | undefined
    for (const cid of await this.#stock(signal)) {
      const result = await drainObject(context, cid, pace, signal).catch((error: unknown) => {
        signal.throwIfAborted()
        return {
          obstacle: error instanceof Error ? error.message : String(error),
          movedShards: 0,
          movedBytes: 0
        }
      })
      looked++
      if (result.obstacle !== undefined) {
        left++
        obstacle = `${cid.toString()}: ${result.obstacle}`
      }
      this.#status = {
        ...this.#status,
        ...{ left, looked, obstacle },
        movedShards: this.#status.movedShards + result.movedShards,
        movedBytes: this.#status.movedBytes + result.movedBytes
      }
    }
    this.#status = { ...this.#status, left, looked, obstacle }
    return left === 0
  }

  async #stock(signal: AbortSignal): Promise<CID[]> {
    const cids: CID[] = []
    for await (const cid of this.#components.context.holdings.listObjects()) {
      signal.throwIfAborted()
      cids.push(cid)
    }
    return cids
  }
}
