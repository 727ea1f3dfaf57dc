import { EncoderError } from '../errors.ts'
import type { Backend, BackendName } from './backend.ts'
import { createScalarBackend } from './scalar.ts'
import { createWasmBackend } from './wasm/index.ts'

/** A backend that was passed over, and what took its place. */
export interface FallbackEvent {
  readonly type: 'fallback'
  readonly from: BackendName
  readonly to: BackendName
  readonly reason: string
}

/** The backend that a process settled on. */
export interface BackendEvent {
  readonly type: 'backend'
  readonly name: BackendName
  /** The kind of SIMD, the GPU's name. */
  readonly detail: string
}

/**
 * Opens a backend by name.
 * @throws EncoderError BACKEND_FAILED when this machine cannot run it
 */
export async function openBackend(name: BackendName): Promise<Backend> {
  switch (name) {
    case 'scalar':
      return createScalarBackend()
    case 'wasm':
      return createWasmBackend()
    default:
      throw new EncoderError('BACKEND_FAILED', `The backend ${name} is not there.`, { backend: name })
  }
}

/**
 * Opens the first backend of `order` that this machine runs.
 * @throws EncoderError BACKEND_FAILED when it runs none of them
 */
export async function openFirst(
  order: readonly BackendName[],
  onEvent: (event: BackendEvent | FallbackEvent) => void
): Promise<Backend> {
  const [name, next] = order
  try {
    const backend = await openBackend(name)
    onEvent({ type: 'backend', name, detail: backend.detail })
    return backend
  } catch (error) {
    if (next === undefined) throw error
    onEvent({ type: 'fallback', from: name, to: next, reason: (error as Error).message })
    return openFirst(order.slice(1), onEvent)
  }
}
