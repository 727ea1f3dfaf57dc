import { decorrelateColours } from './transform/colour.ts'
import { codeLayer, readLayer } from './coding/layer-coding.ts'
import { formatOf } from './element-type.ts'
import { ErrorSampler } from './fidelity/error-sampler.ts'
import { TensorError } from './errors.ts'
import { deviationOf, fidelityOf, numbersOf } from './fidelity/fidelity.ts'
import type { ErrorMeasure } from './fidelity/fidelity.ts'
import { componentsOf, firstAxis, wordShape } from './parameters.ts'
import type { TensorParameters } from './parameters.ts'
import { layerLengths, planSteps } from './transform/scales.ts'
import { MAX_TENSOR_BYTES, checkTensor, elementCount, tensorBytes } from './tensor.ts'
import type { Tensor } from './tensor.ts'
import { chooseTransform } from './transform/choice.ts'
import { Synthesis, analyse } from './transform/transform.ts'
import { fromWords, toWords, wordBytes } from './transform/words.ts'
import type { Words } from './transform/words.ts'

/** A tensor taken apart. */
export interface EncodedTensor {
  readonly parameters: TensorParameters
  /** From coarse to fine. */
  readonly layers: readonly Uint8Array[]
}

/** What the parameters say of the form, before anything is coded. */
type Form = Pick<
  TensorParameters,
  'type' | 'shape' | 'order' | 'components' | 'colour' | 'transform' | 'steps'
>

/**
 * Takes a tensor apart into layers, from coarse to fine, that give it back bit by bit, and measures what error remains
 * while the finer ones are missing: exactly, or for more than 2^20 numbers on a sample.
 *
 * @throws TensorError 'BAD_TENSOR', 'UNSUPPORTED', 'TOO_LARGE'
 */
export function encodeTensor(tensor: Tensor): EncodedTensor {
  checkTensor(tensor)
  const { type, order } = tensor
  const shape = [...tensor.shape]
  const { components, colour } = componentsOf(tensor)
  const axes = wordShape({ type, shape, order, components })
  const words = wordsOf(tensor, components, colour)
  const transform = chooseTransform(words, axes, components)
  const steps = planSteps(axes, firstAxis({ components }))
  const form: Form = { type, shape, order, components, colour, transform, steps }
  const numbers = numbersOf(tensor)
  const sampler = steps.length === 0 ? undefined : errorSampler(numbers, form)
  const layers = analyse(words, axes, steps, transform, (low, step) => sampler?.take(low, step))
  const coded = layers.map((layer) => codeLayer(layer, components))
  return {
    parameters: {
      version: 2,
      ...form,
      codings: coded.map(({ coding }) => coding),
      errors: [...(sampler?.errors ?? []), { rms: 0, peak: 0 }],
      deviation: elementCount(shape) === 0 ? 0 : deviationOf(numbers)
    },
    layers: coded.map(({ bytes }) => bytes)
  }
}

/** Bytes of each layer before it is coded, from coarse to fine: no coded layer is longer. */
export function rawLayerBytes(parameters: TensorParameters): number[] {
  const width = wordBytes(formatOf(parameters.type).numberBytes)
  return layerLengths(wordShape(parameters), parameters.steps).map((count) => count * width)
}

/** Fidelity (fidelityOf) with this layer and all before it, for each layer. */
export function layerFidelities({ errors, deviation }: TensorParameters): number[] {
  return errors.map((error) => fidelityOf(error, deviation))
}

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
  readonly #synthesis: Synthesis
  readonly #lengths: readonly number[]
  #low: Words | undefined
  #layers = 0

  /**
   * @param parameters - from decodeParameters or encodeTensor
   * @throws TensorError 'TOO_LARGE'
   */
  constructor(parameters: TensorParameters, { maxBytes = MAX_TENSOR_BYTES }: TensorDecoderInit = {}) {
    const bytes = tensorBytes(parameters.type, parameters.shape)
    if (bytes > maxBytes) {
      throw new TensorError(
        'TOO_LARGE',
        `This tensor has ${bytes} bytes, more than the limit of ${maxBytes}: raise the limit if you trust it.`,
        { bytes, most: maxBytes }
      )
    }
    this.parameters = parameters
    const shape = wordShape(parameters)
    this.#synthesis = new Synthesis(shape, parameters.steps, parameters.transform)
    this.#lengths = layerLengths(shape, parameters.steps)
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
    return this.#layers === this.#lengths.length
  }

  /** Adds the next finer layer. @throws TensorError 'CORRUPT' */
  add(bytes: Uint8Array): void {
    if (this.isComplete)
      throw new TensorError('CORRUPT', 'There are more layers than the parameters tell of.')
    const { type, codings, components } = this.parameters
    const layer = this.#layers
    const count = this.#lengths[layer]
    const width = wordBytes(formatOf(type).numberBytes)
    const reader = readLayer({ coding: codings[layer], bytes }, width, count, components)
    const low =
      this.#low === undefined
        ? reader.take(count, () => [{ shape: this.#synthesis.coarsest }])
        : this.#synthesis.refine(this.#low, layer, reader)
    reader.finish()
    this.#low = low
    this.#layers++
  }

  /**
   * The tensor as far as it is known: exact once it is complete, else smooth between what is known.
   * @throws TensorError 'CORRUPT' before the first layer
   */
  tensor(): Tensor {
    if (this.#low === undefined) throw new TensorError('CORRUPT', 'Not even the coarsest layer is there.')
    const words = this.isComplete ? this.#low : this.#synthesis.extend(this.#low, this.#layers)
    return tensorFrom(words, this.parameters, !this.isComplete)
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

function wordsOf({ type, bytes }: Tensor, components: number, colour: boolean): Words {
  const words = toWords(type, bytes, components)
  if (colour) decorrelateColours(words as Int16Array | Int32Array, words.length / components)
  return words
}

function tensorFrom(words: Words, form: Form, isPartial: boolean): Tensor {
  const { type, shape, order } = form
  return { type, shape, order, bytes: fromWords(words, form, isPartial) }
}

function errorSampler(numbers: ArrayLike<number>, form: Form): ErrorSampler {
  return new ErrorSampler({
    numbers,
    shape: wordShape(form),
    firstAxis: firstAxis(form),
    steps: form.steps,
    transform: form.transform,
    numbersOfWords: (words) => numbersOf(tensorFrom(words, form, true))
  })
}
