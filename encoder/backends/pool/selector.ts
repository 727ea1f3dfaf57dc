import { EncoderError } from '../../errors.ts'
import type { SegmentShape } from '../../shape.ts'
import type { BackendName } from '../backend.ts'
import { BackendChoices } from '../choices.ts'
import { CodingWorker } from './coding-worker.ts'
import type { CodecEvent } from './events.ts'

/** Selects the backend for a shape. */
export interface BackendSelector {
  backendFor(shape: SegmentShape): BackendName
  close(): Promise<void>
}

/** @param maxThreads - of the pool */
export function createSelector(
  backend: 'auto' | BackendName,
  maxThreads: number,
  choicesFile: string | undefined,
  onEvent: (event: CodecEvent) => void
): BackendSelector {
  if (backend !== 'auto') return fixed(backend)
  return choicesFile === undefined ? fixed('wasm') : new MeasuringSelector(choicesFile, maxThreads, onEvent)
}

function fixed(backend: BackendName): BackendSelector {
  return { backendFor: () => backend, close: async () => {} }
}

/** Smaller segments are not worth the transfer to a GPU. */
const MIN_MEASURED_BYTES = 256 * 1024

/** Selects by measurement. Until a shape has been measured, it uses WebAssembly. */
class MeasuringSelector implements BackendSelector {
  readonly #choices: BackendChoices
  readonly #maxThreads: number
  readonly #onEvent: (event: CodecEvent) => void
  readonly #begun = new Set<string>()
  /** Measurements run one after another, each in its own short-lived thread. */
  #last: Promise<void> = Promise.resolve()
  #worker: CodingWorker | undefined
  #closed = false

  constructor(choicesFile: string, maxThreads: number, onEvent: (event: CodecEvent) => void) {
    this.#choices = new BackendChoices(choicesFile)
    this.#maxThreads = maxThreads
    this.#onEvent = onEvent
  }

  backendFor(shape: SegmentShape): BackendName {
    const { k, n, blockBytes } = shape
    const choice = this.#choices.get(shape)
    const key = `${k} ${n} ${blockBytes}`
    if (choice === undefined && k * blockBytes >= MIN_MEASURED_BYTES && n > k && !this.#begun.has(key)) {
      this.#begun.add(key)
      this.#last = this.#last.then(() => this.#measure(shape))
    }
    return choice ?? 'wasm'
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.end(new EncoderError('CLOSED', 'The codec is closed.'))
    await this.#last
  }

  /**
   * Measures a shape, unless it has a choice meanwhile. A failed measurement changes nothing.
   */
  async #measure(shape: SegmentShape): Promise<void> {
    if (this.#closed || this.#choices.get(shape) !== undefined) return
    const worker = new CodingWorker({ order: ['scalar'] }, { onEvent() {}, onIdle() {}, onEnd() {} })
    this.#worker = worker
    try {
      const calibration = await worker.run({
        kind: 'calibrate',
        shape,
        maxThreads: this.#maxThreads
      })
      await this.#choices.set(shape, calibration.fastest)
      this.#onEvent({ type: 'calibrated', shape, calibration })
    } catch {
      // The shape continues to use WebAssembly.
    } finally {
      await worker.end(new EncoderError('CLOSED', 'The measurement is over.'))
    }
  }
}
