import { codeConditionalLayer, codeLayer } from './coding/layer-coding.ts'
import type { CodedLayer } from './coding/layer-coding.ts'
import { ErrorSampler } from './fidelity/error-sampler.ts'
import { deviationOf, fidelityOf, numbersOf, rangeOf } from './fidelity/fidelity.ts'
import type { ErrorMeasure } from './fidelity/fidelity.ts'
import { componentsOf, firstAxis, wordShape } from './form.ts'
import type { MaskParameters, TensorParameters } from './parameters.ts'
import { shownTensor } from './show.ts'
import type { Showing } from './show.ts'
import { checkTensor } from './tensor.ts'
import type { Tensor } from './tensor.ts'
import { takeApart } from './transform/apart.ts'
import type { NumberCoding, OnWords, Source } from './transform/apart.ts'
import { chooseCoding } from './transform/choice.ts'
import { decorrelateColours } from './transform/colour.ts'
import { isFloat } from './transform/float-words.ts'
import { FINITE, NOT_A_NUMBER, bitsOfNan, fillMasked, maskOf } from './transform/mask.ts'
import { axisByAxis, planSteps } from './transform/scales.ts'
import type { AxisMask } from './transform/scales.ts'
import { toWords } from './transform/words.ts'

/** A tensor taken apart. */
export interface EncodedTensor {
  readonly parameters: TensorParameters
  /** In the order of planLayers: each is of use once those before it are there. */
  readonly layers: readonly Uint8Array[]
}

/** A layer, and what error remains once it and all before it are there. */
interface MeasuredLayer extends CodedLayer {
  readonly error: ErrorMeasure
}

const EXACT: ErrorMeasure = { rms: 0, peak: 0 }

/**
 * Takes a tensor apart into layers, from coarse to fine, that give it back bit by bit, and measures what error remains
 * while the finer ones are missing: exactly, or for more than 2^20 numbers on a sample.
 *
 * @throws TensorError 'BAD_TENSOR', 'UNSUPPORTED', 'TOO_LARGE'
 */
export function encodeTensor(tensor: Tensor): EncodedTensor {
  checkTensor(tensor)
  const { type, order } = tensor
  const form = { type, shape: [...tensor.shape], order, ...componentsOf(tensor) }
  const axes = wordShape(form)
  const source = sourceOf(tensor, axes, form)
  const coding = chooseCoding({ ...form, words: source.filled, shape: axes })
  const { transform, point, shifts } = coding
  const steps = stepsFor(coding, axes, firstAxis(form))
  const numbers = numbersOf(tensor)
  const showing: Showing = { version: 3, ...form, range: rangeOf(numbers) }
  const errors: ErrorMeasure[] = []
  const measure = measureTo(errors, numbers, axes, steps, coding, showing)
  const { scales: bands, refinements, rest } = takeApart(source, steps, coding, measure)
  const later = rest === undefined ? refinements : [...refinements, rest]
  const coded = [
    ...bands.map((layer) => codeLayer(layer, form.components)),
    ...later.map(({ words, conditions }) => codeConditionalLayer(words, conditions))
  ]
  const layers = coded.map((layer, index) => ({ ...layer, error: errors[index] ?? EXACT }))
  const deviation = deviationOf(numbers)
  const mask = insertMask(layers, source, type, form.components, deviation, bands.length + refinements.length)
  layers.push({ ...layers.pop()!, error: EXACT })
  return {
    parameters: {
      ...showing,
      version: 3,
      transform,
      steps,
      map: point === undefined ? 'order' : point.base === 2 ? 'binary' : 'decimal',
      digits: point?.digits ?? 0,
      shifts,
      mask,
      restShift: rest?.shift ?? null,
      codings: layers.map((layer) => layer.coding),
      errors: layers.map((layer) => layer.error),
      deviation
    },
    layers: layers.map((layer) => layer.bytes)
  }
}

function sourceOf(
  { type, bytes }: Tensor,
  shape: readonly number[],
  { components, colour }: { components: number; colour: boolean }
): Source {
  const exact = toWords(type, bytes, components)
  if (colour) decorrelateColours(exact as Int16Array | Int32Array, exact.length / components)
  const mask = isFloat(type) ? maskOf(exact, type) : undefined
  if (mask === undefined) return { exact, filled: exact, shape, nan: 0 }
  const filled = exact.slice()
  fillMasked(filled, mask, Math.max(1, shape.at(-1) ?? 1))
  const firstNan = mask.indexOf(NOT_A_NUMBER)
  return { exact, filled, shape, mask, nan: firstNan < 0 ? 0 : exact[firstNan] }
}

/** Of noise, told bit by bit, no scale shows anything but the finest. */
function stepsFor({ transform, shifts }: NumberCoding, axes: readonly number[], first: number): AxisMask[] {
  if (transform === 'sampling' && shifts.length > 1) return []
  const steps = planSteps(axes, first)
  return transform === 'lowpass' ? steps : axisByAxis(axes, steps)
}

/** Measures the error of each set of layers into `errors`: scales, then refinements. */
function measureTo(
  errors: ErrorMeasure[],
  numbers: ArrayLike<number>,
  axes: readonly number[],
  steps: readonly AxisMask[],
  coding: NumberCoding,
  showing: Showing
): OnWords {
  const first = firstAxis(showing)
  const sampler = new ErrorSampler({
    numbers,
    shape: axes.length > first ? axes : [...axes, 1],
    firstAxis: first,
    steps,
    transform: coding.transform,
    numbersOfWords: (words, shift) => numbersOf(shownTensor(words, shift, coding, showing, true))
  })
  return (words, step, shift) => {
    const isExact = step === 0 && shift === 0 && coding.point === undefined
    const index = steps.length - step + coding.shifts.indexOf(shift)
    errors[index] = isExact || numbers.length === 0 ? EXACT : sampler.measure(words, step, shift)
  }
}

/**
 * Puts the mask, if there is one, before the first layer that shows less for its bytes.
 * @param most - layers that may be before it
 */
function insertMask(
  layers: MeasuredLayer[],
  { mask, shape, nan }: Source,
  type: Tensor['type'],
  components: number,
  deviation: number,
  most: number
): MaskParameters | null {
  if (mask === undefined) return null
  const share = mask.reduce((count, state) => count + (state === FINITE ? 0 : 1), 0) / mask.length
  const coded = codeLayer({ words: mask, bands: [{ shape }] }, components)
  const fidelities = layers.map(({ error }) => (1 - share) * fidelityOf(error, deviation))
  const worth = share / coded.bytes.length
  const at = layers.findIndex(({ bytes }, layer) => {
    return layer > 0 && (fidelities[layer] - fidelities[layer - 1]) / bytes.length < worth
  })
  const after = at < 0 ? most : Math.min(at, most)
  layers.splice(after, 0, { ...coded, error: layers[after - 1].error })
  return { after, share, nan: bitsOfNan(nan, type) }
}
