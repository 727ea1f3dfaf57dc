import { EncoderError } from '../../errors.ts'
import { findAdapter } from '../webgpu/device.ts'

export type Tensorflow = typeof import('@tensorflow/tfjs-core')

/** Optional packages that register a native backend on import. */
const NATIVE_PACKAGES: readonly string[] = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']

/** Optional backends that the user may have installed with the core, fastest first. */
const PORTABLE_BACKENDS: ReadonlyArray<readonly [packageName: string, backendName: string]> = [
  ['@tensorflow/tfjs-backend-webgpu', 'webgpu'],
  ['@tensorflow/tfjs-backend-wasm', 'wasm'],
  ['@tensorflow/tfjs-backend-cpu', 'cpu']
]

/**
 * TensorFlow.js with a backend: the one that the program has already chosen, else a native one, else the first portable
 * one that starts.
 * @throws EncoderError BACKEND_FAILED
 */
export async function loadTensorflow(): Promise<{ tf: Tensorflow; backendName: string }> {
  const tf = await importCore()
  const chosen = registered(tf)
  if (chosen !== undefined) return { tf, backendName: chosen }
  if (await importsOne(NATIVE_PACKAGES)) return { tf, backendName: registered(tf) ?? 'tensorflow' }
  for (const [packageName, backendName] of PORTABLE_BACKENDS) {
    if (await starts(tf, packageName, backendName)) return { tf, backendName }
  }
  throw new EncoderError('BACKEND_FAILED', 'TensorFlow.js has no backend that starts here.')
}

/** Whether the native GPU build is installed and can be loaded. */
export function hasNativeGpu(): Promise<boolean> {
  return importsOne(NATIVE_PACKAGES.slice(0, 1))
}

async function importCore(): Promise<Tensorflow> {
  try {
    return await import('@tensorflow/tfjs-core')
  } catch (error) {
    throw new EncoderError(
      'BACKEND_FAILED',
      `The package @tensorflow/tfjs-core does not load: ${messageOf(error)}`
    )
  }
}

function registered(tf: Tensorflow): string | undefined {
  return tf.engine().backendName ?? undefined
}

async function importsOne(packageNames: readonly string[]): Promise<boolean> {
  for (const packageName of packageNames) {
    try {
      await import(packageName)
      return true
    } catch {
      // Not installed, or installed without its native library.
    }
  }
  return false
}

async function starts(tf: Tensorflow, packageName: string, backendName: string): Promise<boolean> {
  try {
    if (backendName === 'webgpu') await offerAdapter()
    await import(packageName)
    return await tf.setBackend(backendName)
  } catch {
    return false
  }
}

/** Provides the GPU adapter where a browser has it: the WebGPU backend looks for it there. */
async function offerAdapter(): Promise<void> {
  const { gpu, isSoftware } = await findAdapter()
  if (isSoftware) throw new EncoderError('BACKEND_FAILED', 'There is no GPU.')
  const navigator = { gpu, userAgent: 'node' }
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
