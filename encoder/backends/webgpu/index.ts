// Rows and their leaf hashes on a GPU, by WebGPU: waiting calls are joined into batches, and several batches are in progress at once.

import { EncoderError } from '../../errors.ts'
import type { RowPlan } from '../../plan.ts'
import { checkBuffers } from '../backend.ts'
import type { Backend } from '../backend.ts'
import { findAdapter } from './device.ts'
import { Lane, createPipelines, mostRowBytes, paddedBytes } from './lane.ts'
import type { Pipelines, Slice } from './lane.ts'
import { MIN_HASHED_BYTES } from './leaves.ts'
import { Naps } from './naps.ts'

/** One batch is uploaded, one computed, one read back. */
const LANES = 3

/** Deadline for an answer of the driver. */
const DEADLINE_MILLIS = 30_000

export interface WebgpuBackend extends Backend {
  /** Whether the adapter is a software GPU on the processor. */
  readonly isSoftware: boolean
}

/** @throws EncoderError BACKEND_FAILED if there is no adapter or it provides no device */
export async function createWebgpuBackend(): Promise<WebgpuBackend> {
  const { adapter, description, isSoftware } = await findAdapter()
  try {
    const device = await adapter.requestDevice()
    const pipelines = await createPipelines(device)
    return new WebgpuRows(device, pipelines, description, isSoftware)
  } catch (error) {
    throw new EncoderError('BACKEND_FAILED', `${description} gives no device: ${(error as Error).message}`)
  }
}

interface WaitingSlice extends Slice {
  readonly plan: RowPlan
  readonly resolve: () => void
  readonly reject: (error: EncoderError) => void
}

class WebgpuRows implements WebgpuBackend {
  readonly name = 'webgpu'
  readonly detail: string
  readonly isSoftware: boolean
  readonly #device: GPUDevice
  readonly #lanes: readonly Lane[]
  readonly #idleLanes: Lane[]
  readonly #naps = new Naps()
  #waiting: WaitingSlice[] = []
  readonly #lost = new AbortController()

  constructor(device: GPUDevice, pipelines: Pipelines, detail: string, isSoftware: boolean) {
    this.detail = detail
    this.isSoftware = isSoftware
    this.#device = device
    this.#lanes = Array.from({ length: LANES }, () => new Lane(device, pipelines))
    this.#idleLanes = [...this.#lanes]
    void device.lost.then(({ message }) => this.#fail(`the device was lost: ${message}`))
    device.addEventListener('uncapturederror', ({ error }) => this.#fail(error.message))
  }

  async compute(
    plan: RowPlan,
    sources: readonly Uint8Array[],
    targets: readonly Uint8Array[]
  ): Promise<void> {
    checkBuffers(plan, sources, targets)
    if (targets.length === 0) return
    const blockBytes = sources[0].length
    const width = mostRowBytes(plan)
    const slices: Promise<void>[] = []
    for (let start = 0; start < blockBytes; start += width) {
      slices.push(this.#wait({ plan, sources, targets, start, end: Math.min(start + width, blockBytes) }))
    }
    await Promise.all(slices)
  }

  async computeHashed(
    plan: RowPlan,
    sources: readonly Uint8Array[],
    targets: readonly Uint8Array[],
    leaves: Uint8Array
  ): Promise<boolean> {
    checkBuffers(plan, sources, targets)
    const end = sources[0].length
    if (targets.length === 0 || end < MIN_HASHED_BYTES || end > mostRowBytes(plan)) return false
    await this.#wait({ plan, sources, targets, start: 0, end, leaves })
    return true
  }

  async close(): Promise<void> {
    this.#fail('it was closed')
    this.#device.destroy()
    await Promise.all(this.#lanes.map((lane) => lane.settled()))
  }

  #wait(slice: Slice & { plan: RowPlan }): Promise<void> {
    this.#lost.signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...slice, resolve, reject })
      // Calls in the same turn join one batch.
      queueMicrotask(() => this.#dispatch())
    })
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#idleLanes.length > 0) {
      void this.#runBatch(this.#idleLanes.pop()!, this.#takeBatch())
    }
  }

  /** As many waiting slices of the same kind as the first one as fit. */
  #takeBatch(): WaitingSlice[] {
    const [{ plan, leaves }] = this.#waiting
    let room = mostRowBytes(plan)
    const batch: WaitingSlice[] = []
    this.#waiting = this.#waiting.filter((slice) => {
      const isAlike = slice.plan === plan && (slice.leaves === undefined) === (leaves === undefined)
      const fits = isAlike && paddedBytes(slice) <= room
      if (fits) {
        batch.push(slice)
        room -= paddedBytes(slice)
      }
      return !fits
    })
    return batch
  }

  async #runBatch(lane: Lane, batch: readonly WaitingSlice[]): Promise<void> {
    this.#naps.begin()
    try {
      await this.#unlessLost(lane.run(batch[0].plan, batch))
      for (const { resolve } of batch) resolve()
      this.#idleLanes.push(lane)
      this.#dispatch()
    } catch (error) {
      const failure = this.#fail((error as Error).message)
      for (const { reject } of batch) reject(failure)
    } finally {
      this.#naps.end()
    }
  }

  /** Waits for `work`. Rejects if the device fails first, or if the driver does not answer in time. */
  async #unlessLost(work: Promise<void>): Promise<void> {
    const { signal } = this.#lost
    let abort = () => {}
    const timer = setTimeout(() => this.#fail('no answer from the driver'), DEADLINE_MILLIS)
    try {
      await Promise.race([
        work,
        new Promise<never>((_, reject) => {
          abort = () => reject(signal.reason)
          signal.addEventListener('abort', abort)
        })
      ])
      signal.throwIfAborted()
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
  }

  /** Rejects all waiting calls and all later ones. The first reason is kept. */
  #fail(reason: string): EncoderError {
    if (!this.#lost.signal.aborted) {
      this.#lost.abort(new EncoderError('BACKEND_FAILED', `${this.detail}: ${reason}`))
    }
    const failure = this.#lost.signal.reason as EncoderError
    for (const { reject } of this.#waiting.splice(0)) reject(failure)
    return failure
  }
}
