// Finds which backends this machine can run, and why it cannot run the others.

import { EncoderError } from '../errors.ts'
import type { BackendName } from './backend.ts'
import { hasNativeGpu, loadTensorflow } from './tfjs/load.ts'
import { createWasmBackend } from './wasm/index.ts'
import { findAdapter } from './webgpu/device.ts'

/** The result for one backend. */
export interface EncoderProbe {
  readonly backend: BackendName
  /** Whether `--encoder NAME` would run it. */
  readonly isAvailable: boolean
  /** Whether `auto` measures it: it could be the fastest here. */
  readonly isCandidate: boolean
  /** What it runs on: the type of SIMD, the GPU's name; may be empty. */
  readonly detail: string
  /** Why it is not available or not a candidate; empty if it is both. */
  readonly reason: string
}

/** Probes every backend. Loads the GPU's driver, so call it in a short-lived process or thread. */
export async function probeEncoders(): Promise<EncoderProbe[]> {
  return [probeScalar(), probeWasm(), await probeWebgpu(), await probeTfjs()]
}

function probeScalar(): EncoderProbe {
  return found('scalar', 'JavaScript', 'it is the reference for the others, and the last resort')
}

function probeWasm(): EncoderProbe {
  try {
    return found('wasm', createWasmBackend().detail)
  } catch (error) {
    return missing('wasm', error)
  }
}

async function probeWebgpu(): Promise<EncoderProbe> {
  try {
    const { description, isSoftware } = await findAdapter()
    return found(
      'webgpu',
      description,
      isSoftware ? 'a processor plays the GPU here, which WebAssembly outruns' : ''
    )
  } catch (error) {
    return missing('webgpu', error)
  }
}

async function probeTfjs(): Promise<EncoderProbe> {
  try {
    const isNative = await hasNativeGpu()
    const { backendName } = await loadTensorflow()
    const reason = isNative
      ? ''
      : '@tensorflow/tfjs-node-gpu is not installed, and without it WebAssembly outruns it'
    return found('tfjs', `TensorFlow.js on ${backendName}`, reason)
  } catch (error) {
    return missing('tfjs', error)
  }
}

function found(backend: BackendName, detail: string, reason = ''): EncoderProbe {
  return { backend, isAvailable: true, isCandidate: reason === '', detail, reason }
}

function missing(backend: BackendName, error: unknown): EncoderProbe {
  const reason = error instanceof EncoderError ? error.message : String(error)
  return { backend, isAvailable: false, isCandidate: false, detail: '', reason }
}
