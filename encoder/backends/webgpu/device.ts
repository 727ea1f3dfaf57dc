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

/** An adapter with its description for people. */
export interface FoundAdapter {
  readonly gpu: GPU
  readonly adapter: GPUAdapter
  readonly description: string
  /** A software GPU on the processor: it runs the kernels, for tests, but never faster than WebAssembly. */
  readonly isSoftware: boolean
}

/**
 * The root of Dawn, the WebGPU implementation. It has to stay referenced for the life of the process: Dawn aborts if it is
 * collected before its devices. So it is the only state of this module.
 */
let root: Promise<GPU> | undefined

/**
 * The machine's WebGPU adapter.
 * @throws EncoderError BACKEND_FAILED if the package `webgpu` is not installed, does not load, or finds no adapter
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
