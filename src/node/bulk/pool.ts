import type { PeerId, Stream } from '@libp2p/interface'
import type { Cancel, Clock } from '../../clock/index.ts'
import type { BulkConnection } from './connection.ts'
import type { Endpoint } from './dial.ts'

/** Connections that this node has to one peer at once. */
export const MAX_CONNECTIONS_PER_PEER = 4
/** How long a connection waits for its next conversation. A listener waits longer. */
export const IDLE_MS = 15_000
/** A stream waits this long for a new connection; then it goes over libp2p, and the connection serves the next one. */
export const HEAD_START_MS = 1_000
/** After the first failure, and at most. */
const FIRST_PAUSE_MS = 5_000
const MAX_PAUSE_MS = 600_000

export interface PoolInit {
  readonly clock: Clock
  readonly dial: (peer: PeerId, endpoint: Endpoint, signal: AbortSignal) => Promise<BulkConnection>
  /** Where the peer takes bulk connections, best first; none if it does not, or if it cannot be reached directly. */
  readonly endpoints: (peer: PeerId) => readonly Endpoint[]
  /** Whether one more connection may be made. */
  readonly hasRoom: () => boolean
  readonly onFailure: (peer: PeerId, error: unknown) => void
}

interface Site {
  readonly connections: Set<BulkConnection>
  /** The one that was used last is the last. */
  readonly idle: BulkConnection[]
  dialling: number
  /** The last attempt, by the endpoints that it tried. */
  failed: { readonly endpoints: string; readonly retryAtMs: number; readonly pauseMs: number } | undefined
  works: boolean | undefined
}

/** The connections that this node has dialled, a few to each peer, and the memory of where none can be made. */
export class BulkPool {
  readonly #init: PoolInit
  readonly #sites = new Map<string, Site>()
  readonly #timers = new Map<BulkConnection, Cancel>()
  readonly #stop = new AbortController()

  constructor(init: PoolInit) {
    this.#init = init
  }

  get size(): number {
    return [...this.#sites.values()].reduce(
      (sum, { connections, dialling }) => sum + connections.size + dialling,
      0
    )
  }

  /** Whether the last attempt to reach the peer worked; undefined if there was none. */
  works(peer: PeerId): boolean | undefined {
    return this.#sites.get(peer.toString())?.works
  }

  /**
   * A conversation with `peer`. Undefined if none can begin soon: libp2p must carry it.
   *
   * @param mayDial - false: only on a connection that lies idle
   * @throws the signal's reason
   */
  async open(
    peer: PeerId,
    protocol: string,
    { signal, mayDial }: { signal: AbortSignal; mayDial: boolean }
  ): Promise<Stream | undefined> {
    const site = this.#siteOf(peer)
    const connection = this.#takeIdle(site) ?? (mayDial ? await this.#connect(peer, site, signal) : undefined)
    if (connection === undefined) return undefined
    site.works = true
    return connection.open(protocol)
  }

  /** Ends one idle connection, if there is one. @returns whether there was */
  endIdle(): boolean {
    for (const site of this.#sites.values()) {
      const connection = this.#takeIdle(site)
      if (connection === undefined) continue
      connection.end()
      site.connections.delete(connection)
      return true
    }
    return false
  }

  /** Ends idle connections in order, and breaks off the others and attempts under way. */
  stop(): void {
    this.#stop.abort(new Error('the node stops'))
    for (const { connections } of this.#sites.values()) {
      for (const connection of connections) {
        if (connection.isIdle) connection.end()
        else connection.destroy()
      }
    }
  }

  #siteOf(peer: PeerId): Site {
    const key = peer.toString()
    const known = this.#sites.get(key)
    if (known !== undefined) return known
    const site: Site = { connections: new Set(), idle: [], dialling: 0, failed: undefined, works: undefined }
    this.#sites.set(key, site)
    return site
  }

  #takeIdle({ idle }: Site): BulkConnection | undefined {
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      this.#timers.get(last)?.()
      this.#timers.delete(last)
      if (last.isOpen) return last
    }
    return undefined
  }

  async #connect(peer: PeerId, site: Site, signal: AbortSignal): Promise<BulkConnection | undefined> {
    const { clock, hasRoom, endpoints } = this.#init
    const targets = endpoints(peer)
    if (targets.length === 0) {
      site.works = false
      return undefined
    }
    const name = targets.map(({ host, port }) => `${host} ${port}`).join()
    const pausing = site.failed?.endpoints === name && clock.monotonicMs() < site.failed.retryAtMs
    const full = site.connections.size + site.dialling >= MAX_CONNECTIONS_PER_PEER
    if (pausing || full || this.#stop.signal.aborted || !(hasRoom() || this.endIdle())) return undefined
    return await this.#soon(this.#dial(peer, site, targets, name), site, signal)
  }

  /** The connection if it comes in time; if it comes later, it lies idle. */
  async #soon(
    dialled: Promise<BulkConnection | undefined>,
    site: Site,
    signal: AbortSignal
  ): Promise<BulkConnection | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    const cancel = this.#init.clock.after(HEAD_START_MS, () => resolve(undefined))
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    let taken: BulkConnection | undefined
    let over = false
    void dialled.then((connection) => {
      if (over && connection !== undefined) this.#rest(connection, site)
    })
    try {
      taken = await Promise.race([dialled, promise])
      return taken
    } finally {
      over = true
      cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Tries one endpoint after another. Never rejects. */
  async #dial(
    peer: PeerId,
    site: Site,
    targets: readonly Endpoint[],
    name: string
  ): Promise<BulkConnection | undefined> {
    const { clock, dial, onFailure } = this.#init
    site.dialling++
    try {
      for (const target of targets) {
        try {
          const connection = await dial(peer, target, this.#stop.signal)
          site.failed = undefined
          this.#adopt(connection, site)
          return connection
        } catch (error) {
          if (this.#stop.signal.aborted) return undefined
          onFailure(peer, error)
        }
      }
      const pauseMs = Math.min(MAX_PAUSE_MS, 2 * (site.failed?.pauseMs ?? FIRST_PAUSE_MS / 2))
      site.failed = { endpoints: name, retryAtMs: clock.monotonicMs() + pauseMs, pauseMs }
      site.works = false
      return undefined
    } finally {
      site.dialling--
    }
  }

  #adopt(connection: BulkConnection, site: Site): void {
    site.connections.add(connection)
    connection.onIdle = () => this.#rest(connection, site)
    connection.onClose = () => {
      site.connections.delete(connection)
      this.#timers.get(connection)?.()
      this.#timers.delete(connection)
      const at = site.idle.indexOf(connection)
      if (at >= 0) site.idle.splice(at, 1)
    }
    if (this.#stop.signal.aborted) connection.destroy()
  }

  #rest(connection: BulkConnection, site: Site): void {
    if (!connection.isOpen) return
    if (this.#stop.signal.aborted) return connection.end()
    site.idle.push(connection)
    const cancel = this.#init.clock.after(IDLE_MS, () => {
      const at = site.idle.indexOf(connection)
      if (at >= 0) site.idle.splice(at, 1)
      this.#timers.delete(connection)
      connection.end()
    })
    this.#timers.set(connection, cancel)
  }
}
