// Rows by TensorFlow.js, on any of its backends: the code as a product of bit matrices in float32, where every sum of up
// to 8 k ones is exact.

import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { EncoderError } from '../../errors.ts'
import type { RowPlan } from '../../plan.ts'
import { checkBuffers } from '../backend.ts'
import type { Backend } from '../backend.ts'
import { bitMatrix } from './bits.ts'
import { loadTensorflow } from './load.ts'
import type { Tensorflow } from './load.ts'

/**
 * Bytes converted to bits at a time. Each bit takes a float of four bytes, so the bits of a batch take 32 times as much.
 */
const BATCH_BYTES = 512 * 1024

/** @throws EncoderError BACKEND_FAILED when @tensorflow/tfjs-core or each of its backends is missing */
export async function createTfjsBackend(): Promise<Backend> {
  const { tf, backendName } = await loadTensorflow()
  return new TensorRows(tf, backendName)
}

class TensorRows implements Backend {
  readonly name = 'tfjs'
  readonly detail: string
  readonly #tf: Tensorflow
  /** Column of the values of a byte's bits. */
  readonly #bitValues: Tensor2D
  #plan: RowPlan | undefined
  #matrix: Tensor2D | undefined

  constructor(tf: Tensorflow, backendName: string) {
    this.#tf = tf
    this.detail = `TensorFlow.js on ${backendName}`
    this.#bitValues = tf.tensor2d([1, 2, 4, 8, 16, 32, 64, 128], [8, 1])
  }

  async compute(
    plan: RowPlan,
    sources: readonly Uint8Array[],
    targets: readonly Uint8Array[]
  ): Promise<void> {
    checkBuffers(plan, sources, targets)
    if (targets.length === 0) return
    const blockBytes = sources[0].length
    const width = Math.max(64, Math.floor(BATCH_BYTES / Math.max(sources.length, targets.length)))
    try {
      for (let start = 0; start < blockBytes; start += width) {
        await this.#computeColumns(plan, sources, targets, start, Math.min(start + width, blockBytes))
      }
    } catch (error) {
      throw new EncoderError('BACKEND_FAILED', `${this.detail}: ${(error as Error).message}`)
    }
  }

  close(): void {
    this.#bitValues.dispose()
    this.#matrix?.dispose()
  }

  async #computeColumns(
    plan: RowPlan,
    sources: readonly Uint8Array[],
    targets: readonly Uint8Array[],
    start: number,
    end: number
  ): Promise<void> {
    const width = end - start
    const given = new Float32Array(sources.length * width)
    sources.forEach((source, row) => given.set(source.subarray(start, end), row * width))
    const made = this.#tf.tidy(() => this.#product(plan, given, width))
    const bytes = await made.data()
    made.dispose()
    targets.forEach((target, row) => {
      for (let i = 0; i < width; i++) target[start + i] = bytes[row * width + i]
    })
  }

  /**
   * Converts bytes [have, width] to bits [8 have, width], multiplies by the bit matrix to bits [8 want, width], and
   * converts these to bytes [want, width].
   */
  #product(plan: RowPlan, given: Float32Array, width: number): Tensor {
    const tf = this.#tf
    const { have, want } = plan
    const bytes = tf.tensor3d(given, [have.length, 1, width])
    const bits = tf.mod(tf.floor(tf.div(bytes, this.#bitValues)), 2)
    const sums = tf.matMul(this.#matrixOf(plan), tf.reshape(bits, [8 * have.length, width]))
    const parities = tf.reshape(tf.mod(sums, 2), [want.length, 8, width])
    return tf.sum(tf.mul(parities, this.#bitValues), 1)
  }

  /** The bit matrix of a plan, cached for the next call with the same plan. */
  #matrixOf(plan: RowPlan): Tensor2D {
    const { have, want, matrix } = plan
    if (this.#matrix === undefined || this.#plan !== plan) {
      this.#matrix?.dispose()
      const shape: [number, number] = [8 * want.length, 8 * have.length]
      this.#matrix = this.#tf.keep(this.#tf.tensor2d(bitMatrix(matrix, have.length), shape))
      this.#plan = plan
    }
    return this.#matrix
  }
}
