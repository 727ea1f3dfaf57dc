import { MAX_DATA_BYTES, RECORD, recordHead } from './records.ts'
import { BulkError } from './errors.ts'
import { BulkStream } from './stream.ts'
import type { TLSSocket } from 'node:tls'
import type { PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { RecordReader, RecordType } from './records.ts'
import type { StreamCarrier } from './stream.ts'

/** Parts below this size are copied into one, which saves a TLS record for each. */
const SMALL_PART_BYTES = 4096
const NO_BYTES = new Uint8Array(0)

export interface BulkConnectionInit {
  readonly socket: TLSSocket
  /** Reads the socket. */
  readonly reader: RecordReader
  readonly peer: PeerId
  readonly remoteAddr: Multiaddr
  readonly direction: 'inbound' | 'outbound'
}

/**
 * A TLS connection whose other end has proven to be `peer`. It carries one conversation after another, each begun by the
 * dialler. A conversation that does not end in order takes the connection with it.
 */
export class BulkConnection {
  readonly peer: PeerId
  readonly remoteAddr: Multiaddr
  readonly direction: 'inbound' | 'outbound'
  /** Called with each conversation that the other end begins. */
  onStream: (stream: Stream) => void = () => {}
  /** Called when a conversation has ended in order. */
  onIdle: () => void = () => {}
  /** Called once, when the socket has closed. */
  onClose: () => void = () => {}
  readonly #socket: TLSSocket
  readonly #ready = Promise.withResolvers<void>()
  #isReady = false
  #stream: BulkStream | undefined
  #ended = { here: false, there: false }
  #conversations = 0
  #error: Error | undefined

  constructor({ socket, reader, peer, remoteAddr, direction }: BulkConnectionInit) {
    this.peer = peer
    this.remoteAddr = remoteAddr
    this.direction = direction
    this.#socket = socket
    this.#ready.promise.catch(() => {}) // nobody may wait for it
    reader.onRecord = (type, body) => this.#onRecord(type, body)
    socket.on('drain', () => this.#stream?.onMuxerDrain())
    socket.on('error', (error) => {
      this.#error ??= error
    })
    socket.once('close', () => this.#onClose())
    if (socket.destroyed) queueMicrotask(() => this.#onClose())
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && !this.#socket.readableEnded && !this.#socket.writableEnded
  }

  get isIdle(): boolean {
    return this.#stream === undefined
  }

  /** Listener: tells the dialler that it is admitted. */
  admit(): void {
    this.#isReady = true
    this.#write(RECORD.ready)
  }

  /** Dialler: resolves when the listener has admitted this node. @throws {BulkError} 'BROKEN' */
  async admitted(): Promise<void> {
    await this.#ready.promise
  }

  /** Begins a conversation. The connection must be idle, and the caller its dialler. */
  open(protocol: string): Stream {
    if (!this.isIdle) throw new Error('a conversation is under way')
    const stream = this.#begin(protocol)
    this.#write(RECORD.open, Buffer.from(protocol))
    return stream
  }

  /** Ends an idle connection in order. */
  end(): void {
    this.#socket.end()
  }

  destroy(error?: Error): void {
    this.#error ??= error
    this.#socket.destroy()
  }

  #begin(protocol: string): BulkStream {
    const carrier: StreamCarrier = {
      send: (data) => this.#stream === stream && this.#send(data),
      end: () => {
        if (this.#stream === stream) this.#endHere()
      },
      pause: () => {
        if (this.#stream === stream) this.#socket.pause()
      },
      resume: () => {
        if (this.#stream === stream) this.#socket.resume()
      },
      destroy: (error) => {
        if (this.#stream === stream) this.destroy(error)
      }
    }
    const id = `bulk-${this.direction}-${this.#conversations++}`
    const stream = new BulkStream(carrier, { id, protocol, direction: this.direction })
    this.#stream = stream
    this.#ended = { here: false, there: false }
    return stream
  }

  #onRecord(type: RecordType, body: Uint8Array): void {
    const stream = this.#stream
    if (type === RECORD.data && stream !== undefined && !this.#ended.there) return stream.onData(body)
    if (type === RECORD.end && stream !== undefined && !this.#ended.there) return this.#endThere(stream)
    if (type === RECORD.open && this.direction === 'inbound' && stream === undefined) {
      return this.onStream(this.#begin(Buffer.from(body).toString()))
    }
    if (type === RECORD.ready && this.direction === 'outbound' && !this.#isReady) {
      this.#isReady = true
      return this.#ready.resolve()
    }
    throw new RangeError(`a record of type ${type} out of order`)
  }

  #send(data: Uint8ArrayList): boolean {
    let canSendMore = true
    for (let at = 0; at < data.byteLength; at += MAX_DATA_BYTES) {
      const end = Math.min(data.byteLength, at + MAX_DATA_BYTES)
      const record = at === 0 && end === data.byteLength ? data : data.sublist(at, end)
      canSendMore = this.#writeParts(record)
    }
    return canSendMore
  }

  #writeParts(data: Uint8ArrayList): boolean {
    let small: Uint8Array[] = [recordHead(RECORD.data, data.byteLength)]
    let canSendMore = true
    for (const part of data) {
      if (part.byteLength < SMALL_PART_BYTES) {
        small.push(part)
        continue
      }
      if (small.length > 0) this.#socket.write(Buffer.concat(small))
      small = []
      canSendMore = this.#socket.write(part)
    }
    return small.length > 0 ? this.#socket.write(Buffer.concat(small)) : canSendMore
  }

  #write(type: RecordType, body: Uint8Array = NO_BYTES): void {
    this.#socket.write(Buffer.concat([recordHead(type, body.byteLength), body]))
  }

  #endHere(): void {
    this.#ended.here = true
    this.#write(RECORD.end)
    this.#afterEnd()
  }

  #endThere(stream: BulkStream): void {
    this.#ended.there = true
    stream.onRemoteCloseWrite()
    this.#afterEnd()
  }

  #afterEnd(): void {
    if (!this.#ended.here || !this.#ended.there || this.#stream === undefined) return
    this.#stream = undefined
    // The reader may have paused for bytes that it never took.
    this.#socket.resume()
    this.onIdle()
  }

  #onClose(): void {
    const cause = this.#error
    const error = new BulkError('BROKEN', `The bulk connection to ${this.peer.toString()} broke.`, { cause })
    this.#ready.reject(error)
    const stream = this.#stream
    this.#stream = undefined
    if (stream?.status === 'open') stream.onTransportClosed(error)
    this.onClose()
  }
}
