import { createCertificate } from './certificate.ts'
import { dialBulk } from './dial.ts'
import { BulkError } from './errors.ts'
import { BulkListener } from './listener.ts'
import { BulkPool, MAX_CONNECTIONS_PER_PEER } from './pool.ts'
import { alpnOf } from './tls.ts'
import type { Connection, Ed25519PrivateKey, PeerId, Stream } from '@libp2p/interface'
import type { Cancel, Clock } from '../../clock/index.ts'
import type { Logger } from '../logger.ts'
import type { OwnCertificate } from './certificate.ts'
import type { BulkConnection } from './connection.ts'
import type { Endpoint } from './dial.ts'
import type { BulkErrorCode } from './errors.ts'
import type { BulkListen } from './listen.ts'

export type { Endpoint } from './dial.ts'

/** Streams that carry less than this are not worth a new connection, whose handshake costs both ends some milliseconds. */
const MIN_BYTES_TO_DIAL = 2 ** 20

/** Longer than a dialler keeps an idle connection, so that it never begins a conversation on one that just closes. */
const INBOUND_IDLE_MS = 45_000

export type BulkHandler = (
  stream: Stream,
  connection: Pick<Connection, 'remotePeer' | 'remoteAddr'>
) => Promise<void>

export interface BulkChannelInit {
  readonly identity: Ed25519PrivateKey
  /** First part of the network's protocol ids. */
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
  readonly listen: BulkListen
  /** Connections that may be open at once, counted over both carriers. */
  readonly maxConnections: number
  /** Open connections of libp2p. */
  readonly otherConnections: () => number
  readonly endpoints: (peer: PeerId) => readonly Endpoint[]
  /** Whether a peer that has proven who it is may connect. */
  readonly admits: (peer: PeerId) => boolean
  /** Groups addresses that one attacker may have. */
  readonly siteOf: (host: string) => string
}

export interface BulkCounts {
  /** Open connections. */
  readonly connections: { readonly inbound: number; readonly outbound: number }
  /** Conversations that this node began. */
  readonly opened: number
  /** Conversations that peers began. */
  readonly accepted: number
  /** Connections that were refused, by reason. */
  readonly refused: Readonly<Partial<Record<BulkErrorCode, number>>>
  /** Attempts to connect that failed, by reason. */
  readonly failed: Readonly<Partial<Record<BulkErrorCode, number>>>
}

/** Streams over TLS connections between peers. Where there is none, `open` says so, and libp2p carries the stream. */
export class BulkChannel {
  readonly #init: BulkChannelInit
  readonly #handlers = new Map<string, BulkHandler>()
  readonly #inbound = new Map<BulkConnection, Cancel | undefined>()
  readonly #pool: BulkPool
  readonly #refused: Partial<Record<BulkErrorCode, number>> = {}
  readonly #failed: Partial<Record<BulkErrorCode, number>> = {}
  #certificate: OwnCertificate | undefined
  #listener: BulkListener | undefined
  #port = 0
  #opened = 0
  #accepted = 0

  constructor(init: BulkChannelInit) {
    this.#init = init
    this.#pool = new BulkPool({
      clock: init.clock,
      endpoints: init.endpoints,
      hasRoom: () => this.#hasRoom(),
      dial: async (peer, endpoint, signal) => await this.#dial(peer, endpoint, signal),
      onFailure: (peer, error) => this.#onFailure(peer, error)
    })
  }

  /** Port on which this node takes bulk connections; 0 while it does not. */
  get port(): number {
    return this.#port
  }

  /** Open connections, and those being made. */
  get size(): number {
    return this.#inbound.size + this.#pool.size
  }

  /** Inbound connections whose peer is not proven yet. */
  get handshakes(): number {
    return this.#listener?.handshakes ?? 0
  }

  get counts(): BulkCounts {
    return {
      connections: { inbound: this.#inbound.size, outbound: this.#pool.size },
      opened: this.#opened,
      accepted: this.#accepted,
      refused: this.#refused,
      failed: this.#failed
    }
  }

  /** @throws the system's error when it cannot listen */
  async start(): Promise<void> {
    const { identity, clock, listen, logger } = this.#init
    this.#certificate = await createCertificate(identity, clock.nowMs())
    if (listen.hosts.length === 0) return
    await this.#listen(listen.port).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || !listen.orFree) throw error
      logger.warn('the port of the bulk channel is taken; a free one will do', { port: listen.port })
      await this.#listen(0)
    })
    logger.info('bulk channel listens', { port: this.#port })
  }

  async #listen(port: number): Promise<void> {
    const { prefix, clock, listen, admits, siteOf, logger } = this.#init
    const listener = new BulkListener({
      hosts: listen.hosts,
      port,
      certificate: this.#certificate as OwnCertificate,
      alpn: alpnOf(prefix),
      clock,
      siteOf,
      admits: (peer) => admits(peer) && this.#admitsOneMore(peer),
      onConnection: (connection) => this.#take(connection),
      onRefusal: (code, error, host) => {
        this.#refused[code] = (this.#refused[code] ?? 0) + 1
        logger.debug('bulk connection refused', { host, error })
      }
    })
    this.#port = await listener.start()
    this.#listener = listener
  }

  /** Ends idle connections in order and breaks off the others. */
  async stop(): Promise<void> {
    this.#port = 0
    await this.#listener?.stop()
    this.#pool.stop()
    for (const connection of [...this.#inbound.keys()]) {
      if (connection.isIdle) connection.end()
      else connection.destroy()
    }
  }

  handle(protocol: string, handler: BulkHandler): void {
    this.#handlers.set(protocol, handler)
  }

  unhandle(protocol: string): void {
    this.#handlers.delete(protocol)
  }

  /**
   * A stream to `peer`, or undefined if none can be had soon: libp2p must carry it.
   *
   * @param expectedBytes - what the stream will carry, where that is known
   * @throws the signal's reason
   */
  async open(
    peer: PeerId,
    protocol: string,
    { signal, expectedBytes = Infinity }: { readonly signal: AbortSignal; readonly expectedBytes?: number }
  ): Promise<Stream | undefined> {
    if (this.#certificate === undefined) return undefined
    const mayDial = expectedBytes >= MIN_BYTES_TO_DIAL
    const stream = await this.#pool.open(peer, protocol, { signal, mayDial })
    if (stream !== undefined) this.#opened++
    return stream
  }

  /** Whether bulk connections with the peer work, as far as this node knows. */
  works(peer: PeerId): boolean | undefined {
    const isInbound = [...this.#inbound.keys()].some((one) => one.peer.equals(peer))
    return this.#pool.works(peer) ?? (isInbound || undefined)
  }

  /** Ends an idle connection, to make room for another. @returns whether there was one */
  endIdle(): boolean {
    if (this.#pool.endIdle()) return true
    const idle = this.#idleInbound()
    idle?.end()
    if (idle !== undefined) this.#forget(idle)
    return idle !== undefined
  }

  async #dial(peer: PeerId, endpoint: Endpoint, signal: AbortSignal): Promise<BulkConnection> {
    const { prefix, clock } = this.#init
    const certificate = this.#certificate as OwnCertificate
    return await dialBulk(peer, endpoint, { certificate, alpn: alpnOf(prefix), clock, signal })
  }

  #onFailure(peer: PeerId, error: unknown): void {
    const code = error instanceof BulkError ? error.code : 'BROKEN'
    this.#failed[code] = (this.#failed[code] ?? 0) + 1
    const { logger } = this.#init
    // Another peer at the address is either a stale report or an attack.
    if (code === 'OTHER_PEER' || code === 'BAD_SIGNATURE')
      logger.warn('bulk connection refused', { peer, error })
    else logger.debug('no bulk connection', { peer, error })
  }

  #hasRoom(): boolean {
    return this.size + this.#init.otherConnections() < this.#init.maxConnections
  }

  /** Makes room where it can. */
  #admitsOneMore(peer: PeerId): boolean {
    const own = [...this.#inbound.keys()].filter((one) => one.peer.equals(peer))
    if (own.length >= MAX_CONNECTIONS_PER_PEER) {
      const idle = own.find(({ isIdle }) => isIdle)
      if (idle === undefined) return false
      idle.end()
      this.#forget(idle)
    }
    return this.#hasRoom() || this.endIdle()
  }

  #take(connection: BulkConnection): void {
    this.#inbound.set(connection, undefined)
    connection.onStream = (stream) => this.#serve(connection, stream)
    connection.onIdle = () => this.#rest(connection)
    connection.onClose = () => this.#forget(connection)
    this.#rest(connection)
    connection.admit()
  }

  #serve(connection: BulkConnection, stream: Stream): void {
    this.#inbound.get(connection)?.()
    this.#inbound.set(connection, undefined)
    const handler = this.#handlers.get(stream.protocol)
    if (handler === undefined) return connection.destroy(new Error(`no handler for ${stream.protocol}`))
    this.#accepted++
    const { peer: remotePeer, remoteAddr } = connection
    handler(stream, { remotePeer, remoteAddr }).catch((error: Error) => stream.abort(error))
  }

  #rest(connection: BulkConnection): void {
    if (!this.#inbound.has(connection)) return
    this.#inbound.set(
      connection,
      this.#init.clock.after(INBOUND_IDLE_MS, () => connection.end())
    )
  }

  #forget(connection: BulkConnection): void {
    this.#inbound.get(connection)?.()
    this.#inbound.delete(connection)
  }

  #idleInbound(): BulkConnection | undefined {
    return [...this.#inbound.keys()].find(({ isIdle }) => isIdle)
  }
}
