import { createServer as createTcpServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { once } from 'node:events'
import { BulkConnection } from './connection.ts'
import { BulkError } from './errors.ts'
import { HANDSHAKE_DEADLINE_MS } from './dial.ts'
import { RecordReader } from './records.ts'
import { addressOf, peerAt, tlsOptions } from './tls.ts'
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import type { BulkErrorCode } from './errors.ts'
import type { OwnCertificate } from './certificate.ts'

/** Handshakes under way at once. */
export const MAX_HANDSHAKES = 128
/** Of these, from one address (IPv6: one /64): the nodes of a site behind one address may all come at once. */
export const MAX_HANDSHAKES_PER_SITE = 32
/** Attempts to find a port that is free on every address. */
const PORT_ATTEMPTS = 8
const KEEP_ALIVE_MS = 15_000

export interface ListenerInit {
  /** IP addresses to listen on. */
  readonly hosts: readonly string[]
  /** 0 for a free one. */
  readonly port: number
  readonly certificate: OwnCertificate
  readonly alpn: string
  readonly clock: Clock
  /** Groups addresses that one attacker may have. */
  readonly siteOf: (host: string) => string
  /** Whether a peer that has proven who it is may stay. */
  readonly admits: (peer: PeerId) => boolean
  readonly onConnection: (connection: BulkConnection) => void
  readonly onRefusal: (code: BulkErrorCode, error: Error, host: string) => void
}

/** Accepts bulk connections: bounds handshakes in number and time, and hands over those whose peer is proven and admitted. */
export class BulkListener {
  readonly #init: ListenerInit
  readonly #tls: TlsServer
  readonly #servers: TcpServer[] = []
  /** Sockets whose peer is not proven yet, with what ends their deadlines. */
  readonly #handshakes = new Map<Socket, { readonly site: string; readonly cancel: () => void }>()

  constructor(init: ListenerInit) {
    this.#init = init
    this.#tls = createTlsServer({
      ...tlsOptions(init.certificate),
      ALPNProtocols: [init.alpn],
      requestCert: true,
      // Certificates are self-signed; `peerAt` checks them.
      rejectUnauthorized: false,
      // Ours comes first, by the node's clock.
      handshakeTimeout: 4 * HANDSHAKE_DEADLINE_MS
    })
    this.#tls.on('secureConnection', (socket) => this.#onSecure(socket))
    this.#tls.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      // A client that went away, or that was cut off for another reason.
      if (error.code === 'ECONNRESET') return
      init.onRefusal('BROKEN', error, socket.remoteAddress ?? '')
    })
  }

  /** Handshakes under way. */
  get handshakes(): number {
    return this.#handshakes.size
  }

  /** @returns the port @throws the system's error when it cannot listen */
  async start(): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#listen()
      } catch (error) {
        await this.#close()
        if (this.#init.port !== 0 || attempt === PORT_ATTEMPTS) throw error
      }
    }
  }

  /** Accepts no more; handshakes under way are broken off. */
  async stop(): Promise<void> {
    for (const socket of this.#handshakes.keys()) socket.destroy()
    await this.#close()
  }

  async #listen(): Promise<number> {
    let { port } = this.#init
    for (const host of this.#init.hosts) {
      const server = createTcpServer(
        { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
        (socket) => this.#onSocket(socket)
      )
      this.#servers.push(server)
      server.listen({ host, port, ipv6Only: host.includes(':') })
      await once(server, 'listening')
      server.on('error', (error) => this.#init.onRefusal('BROKEN', error, host))
      ;({ port } = server.address() as AddressInfo)
    }
    return port
  }

  async #close(): Promise<void> {
    // A server waits for its connections, which the channel ends.
    for (const server of this.#servers.splice(0)) server.close()
  }

  #onSocket(socket: Socket): void {
    const { clock, siteOf, onRefusal } = this.#init
    const host = socket.remoteAddress ?? ''
    const site = siteOf(host)
    socket.on('error', () => {}) // 'close' follows
    const ofSite = [...this.#handshakes.values()].filter((one) => one.site === site).length
    if (this.#handshakes.size >= MAX_HANDSHAKES || ofSite >= MAX_HANDSHAKES_PER_SITE) {
      onRefusal('CROWDED', new BulkError('CROWDED', 'Too many handshakes at once.'), host)
      socket.destroy()
      return
    }
    const cancel = clock.after(HANDSHAKE_DEADLINE_MS, () => {
      onRefusal('TIMEOUT', new BulkError('TIMEOUT', 'The handshake took too long.'), host)
      socket.destroy()
    })
    this.#handshakes.set(socket, { site, cancel })
    socket.once('close', () => this.#leave(socket))
    this.#tls.emit('connection', socket)
  }

  #leave(socket: Socket): void {
    this.#handshakes.get(socket)?.cancel()
    this.#handshakes.delete(socket)
  }

  #onSecure(socket: TLSSocket): void {
    const { alpn, clock, admits, onConnection, onRefusal } = this.#init
    const { remoteAddress = '', remotePort = 0 } = socket
    for (const raw of this.#handshakes.keys()) {
      if (raw.remotePort === remotePort && raw.remoteAddress === remoteAddress) this.#leave(raw)
    }
    try {
      const peer = peerAt(socket, alpn, clock.nowMs())
      if (!admits(peer)) throw new BulkError('NOT_ADMITTED', `${peer.toString()} is not admitted.`)
      const connection = new BulkConnection({
        socket,
        reader: readerOf(socket),
        peer,
        remoteAddr: addressOf(remoteAddress, remotePort),
        direction: 'inbound'
      })
      onConnection(connection)
    } catch (error) {
      socket.on('error', () => {}) // 'close' follows
      socket.destroy()
      onRefusal(error instanceof BulkError ? error.code : 'BROKEN', error as Error, remoteAddress)
    }
  }
}

const readerOf = (socket: TLSSocket): RecordReader => {
  const reader = new RecordReader()
  socket.on('data', (bytes: Uint8Array) => {
    try {
      reader.push(bytes)
    } catch (error) {
      socket.destroy(error as Error)
    }
  })
  return reader
}
