import { readFileSync } from 'node:fs'
import type { RowPlan } from '../../plan.ts'
import { HASH_BYTES } from '../../merkle/merkle.ts'
import { BufferUsage, MapMode } from './device.ts'
import { LeafHasher, MIN_HASHED_BYTES, createLeafPipeline } from './leaves.ts'
import type { BlockSpan } from './leaves.ts'

/** Columns of one call's rows, from byte `start` to byte `end`. */
export interface Slice {
  readonly sources: readonly Uint8Array[]
  readonly targets: readonly Uint8Array[]
  readonly start: number
  readonly end: number
  /**
   * Where the leaf hashes of the rows go, those of the sources first; 32 bytes each. Only of slices that are whole rows, of
   * MIN_HASHED_BYTES at least.
   */
  readonly leaves?: Uint8Array
}

/** The kernel works on vectors of sixteen bytes, in groups of 64 threads. */
export const VECTOR_BYTES = 16
const WORKGROUP_THREADS = 64
const MAX_WORKGROUPS = 65535
const MAX_COEFFICIENTS = 256 * 256

/**
 * Maximum bytes of a batch's given rows, and of its wanted rows. The whole memory cost is four such buffers per lane.
 */
const LANE_BYTES = 16 * 1024 * 1024
const MAX_LEAVES = (2 * LANE_BYTES) / MIN_HASHED_BYTES

/** Maximum bytes of a row in a batch, so that both the given and the wanted rows fit the lane. */
export function mostRowBytes({ have, want }: RowPlan): number {
  const vectors = Math.floor(LANE_BYTES / VECTOR_BYTES / Math.max(have.length, want.length))
  return Math.min(vectors, MAX_WORKGROUPS * WORKGROUP_THREADS) * VECTOR_BYTES
}

export function paddedBytes({ start, end }: Slice): number {
  return Math.ceil((end - start) / VECTOR_BYTES) * VECTOR_BYTES
}

export interface Pipelines {
  readonly rows: GPUComputePipeline
  readonly leaves: GPUComputePipeline
}

export async function createPipelines(device: GPUDevice): Promise<Pipelines> {
  const code = readFileSync(new URL('rows.wgsl', import.meta.url), 'utf8')
  const rows = device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'makeRows' }
  })
  return { rows: await rows, leaves: await createLeafPipeline(device) }
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
  readonly #hasher: LeafHasher
  #plan: RowPlan | undefined
  #uploadReady: Promise<void> = Promise.resolve()
  #readbackReady: Promise<void> = Promise.resolve()

  constructor(device: GPUDevice, pipelines: Pipelines) {
    const buffer = (size: number, usage: number, mappedAtCreation = false) =>
      device.createBuffer({ size, usage, mappedAtCreation })
    this.#device = device
    this.#pipeline = pipelines.rows
    this.#upload = buffer(LANE_BYTES, BufferUsage.mapWrite | BufferUsage.copySource, true)
    this.#given = buffer(LANE_BYTES, BufferUsage.storage | BufferUsage.copyTarget)
    this.#wanted = buffer(LANE_BYTES, BufferUsage.storage | BufferUsage.copySource)
    this.#readback = buffer(
      LANE_BYTES + MAX_LEAVES * HASH_BYTES,
      BufferUsage.mapRead | BufferUsage.copyTarget
    )
    this.#shape = buffer(8, BufferUsage.uniform | BufferUsage.copyTarget)
    this.#coefficients = buffer(4 * MAX_COEFFICIENTS, BufferUsage.storage | BufferUsage.copyTarget)
    const buffers = [this.#shape, this.#coefficients, this.#given, this.#wanted]
    this.#bindings = device.createBindGroup({
      layout: pipelines.rows.getBindGroupLayout(0),
      entries: buffers.map((resource, binding) => ({ binding, resource: { buffer: resource } }))
    })
    this.#hasher = new LeafHasher(device, pipelines.leaves, MAX_LEAVES, this.#given, this.#wanted)
  }

  /**
   * Makes the wanted rows of slices that share a plan and together are no wider than mostRowBytes. Either all want leaf hashes or
   * none.
   */
  async run(plan: RowPlan, slices: readonly Slice[]): Promise<void> {
    const rowBytes = slices.reduce((sum, slice) => sum + paddedBytes(slice), 0)
    await this.#uploadReady
    this.#copyIn(plan, slices, rowBytes)
    this.#submit(plan, slices, rowBytes)
    this.#uploadReady = this.#upload.mapAsync(MapMode.write)
    // A failure of the device; the next use of the lane reports it.
    this.#uploadReady.catch(() => {})
    await this.#copyOut(plan, slices, rowBytes)
  }

  /** Resolves when the driver has answered all that the lane asked for. A thread that ends before that takes the process with it. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#uploadReady, this.#readbackReady])
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

  #submit(plan: RowPlan, slices: readonly Slice[], rowBytes: number): void {
    const { queue } = this.#device
    const vectors = rowBytes / VECTOR_BYTES
    queue.writeBuffer(this.#shape, 0, Uint32Array.of(plan.have.length, vectors))
    if (this.#plan !== plan) queue.writeBuffer(this.#coefficients, 0, Uint32Array.from(plan.matrix))
    this.#plan = plan
    const isHashed = slices[0].leaves !== undefined
    if (isHashed) this.#hasher.prepare(plan, vectors, spansOf(slices))
    const commands = this.#device.createCommandEncoder()
    commands.copyBufferToBuffer(this.#upload, 0, this.#given, 0, plan.have.length * rowBytes)
    const pass = commands.beginComputePass()
    pass.setPipeline(this.#pipeline)
    pass.setBindGroup(0, this.#bindings)
    pass.dispatchWorkgroups(Math.ceil(vectors / WORKGROUP_THREADS), plan.want.length)
    if (isHashed) this.#hasher.record(pass, plan, slices.length)
    pass.end()
    const wantedBytes = plan.want.length * rowBytes
    commands.copyBufferToBuffer(this.#wanted, 0, this.#readback, 0, wantedBytes)
    if (isHashed) this.#hasher.copyTo(commands, this.#readback, wantedBytes, leavesOf(plan, slices))
    queue.submit([commands.finish()])
  }

  async #copyOut(plan: RowPlan, slices: readonly Slice[], rowBytes: number): Promise<void> {
    const wantedBytes = plan.want.length * rowBytes
    const size = wantedBytes + leavesOf(plan, slices) * HASH_BYTES
    this.#readbackReady = this.#readback.mapAsync(MapMode.read, 0, size)
    await this.#readbackReady
    const bytes = new Uint8Array(this.#readback.getMappedRange(0, size))
    forEachSlice(slices, ({ targets, start, end }, offset) => {
      targets.forEach((target, row) => {
        const from = row * rowBytes + offset
        target.set(bytes.subarray(from, from + end - start), start)
      })
    })
    slices.forEach(({ leaves }, block) => {
      for (let at = 0; leaves !== undefined && at < leaves.length; at += HASH_BYTES) {
        const from = wantedBytes + at * slices.length + block * HASH_BYTES
        leaves.set(bytes.subarray(from, from + HASH_BYTES), at)
      }
    })
    this.#readback.unmap()
  }
}

function spansOf(slices: readonly Slice[]): BlockSpan[] {
  const spans: BlockSpan[] = []
  forEachSlice(slices, ({ start, end }, offset) => spans.push({ start: offset, bytes: end - start }))
  return spans
}

/** The number of leaf hashes of a batch. */
function leavesOf({ have, want }: RowPlan, slices: readonly Slice[]): number {
  return slices[0].leaves === undefined ? 0 : (have.length + want.length) * slices.length
}

/** Calls `visit` with each slice and its offset in the rows of the batch. */
function forEachSlice(slices: readonly Slice[], visit: (slice: Slice, offset: number) => void): void {
  let offset = 0
  for (const slice of slices) {
    visit(slice, offset)
    offset += paddedBytes(slice)
  }
}
