import { AbstractStream } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import type { Logger } from '@libp2p/interface'
import type { Links } from './links.ts'

/** What may be under way unread: as yamux's window, smaller. */
const WINDOW_BYTES = 1024 * 1024

/** libp2p's streams log; nobody reads it here. */
const SILENT: Logger = Object.assign(() => {}, {
  error: () => {},
  trace: () => {},
  enabled: false,
  newScope: () => SILENT
})

/**
 * One end of a stream between two simulated hosts: libp2p's own stream class, over `Links` instead of a muxer. A reader
 * that pauses holds the sender back once a window is full.
 */
export class SimStream extends AbstractStream {
  readonly #links: Links
  readonly #from: number
  readonly #to: number
  #remote!: SimStream
  /** Sent and not yet read by the other side. */
  #unreadBytes = 0
  /** Received and not yet reported as read. */
  #receivedBytes = 0
  #waitsForRoom = false

  private constructor(
    links: Links,
    from: number,
    to: number,
    id: string,
    protocol: string,
    isInbound: boolean
  ) {
    super({ id, protocol, direction: isInbound ? 'inbound' : 'outbound', log: SILENT })
    this.#links = links
    this.#from = from
    this.#to = to
  }

  /** The two ends of a stream, that of `from` first. */
  static pair(links: Links, from: number, to: number, id: string, protocol: string): [SimStream, SimStream] {
    const outbound = new SimStream(links, from, to, id, protocol, false)
    const inbound = new SimStream(links, to, from, id, protocol, true)
    outbound.#remote = inbound
    inbound.#remote = outbound
    return [outbound, inbound]
  }

  get hosts(): readonly [from: number, to: number] {
    return [this.#from, this.#to]
  }

  /** The connection below has gone: by a reset that came, or because nothing gets through any more. */
  breakOff(): void {
    if (this.status === 'open') this.onRemoteReset()
  }

  override sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    const message = new Uint8ArrayList(data.slice())
    this.#unreadBytes += message.byteLength
    this.#deliver(message.byteLength, (remote) => remote.#onMessage(message))
    return { sentBytes: message.byteLength, canSendMore: this.#canSend() }
  }

  /** The other side reads, and the host's own line takes more. */
  #canSend(): boolean {
    if (!this.#links.hasRoom(this.#from)) this.#waitForRoom()
    return this.#unreadBytes < WINDOW_BYTES && !this.#waitsForRoom
  }

  #waitForRoom(): void {
    if (this.#waitsForRoom) return
    this.#waitsForRoom = true
    this.#links.afterBacklog(this.#from, () => {
      this.#waitsForRoom = false
      if (this.status === 'open' && this.#canSend()) this.onMuxerDrain()
    })
  }

  override sendReset(): void {
    this.#deliver(0, (remote) => remote.breakOff())
  }

  override async sendCloseWrite(): Promise<void> {
    this.#deliver(0, (remote) => {
      if (remote.status === 'open') remote.onRemoteCloseWrite()
    })
  }

  override async sendCloseRead(): Promise<void> {
    this.#deliver(0, (remote) => remote.onRemoteCloseRead())
  }

  override sendPause(): void {}

  override sendResume(): void {
    this.#report()
  }

  #deliver(bytes: number, run: (remote: SimStream) => void): void {
    this.#links.send(
      this.#from,
      this.#to,
      bytes,
      () => run(this.#remote),
      () => this.breakOff()
    )
  }

  #onMessage(message: Uint8ArrayList): void {
    if (this.status !== 'open') return
    this.#receivedBytes += message.byteLength
    this.onData(message)
    this.#report()
  }

  /** Tells the sender what has been read; a paused reader reads nothing. */
  #report(): void {
    if (this.readStatus === 'paused' || this.#receivedBytes === 0) return
    const bytes = this.#receivedBytes
    this.#receivedBytes = 0
    this.#deliver(0, (remote) => remote.#onRead(bytes))
  }

  #onRead(bytes: number): void {
    const wasFull = this.#unreadBytes >= WINDOW_BYTES
    this.#unreadBytes -= bytes
    if (wasFull && this.status === 'open' && this.#canSend()) this.onMuxerDrain()
  }
}
