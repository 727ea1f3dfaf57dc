import { randomUUID } from 'node:crypto'
import { GatewayError } from './problem.ts'
import type { GatewayNode, PutOptions, PutProgress, PutResult } from './types.ts'

/** Puts that may be under way at once. */
export const MAX_PART_PUTS = 32

/**
 * Puts whose bytes come in several requests, one after the other: over HTTP/1.1 a browser can send only what it has whole
 * (Fetch, "request body streams" need HTTP/2), and a file that is being sealed is not.
 */
export class PartPuts {
  readonly #node: Pick<GatewayNode, 'objects' | 'logger'>
  readonly #stopping: AbortSignal
  readonly #patienceMs: number
  readonly #puts = new Map<string, PartPut>()

  /** @param patienceMs - a put that hears nothing of its client for so long is given up */
  constructor(node: Pick<GatewayNode, 'objects' | 'logger'>, stopping: AbortSignal, patienceMs: number) {
    this.#node = node
    this.#stopping = stopping
    this.#patienceMs = patienceMs
  }

  /** Starts a put. @returns its id @throws GatewayError 'PUTS_FULL' */
  begin(options: PutOptions): string {
    if (this.#puts.size >= MAX_PART_PUTS) {
      throw new GatewayError('PUTS_FULL', `${MAX_PART_PUTS} puts in parts are under way.`)
    }
    const id = randomUUID()
    const put = new PartPut(this.#node, options, this.#stopping, this.#patienceMs)
    this.#puts.set(id, put)
    put.ended.addEventListener('abort', () => this.#puts.delete(id))
    return id
  }

  /** @throws GatewayError 'NO_PUT' */
  find(id: string): PartPut {
    const put = this.#puts.get(id)
    if (put !== undefined) return put
    throw new GatewayError('NO_PUT', 'There is no such put: it has ended, or was given up.', { put: id })
  }
}

interface Part {
  readonly pieces: AsyncIterable<Uint8Array>
  readonly isLast: boolean
  readonly taken: PromiseWithResolvers<void>
}

/** One put in parts. Nothing is buffered: the pieces of a part go on as they come. */
export class PartPut {
  progress: PutProgress = { readBytes: 0, sentBytes: 0, shardsAcknowledged: 0 }
  readonly #ended = new AbortController()
  readonly #given = new AbortController()
  readonly #patienceMs: number
  readonly #result: Promise<PutResult>
  #next = Promise.withResolvers<Part>()
  #timer: NodeJS.Timeout | undefined
  #takenBytes = 0
  #isBusy = false
  #isWhole = false

  constructor(
    { objects, logger }: Pick<GatewayNode, 'objects' | 'logger'>,
    options: PutOptions,
    stopping: AbortSignal,
    patienceMs: number
  ) {
    this.#patienceMs = patienceMs
    const signal = AbortSignal.any([this.#given.signal, stopping])
    const onProgress = (progress: PutProgress): void => {
      this.progress = progress
    }
    this.#result = objects.put(this.#source(signal), { ...options, signal, onProgress })
    this.#result.catch((error: unknown) => {
      logger.warn('put in parts failed', { error })
      // Told to the next request; a client that has gone asks no more.
      if (signal.aborted) this.#end()
    })
    this.#wait()
  }

  /** Aborted when nothing more can be asked of it. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Bytes that the put has taken so far: where the next part begins. */
  get takenBytes(): number {
    return this.#takenBytes
  }

  /**
   * Takes a part in. Resolves when the put has read it all.
   *
   * @param at - where in the whole it begins
   * @throws GatewayError 'BAD_REQUEST' for a part out of order; whatever the put failed with
   */
  async take(at: number, pieces: AsyncIterable<Uint8Array>, isLast: boolean): Promise<void> {
    if (this.#isBusy || this.#isWhole || at !== this.#takenBytes) {
      const state = this.#isBusy || this.#isWhole ? 'another part has been sent' : 'parts come in order'
      throw new GatewayError('BAD_REQUEST', `The next part begins at ${this.#takenBytes}: ${state}.`, {
        parameter: 'at',
        expected: this.#takenBytes
      })
    }
    this.#isBusy = true
    this.#isWhole = isLast
    clearTimeout(this.#timer)
    const part: Part = { pieces, isLast, taken: Promise.withResolvers() }
    // The race below may be lost to the result of the put, and then nobody else awaits this.
    part.taken.promise.catch(() => {})
    this.#next.resolve(part)
    try {
      await Promise.race([part.taken.promise, this.#result])
    } catch (error) {
      this.#end()
      throw error
    } finally {
      this.#isBusy = false
      if (!isLast && !this.#ended.signal.aborted) this.#wait()
    }
  }

  /** What the put came to, once its last part has been taken. @throws whatever it failed with */
  async result(): Promise<PutResult> {
    try {
      return await this.#result
    } finally {
      this.#end()
    }
  }

  /** Breaks the put off: holders free what has arrived. */
  giveUp(): void {
    this.#given.abort(new GatewayError('NO_PUT', 'The put was given up.'))
    this.#end()
  }

  #wait(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.giveUp(), this.#patienceMs)
    this.#timer.unref()
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#ended.abort()
  }

  /** The parts as one source; it can be given up while it waits for the next one. */
  #source(signal: AbortSignal): AsyncIterable<Uint8Array> {
    const left = Promise.withResolvers<never>()
    // Awaited only while the source waits for a part.
    left.promise.catch(() => {})
    signal.addEventListener('abort', () => left.reject(signal.reason), { once: true })
    const bytes = this.#bytes(left.promise)
    return {
      [Symbol.asyncIterator]: () => ({
        next: async () => await bytes.next(),
        return: async () => {
          left.reject(new Error('The put has ended.'))
          return await bytes.return(undefined)
        }
      })
    }
  }

  async *#bytes(left: Promise<never>): AsyncGenerator<Uint8Array, undefined> {
    for (;;) {
      const { pieces, isLast, taken } = await Promise.race([this.#next.promise, left])
      this.#next = Promise.withResolvers()
      try {
        for await (const piece of pieces) {
          this.#takenBytes += piece.byteLength
          yield piece
        }
        taken.resolve()
      } catch (error) {
        taken.reject(error)
        throw error
      }
      if (isLast) return undefined
    }
  }
}
