// A small network, trained for real: two layers that learn to give back smooth curves through rectified hidden units.
import { tensorOf } from '../../encoder/tensor/index.ts'
import type { Tensor } from '../../encoder/tensor/index.ts'
import { generator, normals } from './random.ts'

const INPUTS = 256
const HIDDEN = 192
const BATCH = 16
const STEPS = 150
const RATE = 0.05

/** A curve of three waves. */
const curve = (random: () => number): Float64Array => {
  const waves = [1, 2, 3].map((n) => ({ n: n * (1 + random()), phase: 7 * random(), size: random() - 0.5 }))
  return Float64Array.from({ length: INPUTS }, (_, i) =>
    waves.reduce((sum, { n, phase, size }) => sum + size * Math.sin((6.28 * n * i) / INPUTS + phase), 0)
  )
}

/** @returns weights of the first layer after training, and their gradient in the last step: (256, 192), float32 */
export const trainNetwork = (): { weights: Tensor; gradient: Tensor } => {
  const normal = normals(11)
  const random = generator(12)
  const into = Float64Array.from({ length: INPUTS * HIDDEN }, () => normal() / Math.sqrt(INPUTS))
  const back = Float64Array.from({ length: HIDDEN * INPUTS }, () => normal() / Math.sqrt(HIDDEN))
  const intoGradient = new Float64Array(into.length)
  const backGradient = new Float64Array(back.length)
  for (let step = 0; step < STEPS; step++) {
    intoGradient.fill(0)
    backGradient.fill(0)
    for (let sample = 0; sample < BATCH; sample++) {
      addGradient(curve(random), into, back, intoGradient, backGradient)
    }
    for (let i = 0; i < into.length; i++) into[i] -= (RATE / BATCH) * intoGradient[i]
    for (let i = 0; i < back.length; i++) back[i] -= (RATE / BATCH) * backGradient[i]
  }
  return {
    weights: tensorOf(Float32Array.from(into), [INPUTS, HIDDEN]),
    gradient: tensorOf(Float32Array.from(intoGradient), [INPUTS, HIDDEN])
  }
}

/** Adds the gradients of one sample, by backpropagation of the squared error. */
const addGradient = (
  input: Float64Array,
  into: Float64Array,
  back: Float64Array,
  intoGradient: Float64Array,
  backGradient: Float64Array
): void => {
  const active = new Float64Array(HIDDEN)
  for (let i = 0; i < INPUTS; i++) {
    for (let h = 0; h < HIDDEN; h++) active[h] += input[i] * into[i * HIDDEN + h]
  }
  for (let h = 0; h < HIDDEN; h++) active[h] = Math.max(0, active[h])
  const errors = input.map((target) => -target)
  for (let h = 0; h < HIDDEN; h++) {
    for (let i = 0; i < INPUTS; i++) errors[i] += active[h] * back[h * INPUTS + i]
  }
  for (let h = 0; h < HIDDEN; h++) {
    if (active[h] === 0) continue
    let blame = 0
    for (let i = 0; i < INPUTS; i++) {
      blame += back[h * INPUTS + i] * errors[i]
      backGradient[h * INPUTS + i] += errors[i] * active[h]
    }
    for (let i = 0; i < INPUTS; i++) intoGradient[i * HIDDEN + h] += blame * input[i]
  }
}
