import { readLayer } from './coding/layer-coding.ts'
import type { LayerReader } from './coding/layer-coding.ts'
import { TensorError } from './errors.ts'
import type { ErrorMeasure } from './fidelity/fidelity.ts'
import { wordShape } from './form.ts'
import type { TensorParameters } from './parameters.ts'
import { planLayers } from './plan.ts'
import type { LayerRole, PlannedLayer } from './plan.ts'
import { shownTensor, tensorOfWords } from './show.ts'
import type { ShownMask } from './show.ts'
import { MAX_TENSOR_BYTES, tensorBytes } from './tensor.ts'
import type { Tensor } from './tensor.ts'
import { shownOf } from './transform/apart.ts'
import type { NumberCoding } from './transform/apart.ts'
import { NEGATIVE_INFINITY, wordOfNan } from './transform/mask.ts'
import { refined } from './transform/precision.ts'
import { refinementConditions, restConditions, withRest } from './transform/rest.ts'
import { Synthesis } from './transform/transform.ts'
import type { Words } from './transform/words.ts'

export interface TensorDecoderInit {
  /**
   * Most bytes that the tensor may have. Coding takes a few times that. A layer of a few bytes can stand for a tensor
   * of any size, so a caller who does not trust the writer sets this.
   * @default MAX_TENSOR_BYTES
   */
  readonly maxBytes?: number
}

/**
 * Puts a tensor together layer by layer: after each, `tensor` gives the whole shape at the fidelity so far.
 */
export class TensorDecoder {
  readonly parameters: TensorParameters
  readonly #coding: Pick<NumberCoding, 'type' | 'point'>
  readonly #plan: readonly PlannedLayer[]
  readonly #shape: readonly number[]
  readonly #synthesis: Synthesis
  #layers = 0
  /** Scales put together so far, and which of `shifts` they have. */
  #low: Words | undefined
  #scales = 0
  #refinements = 0
  #mask: ShownMask | undefined
  /** Once the rest is there. */
  #exact: Words | undefined

  /**
   * @param parameters - from decodeParameters or encodeTensor
   * @throws TensorError 'TOO_LARGE'
   */
  constructor(parameters: TensorParameters, { maxBytes = MAX_TENSOR_BYTES }: TensorDecoderInit = {}) {
    const { type, map, digits, steps, transform } = parameters
    const bytes = tensorBytes(type, parameters.shape)
    if (bytes > maxBytes) {
      throw new TensorError(
        'TOO_LARGE',
        `This tensor has ${bytes} bytes, more than the limit of ${maxBytes}: raise the limit if you trust it.`,
        { bytes, most: maxBytes }
      )
    }
    this.parameters = parameters
    this.#coding = map === 'order' ? { type } : { type, point: { base: map === 'binary' ? 2 : 10, digits } }
    this.#plan = planLayers(parameters)
    this.#shape = wordShape(parameters)
    this.#synthesis = new Synthesis(this.#shape, steps, transform)
  }

  /** Layers added so far. */
  get layers(): number {
    return this.#layers
  }

  /** The error to expect of `tensor` now; undefined before the first layer. */
  get error(): ErrorMeasure | undefined {
    return this.parameters.errors[this.#layers - 1]
  }

  get isComplete(): boolean {
    return this.#layers === this.#plan.length
  }

  /** Adds the next layer. @throws TensorError 'CORRUPT', after which the layer may be added again */
  add(bytes: Uint8Array): void {
    if (this.isComplete)
      throw new TensorError('CORRUPT', 'There are more layers than the parameters tell of.')
    const { role, count, width } = this.#plan[this.#layers]
    const coding = this.parameters.codings[this.#layers]
    const reader = readLayer({ coding, bytes }, width, count, this.parameters.components)
    const keep = this.#read(role, count, reader)
    reader.finish()
    keep()
    this.#layers++
  }

  /**
   * The tensor as far as it is known: exact once it is complete, else smooth between what is known.
   * @throws TensorError 'CORRUPT' before the first layer
   */
  tensor(): Tensor {
    if (this.#low === undefined) throw new TensorError('CORRUPT', 'Not even the coarsest layer is there.')
    if (this.#exact !== undefined) return tensorOfWords(this.#exact, this.parameters, false)
    const integers = this.#synthesis.extend(this.#low, this.#scales)
    return shownTensor(integers, this.#shift, this.#coding, this.parameters, !this.isComplete, this.#mask)
  }

  /** Bits that the integers lack. */
  get #shift(): number {
    return this.parameters.shifts[this.#refinements]
  }

  /** Reads a layer. @returns keeps it */
  #read(role: LayerRole, count: number, reader: LayerReader): () => void {
    switch (role.kind) {
      case 'scale': {
        const low =
          this.#low === undefined
            ? reader.take(count, () => [{ shape: this.#synthesis.coarsest }])
            : this.#synthesis.refine(this.#low, role.layer, reader)
        return () => {
          this.#low = low
          this.#scales++
        }
      }
      case 'refinement': {
        const coarse = this.#low!
        const by = this.#shift - this.parameters.shifts[role.index + 1]
        const rest = reader.takeConditional(count, () => refinementConditions(coarse, by))
        return () => {
          this.#low = refined(coarse, rest, by)
          this.#refinements++
        }
      }
      case 'mask': {
        const states = reader.take(count, () => [{ shape: this.#shape }]) as Int16Array
        if (states.some((state) => state < 0 || state > NEGATIVE_INFINITY)) {
          throw new TensorError('CORRUPT', 'A mask tells of numbers that there are none of.')
        }
        const nan = wordOfNan(this.parameters.mask!.nan, this.parameters.type)
        return () => {
          this.#mask = { states, nan }
        }
      }
      case 'rest': {
        const { states: mask, nan = 0 } = this.#mask ?? {}
        const shown = shownOf(this.#low!, this.#coding, { mask, nan })
        if (shown === undefined) throw new TensorError('CORRUPT', 'A rest is left of what is exact.')
        const { restShift } = this.parameters
        const rest = reader.takeConditional(count, () => restConditions(shown, restShift!))
        return () => {
          this.#exact = withRest(rest, restShift!, shown)
        }
      }
    }
  }
}

/**
 * The tensor that some layers give, from the coarsest on.
 * @throws TensorError 'CORRUPT'
 */
export function decodeTensor(parameters: TensorParameters, layers: readonly Uint8Array[]): Tensor {
  const decoder = new TensorDecoder(parameters)
  for (const layer of layers) decoder.add(layer)
  return decoder.tensor()
}
