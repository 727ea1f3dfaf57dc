import { isMainThread } from 'node:worker_threads'

/** A batch that is nearly done is not slept over. */
const AWAKE_MILLIS = 1
const NAP_MILLIS = 0.25

/** Nobody wakes it. */
const cell = new Int32Array(new SharedArrayBuffer(4))

/**
 * Dawn asks the driver for answers in every turn of the event loop, and turns it without rest while one is outstanding: a thread that
 * waits for a GPU would hold a core. Between turns in which nothing happened the thread sleeps a little. Only threads of a pool do
 * that; the main thread has others to serve.
 */
export class Naps {
  #waiting = 0
  #isTurning = false
  #lastProgress = 0

  /** Something is asked of the driver. */
  begin(): void {
    this.progress()
    this.#waiting++
    if (this.#isTurning || isMainThread) return
    this.#isTurning = true
    setImmediate(this.#turn)
  }

  /** The driver gave an answer. */
  progress(): void {
    this.#lastProgress = performance.now()
  }

  /** Nothing more is asked for now. */
  end(): void {
    this.progress()
    this.#waiting--
  }

  readonly #turn = (): void => {
    this.#isTurning = this.#waiting > 0
    if (!this.#isTurning) return
    if (performance.now() - this.#lastProgress > AWAKE_MILLIS) Atomics.wait(cell, 0, 0, NAP_MILLIS)
    setImmediate(this.#turn)
  }
}
