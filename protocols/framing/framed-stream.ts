import { StreamResetError } from '@libp2p/interface'
import { varint } from 'multiformats'
import { Uint8ArrayList } from 'uint8arraylist'
import { ByteQueue } from './byte-queue.ts'
import { FramingError } from './errors.ts'
import type { BudgetShare } from './byte-budget.ts'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'

/** The codec that protons generates for a message. */
export interface MessageCodec<T> {
  encode(message: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** The part of `Clock` (`src/clock`) that deadlines need. */
export interface DeadlineClock {
  /** Calls `run` once, `delayMs` from now. @returns a function that cancels the call */
  after(delayMs: number, run: () => void): () => void
}

export interface FramedStreamInit {
  /** A longer frame from the peer breaks the stream. */
  readonly maxFrameBytes: number
  /** Clock of the deadlines. */
  readonly clock: DeadlineClock
  /** Name of the remote peer, for errors. */
  readonly peer?: string
  /** This stream's share of the memory for partly received messages. @default no limit but the length of a frame */
  readonly budget?: BudgetShare
}

export interface WaitOptions {
  /** How long to wait for the peer before giving up; Infinity where `signal` is the deadline. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Unread bytes, beyond one whole frame, at which the stream pauses the peer. */
const READ_AHEAD_BYTES = 256 * 1024
/**
 * Bytes that may wait here to be sent. Waiting bytes go out as one muxer frame: four blocks together need less than half
 * of the encryption calls, socket writes and window updates that they need one by one.
 */
const WRITE_AHEAD_BYTES = 256 * 1024
/**
 * Bytes that libp2p may buffer for a paused stream. The sender's flow-control window is the real bound (16 MiB unless
 * the muxer is configured otherwise). libp2p's default of 4 MiB would reset the stream in the middle of a window.
 */
const MAX_PAUSED_BYTES = 16 * 1024 * 1024 + READ_AHEAD_BYTES
/** Maximum varint bytes of a frame's length: lengths are below 2^28. */
const MAX_PREFIX_BYTES = 4

/**
 * Length-prefixed messages over a libp2p stream: each message follows its length, an unsigned varint. A frame is copied
 * only if it arrives in several pieces. Every wait has a deadline. The stream pauses the peer when the reader does not
 * keep up. One reader and one writer at a time.
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
  /** Length of the current frame, or of the last one read. */
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
    // The peer may have reset it before anybody listened.
    if (stream.status === 'reset') this.#broken = this.#unreachable(new StreamResetError())
  }

  /** Received bytes that have not been read. */
  get bufferedBytes(): number {
    return this.#received.length
  }

  /**
   * The next frame, or undefined if the peer closed its end between two frames.
   *
   * @throws FramingError 'PROTOCOL' (too long, cut off), 'TIMEOUT', 'UNREACHABLE' (the stream broke), 'ABORTED',
   *   'OVERLOADED' (no memory for the message; the stream can still send an answer)
   */
  async read(options: WaitOptions): Promise<Uint8Array | undefined> {
    return this.#read((length) => this.#received.take(length), options)
  }

  /** Like `read`, but returns the pieces in which the frame arrived, without a copy. */
  async readPieces(options: WaitOptions): Promise<Uint8ArrayList | undefined> {
    return this.#read((length) => this.#received.takePieces(length), options)
  }

  /** The next message. @throws FramingError as `read`, and 'PROTOCOL' if the bytes cannot be decoded */
  async readMessage<T>(codec: Pick<MessageCodec<T>, 'decode'>, options: WaitOptions): Promise<T | undefined> {
    const frame = await this.read(options)
    return frame && this.decode(codec, frame)
  }

  /** Decodes the message in a frame. @throws FramingError 'PROTOCOL' if the bytes cannot be decoded */
  decode<T, F extends Uint8Array | Uint8ArrayList>(codec: { decode: (frame: F) => T }, frame: F): T {
    try {
      return codec.decode(frame)
    } catch (cause) {
      throw this.#protocolError('a message cannot be decoded', cause)
    }
  }

  /**
   * Sends one frame, the concatenation of `parts`, and resolves when there is room for more: up to 256 KiB wait here if
   * the peer accepts nothing. The parts are not copied: the caller must not change them afterwards.
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

  /** Sends all data, then closes our end; the peer may go on sending. Never rejects: resets a stream that cannot close. */
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
   * Ends a conversation: closes our end and discards what the peer still sends. Resets the stream if the peer has not
   * closed its end by the deadline. Never rejects.
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

  /** Stops listening. Unread bytes are lost. */
  release(): void {
    this.stream.removeEventListener('message', this.#onMessage)
    this.stream.removeEventListener('drain', this.#onChange)
    this.stream.removeEventListener('remoteCloseWrite', this.#onChange)
    this.stream.removeEventListener('close', this.#onClose)
    this.#budget?.release()
  }

  async #read<F>(take: (length: number) => F, options: WaitOptions): Promise<F | undefined> {
    // The caller no longer needs the previous frame.
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

  /** Waits until `bytes` have arrived. @returns false if the peer closes its end first */
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
      // If the connection closes without an error, 'drain' never fires.
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

  /** Waits a microtask: stream statuses and data may change just after the event. */
  readonly #onChange = (): void => queueMicrotask(() => this.#notify())

  readonly #onClose = ({ error }: StreamCloseEvent): void => {
    if (error !== undefined) this.#broken ??= this.#unreachable(error)
    this.#onChange()
  }

  #notify(): void {
    for (const check of [...this.#wake]) check()
  }

  /**
   * Does not pause while the stream resumes: libp2p delivers its buffered data during the resume, and the muxer would
   * forget the pause and go on to enlarge the peer's window.
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
