import { EncoderError } from '../errors.ts'
import { HASH_BYTES, leafHash } from '../merkle/merkle.ts'
import type { Backend, BackendName } from './backend.ts'
import { createScalarBackend } from './scalar.ts'
import { createWasmBackend } from './wasm/index.ts'

/**
 * Opens a backend by name. Loads GPU code only for GPU backends, so that threads start quickly.
 * @throws EncoderError BACKEND_FAILED if this machine cannot run it
 */
export async function openBackend(name: BackendName): Promise<Backend> {
  switch (name) {
    case 'scalar':
      return createScalarBackend()
    case 'wasm':
      return createWasmBackend()
    case 'webgpu':
      return (await import('./webgpu/index.ts')).createWebgpuBackend()
    case 'tfjs':
      return (await import('./tfjs/index.ts')).createTfjsBackend()
  }
}

/**
 * The backends to try, best first: `name`, then those that run on every machine.
 */
export function orderFrom(name: BackendName): readonly BackendName[] {
  return [...new Set<BackendName>([name, 'wasm', 'scalar'])]
}

/** A backend that could not be opened or failed, and its replacement. */
export interface FallbackEvent {
  readonly type: 'fallback'
  readonly from: BackendName
  readonly to: BackendName
  readonly reason: string
}

/** The backend that a thread uses from now on. */
export interface BackendEvent {
  readonly type: 'backend'
  readonly name: BackendName
  /** The kind of SIMD, the GPU's name. */
  readonly detail: string
}

/**
 * A chain of backends. If one fails to open or fails during a call, the next one repeats the call and handles all later
 * calls. Callers get the same bytes; each change is reported once.
 */
export class FallbackChain {
  readonly #order: BackendName[]
  readonly #onEvent: (event: BackendEvent | FallbackEvent) => void
  readonly #openByName: (name: BackendName) => Promise<Backend>
  #current: Promise<Backend>

  /** @param open - opens a backend by its name */
  constructor(
    order: readonly BackendName[],
    onEvent: (event: BackendEvent | FallbackEvent) => void,
    open: (name: BackendName) => Promise<Backend> = openBackend
  ) {
    this.#order = [...order]
    this.#onEvent = onEvent
    this.#openByName = open
    this.#current = this.#open()
    // The first call reports the rejection.
    this.#current.catch(() => {})
  }

  /** @throws EncoderError like Backend.compute; BACKEND_FAILED only if no backend is left */
  async compute(...call: Parameters<Backend['compute']>): Promise<void> {
    await this.#try((backend) => backend.compute(...call))
  }

  /**
   * Computes rows, and returns the leaf hashes of all, those of the sources first.
   * @throws EncoderError like compute
   */
  async computeHashed(...call: Parameters<Backend['compute']>): Promise<Uint8Array> {
    return await this.#try((backend) => computeHashed(backend, ...call))
  }

  /** Frees what the backend in use holds, when it has opened. Calls in progress fail. */
  async close(): Promise<void> {
    try {
      await (await this.#current).close()
    } catch {
      // It never opened: whoever called was told.
    }
  }

  async #try<R>(work: (backend: Backend) => R | Promise<R>): Promise<R> {
    for (;;) {
      const attempt = this.#current
      const backend = await attempt
      try {
        return await work(backend)
      } catch (error) {
        if (!isBackendFailure(error)) throw error
        // The first of several concurrent calls to fail replaces the backend; the others use the new one.
        if (attempt === this.#current) this.#current = this.#replace(backend, error)
      }
    }
  }

  async #open(): Promise<Backend> {
    try {
      const backend = await this.#openByName(this.#order[0])
      this.#onEvent({ type: 'backend', name: backend.name, detail: backend.detail })
      return backend
    } catch (error) {
      if (!isBackendFailure(error)) throw error
      return this.#next(error)
    }
  }

  async #replace(failed: Backend, error: EncoderError): Promise<Backend> {
    await failed.close()
    return this.#next(error)
  }

  #next(error: EncoderError): Promise<Backend> {
    if (this.#order.length === 1) throw error
    const from = this.#order.shift()!
    this.#onEvent({ type: 'fallback', from, to: this.#order[0], reason: error.message })
    return this.#open()
  }
}

/** The rows of a call, and the leaf hashes of all of them: made by the backend, or else on this thread. */
export async function computeHashed(
  backend: Backend,
  ...[plan, sources, targets]: Parameters<Backend['compute']>
): Promise<Uint8Array> {
  const leaves = new Uint8Array((sources.length + targets.length) * HASH_BYTES)
  if ((await backend.computeHashed?.(plan, sources, targets, leaves)) !== true) {
    await backend.compute(plan, sources, targets)
    ;[...sources, ...targets].forEach((row, i) => leaves.set(leafHash(row), i * HASH_BYTES))
  }
  return leaves
}

function isBackendFailure(error: unknown): error is EncoderError {
  return error instanceof EncoderError && error.code === 'BACKEND_FAILED'
}
