import { EncoderError } from '../../errors.ts'

/** Flags of buffers, as the WebGPU standard numbers them. */
export const BufferUsage = {
  mapRead: 1,
  mapWrite: 2,
  copySource: 4,
  copyTarget: 8,
  uniform: 64,
  storage: 128
}
export const MapMode = { read: 1, write: 2 }

/** An adapter with what a person wants to know of it. */
export interface FoundAdapter {
  readonly gpu: GPU
  readonly adapter: GPUAdapter
  readonly description: string
  /** A processor that plays a GPU: it runs the kernels, for tests, and never faster than WebAssembly does. */
  readonly isSoftware: boolean
}

/**
 * The root of Dawn, the WebGPU implementation. It has to stay referenced for the life of the process (Dawn
 * aborts when it is collected before its devices), so this is the one thing here that is held by the module.
 */
let root: Promise<GPU> | undefined

/**
 * The machine's WebGPU adapter.
 * @throws EncoderError BACKEND_FAILED when the package `webgpu` is not installed, does not load, or finds no
 * adapter
 */
export async function findAdapter(): Promise<FoundAdapter> {
  root ??= loadDawn()
  const gpu = await root
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) {
    throw new EncoderError(
      'BACKEND_FAILED',
      'WebGPU finds no adapter: no GPU, or no Vulkan, Metal or D3D12 driver.'
    )
  }
  const { description, device, vendor, architecture, isFallbackAdapter } = adapter.info
  return {
    gpu,
    adapter,
    description: description || device || `${vendor} ${architecture}`,
    isSoftware: isFallbackAdapter || architecture === 'software'
  }
}

async function loadDawn(): Promise<GPU> {
  try {
    const { create } = await import('webgpu')
    return create([])
  } catch (error) {
    throw new EncoderError('BACKEND_FAILED', `The package webgpu does not load: ${(error as Error).message}`)
  }
}
