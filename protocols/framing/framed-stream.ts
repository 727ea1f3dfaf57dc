import { varint } from 'multiformats'
import { Uint8ArrayList } from 'uint8arraylist'
import { ByteQueue } from './byte-queue.ts'
import { FramingError } from './errors.ts'
import type { BudgetShare } from './byte-budget.ts'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'

/** What protons generates for a message. */
export interface MessageCodec<T> {
  encode(message: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** The part of a clock (`src/clock`) that deadlines need. */
export interface DeadlineClock {
  /** Calls `run` once, `delayMs` from now; the result cancels that. */
  after(delayMs: number, run: () => void): () => void
}

export interface FramedStreamInit {
  /** A longer frame from the peer breaks the stream. */
  readonly maxFrameBytes: number
  /** Deadlines run on it. */
  readonly clock: DeadlineClock
  /** Name of the remote peer, for errors. */
  readonly peer?: string
  /** What this stream may hold of the memory for messages that arrive. @default no limit but the length of a frame */
  readonly budget?: BudgetShare
}

export interface WaitOptions {
  /** How long to wait for the peer before giving up; Infinity where `signal` is the deadline. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Bytes that may wait here unread before the peer is told to pause, on top of one whole frame. */
const READ_AHEAD_BYTES = 256 * 1024
/**
 * Bytes that may wait here to be sent. What waits goes out as one muxer frame: four blocks cost less than half of the
 * encryption calls, socket writes and window updates that they cost one by one.
 */
const WRITE_AHEAD_BYTES = 256 * 1024
/**
 * What a stream may hold for us while it is paused. The sender's flow-control window is the real bound (16 MiB unless
 * the muxer is configured otherwise); libp2p's own default of 4 MiB resets the stream in the middle of a window.
 */
const MAX_PAUSED_BYTES = 16 * 1024 * 1024 + READ_AHEAD_BYTES
/** A frame's length needs at most this many varint bytes: lengths stay below 2^28. */
const MAX_PREFIX_BYTES = 4

/**
 * Length-prefixed messages over a libp2p stream: each message after its length as an unsigned varint. Frames are read
 * without a copy where they arrive in one piece, and with one where they do not. Every wait has a deadline, and the
 * peer is held back when the reader does not keep up. One reader and one writer at a time.
 */
export class FramedStream {
  readonly stream: Stream
  readonly #maxFrameBytes: number
  readonly #clock: DeadlineClock
  readonly #peer: string | undefined
  readonly #budget: BudgetShare | undefined
  readonly #received = new ByteQueue()
  readonly #wake = new Set<() => void>()
  /** Bytes that the reader waits for. */
  #wanted = 0
  /** Length of the frame that is being read, or was read last. */
  #frameBytes = 0
  #paused = false
  #resuming = false
  #discarding = false
  #broken: Error | undefined

  constructor(stream: Stream, { maxFrameBytes, clock, peer, budget }: FramedStreamInit) {
    this.stream = stream
    this.#maxFrameBytes = maxFrameBytes
    this.#clock = clock
    this.#peer = peer
    this.#budget = budget
    stream.maxReadBufferLength = Math.max(stream.maxReadBufferLength, MAX_PAUSED_BYTES)
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('drain', this.#onChange)
    stream.addEventListener('remoteCloseWrite', this.#onChange)
    stream.addEventListener('close', this.#onClose)
  }

  /** Bytes that have arrived and wait to be read. */
  get bufferedBytes(): number {
    return this.#received.length
  }

  /**
   * The next frame, or undefined when the peer has closed its end between two frames.
   *
   * @throws FramingError 'PROTOCOL' (too long, cut off), 'TIMEOUT', 'UNREACHABLE' (the stream broke), 'ABORTED',
   *   'OVERLOADED' (no memory is left for the message; the stream can still carry an answer)
   */
  async read(options: WaitOptions): Promise<Uint8Array | undefined> {
    return this.#read((length) => this.#received.take(length), options)
  }

  /** As `read`, but in the pieces in which the frame came, without a copy. */
  async readPieces(options: WaitOptions): Promise<Uint8ArrayList | undefined> {
    return this.#read((length) => this.#received.takePieces(length), options)
  }

  /** The next message. Errors as `read`, and 'PROTOCOL' for bytes that are no such message. */
  async readMessage<T>(codec: Pick<MessageCodec<T>, 'decode'>, options: WaitOptions): Promise<T | undefined> {
    const frame = await this.read(options)
    return frame && this.decode(codec, frame)
  }

  /** A message out of a frame. @throws FramingError 'PROTOCOL' for bytes that are no such message */
  decode<T, F extends Uint8Array | Uint8ArrayList>(codec: { decode: (frame: F) => T }, frame: F): T {
    try {
      return codec.decode(frame)
    } catch (cause) {
      throw this.#protocolError('a message cannot be decoded', cause)
    }
  }

  /**
   * Sends one frame whose bytes are `parts`, one after another, and resolves when there is room for more: up to 256 KiB
   * wait here when the peer takes nothing. The parts are sent as they are: their owner must not change them afterwards.
   *
   * @throws FramingError 'TIMEOUT', 'UNREACHABLE', 'ABORTED'
   */
  async write(parts: readonly Uint8Array[], options: WaitOptions): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
    this.#checkUsable(options.signal)
    try {
      this.stream.send(new Uint8ArrayList(encodeLength(length), ...parts))
    } catch (cause) {
      throw this.#broken ?? this.#unreachable(cause)
    }
    const { stream } = this
    const mayGoOn = (): boolean => !stream.writableNeedsDrain || stream.writeBufferLength <= WRITE_AHEAD_BYTES
    if (!mayGoOn()) await this.#wait(mayGoOn, 'write', options)
  }

  async writeMessage<T>(
    codec: Pick<MessageCodec<T>, 'encode'>,
    message: T,
    options: WaitOptions
  ): Promise<void> {
    await this.write([codec.encode(message)], options)
  }

  /** Closes our end once all is sent; the peer may go on sending. Never rejects: a stream that cannot close is reset. */
  async close({ timeoutMs, signal }: WaitOptions): Promise<void> {
    const deadline = new AbortController()
    const onAbort = (): void => deadline.abort(signal?.reason)
    const cancelTimer = this.#clock.after(timeoutMs, () => deadline.abort(this.#timeout('write', timeoutMs)))
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await this.stream.close({ signal: deadline.signal })
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)))
    } finally {
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /**
   * Ends a conversation: closes our end, throws away what the peer still sends until it closes its own, and resets the
   * stream when it has not by the deadline. Never rejects.
   */
  async finish(options: WaitOptions): Promise<void> {
    this.#discarding = true
    this.#received.clear()
    this.#budget?.release()
    this.#resume()
    await this.close(options)
    try {
      await this.#wait(() => this.#ended(), 'read', options)
    } catch (error) {
      this.abort(error as Error)
    }
    this.release()
  }

  /** Resets the stream: both ends see an error, unread and unsent bytes are lost. */
  abort(error: Error): void {
    this.#broken ??= error
    this.stream.abort(error)
    this.#notify()
  }

  /** Stops listening; what has not been read is lost. */
  release(): void {
    this.stream.removeEventListener('message', this.#onMessage)
    this.stream.removeEventListener('drain', this.#onChange)
    this.stream.removeEventListener('remoteCloseWrite', this.#onChange)
    this.stream.removeEventListener('close', this.#onClose)
    this.#budget?.release()
  }

  async #read<F>(take: (length: number) => F, options: WaitOptions): Promise<F | undefined> {
    // The frame read before has been used by now.
    this.#frameBytes = 0
    this.#budget?.mustHold(this.#received.length)
    const length = await this.#readLength(options)
    if (length === undefined) return undefined
    if (this.#budget?.hold(Math.max(length, this.#received.length)) === false) {
      throw this.#overloaded(length)
    }
    this.#frameBytes = length
    if (!(await this.#fill(length, options))) throw this.#protocolError('the stream ends inside a message')
    const frame = take(length)
    this.#resume()
    return frame
  }

  async #readLength(options: WaitOptions): Promise<number | undefined> {
    for (let have = 1; ; have++) {
      if (!(await this.#fill(have, options))) {
        if (have === 1) return undefined
        throw this.#protocolError('the stream ends inside a length')
      }
      if (this.#received.at(have - 1) < 0x80) break
      if (have === MAX_PREFIX_BYTES) throw this.#protocolError('a length is too long')
    }
    const length = this.#received.takeVarint()
    if (length === undefined) throw this.#protocolError('a length is not in its shortest form')
    if (length > this.#maxFrameBytes) {
      throw this.#protocolError(`a message of ${length} bytes; at most ${this.#maxFrameBytes} are allowed`)
    }
    return length
  }

  /** Waits until `bytes` have arrived; false when the peer's end is closed before. */
  async #fill(bytes: number, options: WaitOptions): Promise<boolean> {
    if (this.#received.length >= bytes) return true
    this.#wanted = bytes
    this.#resume()
    await this.#wait(() => this.#received.length >= bytes || this.#ended(), 'read', options)
    return this.#received.length >= bytes
  }

  /** The peer has closed its end and all its bytes have arrived. False after a reset. */
  #ended(): boolean {
    if (this.#broken !== undefined) return false
    const { remoteWriteStatus, readStatus, readBufferLength } = this.stream
    return (remoteWriteStatus === 'closed' || readStatus === 'closed') && readBufferLength === 0
  }

  async #wait(
    ready: () => boolean,
    what: 'read' | 'write',
    { timeoutMs, signal }: WaitOptions
  ): Promise<void> {
    if (ready()) return
    this.#checkUsable(signal)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const check = () => {
      if (ready()) resolve()
      else if (this.#broken !== undefined) reject(this.#broken)
      // a connection may close without an error, and then nothing drains any more
      else if (what === 'write' && this.stream.writeStatus === 'closed') reject(this.#unreachable(undefined))
    }
    const onAbort = () => reject(aborted(signal))
    const cancelTimer =
      timeoutMs === Infinity
        ? undefined
        : this.#clock.after(timeoutMs, () => reject(this.#timeout(what, timeoutMs)))
    this.#wake.add(check)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      cancelTimer?.()
      this.#wake.delete(check)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #checkUsable(signal: AbortSignal | undefined): void {
    if (this.#broken !== undefined) throw this.#broken
    if (signal?.aborted === true) throw aborted(signal)
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    if (this.#discarding) return
    if (data instanceof Uint8Array) this.#received.push(data)
    else for (const part of data) this.#received.push(part)
    const fits = this.#budget?.mustHold(Math.max(this.#frameBytes, this.#received.length)) ?? true
    this.#pauseWhenFull(fits ? READ_AHEAD_BYTES : 0)
    this.#notify()
  }

  /** Statuses change around the event, and what comes with it may still be on its way: look once it has settled. */
  readonly #onChange = (): void => queueMicrotask(() => this.#notify())

  readonly #onClose = ({ error }: StreamCloseEvent): void => {
    if (error !== undefined) this.#broken ??= this.#unreachable(error)
    this.#onChange()
  }

  #notify(): void {
    for (const check of [...this.#wake]) check()
  }

  /**
   * Not while the stream resumes: it hands over what it kept in the middle of that, and a pause then would be forgotten
   * by the muxer, which would go on to invite more.
   */
  #pauseWhenFull(readAheadBytes = READ_AHEAD_BYTES): void {
    if (this.#paused || this.#resuming || this.#received.length <= this.#wanted + readAheadBytes) return
    if (this.stream.readStatus !== 'readable') return
    this.#paused = true
    this.stream.pause()
  }

  #resume(): void {
    if (!this.#paused || this.#received.length > Math.max(this.#wanted, READ_AHEAD_BYTES / 2)) return
    this.#paused = false
    if (this.stream.readStatus !== 'paused') return
    this.#resuming = true
    this.stream.resume()
    this.#resuming = false
    this.#pauseWhenFull()
  }

  #protocolError(reason: string, cause?: unknown): FramingError {
    return new FramingError('PROTOCOL', `${this.#who()}: ${reason}`, { reason, peer: this.#peer }, { cause })
  }

  #overloaded(neededBytes: number): FramingError {
    return new FramingError('OVERLOADED', `no memory is left for ${neededBytes} bytes of ${this.#who()}`, {
      neededBytes,
      peer: this.#peer
    })
  }

  #timeout(what: 'read' | 'write', afterMs: number): FramingError {
    const did = what === 'read' ? 'sent nothing' : 'took nothing'
    return new FramingError('TIMEOUT', `${this.#who()} ${did} for ${afterMs} ms`, {
      afterMs,
      what,
      peer: this.#peer
    })
  }

  #unreachable(cause: unknown): FramingError {
    return new FramingError(
      'UNREACHABLE',
      `the stream to ${this.#who()} broke`,
      { peer: this.#peer },
      { cause }
    )
  }

  #who(): string {
    return this.#peer ?? 'the peer'
  }
}

function aborted(signal: AbortSignal | undefined): FramingError {
  return new FramingError('ABORTED', 'aborted', {}, { cause: signal?.reason })
}

function encodeLength(length: number): Uint8Array {
  return varint.encodeTo(length, new Uint8Array(varint.encodingLength(length)))
}
