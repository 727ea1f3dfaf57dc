import { readFileSync } from 'node:fs'
import type { RowPlan } from '../../plan.ts'
import { BufferUsage, MapMode } from './device.ts'

/** Columns of one call's rows, from byte `start` to byte `end`. */
export interface Slice {
  readonly sources: readonly Uint8Array[]
  readonly targets: readonly Uint8Array[]
  readonly start: number
  readonly end: number
}

/** The kernel works on vectors of sixteen bytes, in groups of 64 threads. */
export const VECTOR_BYTES = 16
const WORKGROUP_THREADS = 64
const MAX_WORKGROUPS = 65535
const MAX_COEFFICIENTS = 256 * 256

/**
 * Maximum bytes of a batch's given rows, and of its wanted rows. The whole memory cost is four such buffers per lane.
 */
const LANE_BYTES = 8 * 1024 * 1024

/** Maximum bytes of a row in a batch, so that both the given and the wanted rows fit the lane. */
export function mostRowBytes({ have, want }: RowPlan): number {
  const vectors = Math.floor(LANE_BYTES / VECTOR_BYTES / Math.max(have.length, want.length))
  return Math.min(vectors, MAX_WORKGROUPS * WORKGROUP_THREADS) * VECTOR_BYTES
}

export function paddedBytes({ start, end }: Slice): number {
  return Math.ceil((end - start) / VECTOR_BYTES) * VECTOR_BYTES
}

export function createRowsPipeline(device: GPUDevice): Promise<GPUComputePipeline> {
  const code = readFileSync(new URL('rows.wgsl', import.meta.url), 'utf8')
  return device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'makeRows' }
  })
}

/**
 * Processes one batch at a time: copies it in, computes it, reads it back. With several lanes, one batch is uploaded while
 * another one is computed and a third one is read.
 */
export class Lane {
  readonly #device: GPUDevice
  readonly #pipeline: GPUComputePipeline
  readonly #upload: GPUBuffer
  readonly #given: GPUBuffer
  readonly #wanted: GPUBuffer
  readonly #readback: GPUBuffer
  readonly #shape: GPUBuffer
  readonly #coefficients: GPUBuffer
  readonly #bindings: GPUBindGroup
  #plan: RowPlan | undefined
  #uploadReady: Promise<void> = Promise.resolve()

  constructor(device: GPUDevice, pipeline: GPUComputePipeline) {
    const buffer = (size: number, usage: number, mappedAtCreation = false) =>
      device.createBuffer({ size, usage, mappedAtCreation })
    this.#device = device
    this.#pipeline = pipeline
    this.#upload = buffer(LANE_BYTES, BufferUsage.mapWrite | BufferUsage.copySource, true)
    this.#given = buffer(LANE_BYTES, BufferUsage.storage | BufferUsage.copyTarget)
    this.#wanted = buffer(LANE_BYTES, BufferUsage.storage | BufferUsage.copySource)
    this.#readback = buffer(LANE_BYTES, BufferUsage.mapRead | BufferUsage.copyTarget)
    this.#shape = buffer(8, BufferUsage.uniform | BufferUsage.copyTarget)
    this.#coefficients = buffer(4 * MAX_COEFFICIENTS, BufferUsage.storage | BufferUsage.copyTarget)
    const buffers = [this.#shape, this.#coefficients, this.#given, this.#wanted]
    this.#bindings = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((resource, binding) => ({ binding, resource: { buffer: resource } }))
    })
  }

  /** Makes the wanted rows of slices that share a plan and together are no wider than mostRowBytes. */
  async run(plan: RowPlan, slices: readonly Slice[]): Promise<void> {
    const rowBytes = slices.reduce((sum, slice) => sum + paddedBytes(slice), 0)
    await this.#uploadReady
    this.#copyIn(plan, slices, rowBytes)
    this.#submit(plan, rowBytes)
    this.#uploadReady = this.#upload.mapAsync(MapMode.write)
    // A failure of the device; the next use of the lane reports it.
    this.#uploadReady.catch(() => {})
    await this.#copyOut(plan, slices, rowBytes)
  }

  #copyIn(plan: RowPlan, slices: readonly Slice[], rowBytes: number): void {
    const bytes = new Uint8Array(this.#upload.getMappedRange(0, plan.have.length * rowBytes))
    forEachSlice(slices, (slice, offset) => {
      slice.sources.forEach((source, row) =>
        bytes.set(source.subarray(slice.start, slice.end), row * rowBytes + offset)
      )
    })
    this.#upload.unmap()
  }

  #submit(plan: RowPlan, rowBytes: number): void {
    const { queue } = this.#device
    const vectors = rowBytes / VECTOR_BYTES
    queue.writeBuffer(this.#shape, 0, Uint32Array.of(plan.have.length, vectors))
    if (this.#plan !== plan) queue.writeBuffer(this.#coefficients, 0, Uint32Array.from(plan.matrix))
    this.#plan = plan
    const commands = this.#device.createCommandEncoder()
    commands.copyBufferToBuffer(this.#upload, 0, this.#given, 0, plan.have.length * rowBytes)
    const pass = commands.beginComputePass()
    pass.setPipeline(this.#pipeline)
    pass.setBindGroup(0, this.#bindings)
    pass.dispatchWorkgroups(Math.ceil(vectors / WORKGROUP_THREADS), plan.want.length)
    pass.end()
    commands.copyBufferToBuffer(this.#wanted, 0, this.#readback, 0, plan.want.length * rowBytes)
    queue.submit([commands.finish()])
  }

  async #copyOut(plan: RowPlan, slices: readonly Slice[], rowBytes: number): Promise<void> {
    const size = plan.want.length * rowBytes
    await this.#readback.mapAsync(MapMode.read, 0, size)
    const bytes = new Uint8Array(this.#readback.getMappedRange(0, size))
    forEachSlice(slices, ({ targets, start, end }, offset) => {
      targets.forEach((target, row) => {
        const from = row * rowBytes + offset
        target.set(bytes.subarray(from, from + end - start), start)
      })
    })
    this.#readback.unmap()
  }
}

/** Calls `visit` with each slice and its offset in the rows of the batch. */
function forEachSlice(slices: readonly Slice[], visit: (slice: Slice, offset: number) => void): void {
  let offset = 0
  for (const slice of slices) {
    visit(slice, offset)
    offset += paddedBytes(slice)
  }
}
