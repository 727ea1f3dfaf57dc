import { elementCount } from '../tensor.ts'

/** Most times that an axis is halved: one of 2^24 words still shows itself in 2^16. */
export const MAX_SCALES = 8
/** Most steps, when each halves one axis only. */
export const MAX_STEPS = 24
/** A tensor this small is not halved again. */
const COARSEST_ELEMENTS = 64
/** An axis that is this many times shorter than the longest waits until the longest has come down to it. */
const SHORT_AXIS = 4

/** The axes that one step halves, as bits: 1 << axis. Never 0. */
export type AxisMask = number

/**
 * Which axes each step halves, from the finest scale to the coarsest. All long axes go down together, so that every
 * scale has about the same proportions; short axes (channels, features) are left whole until the others are as short.
 *
 * @param shape - as the words lie in memory
 * @param firstAxis - axes before it are never halved
 */
export function planSteps(shape: readonly number[], firstAxis: number): AxisMask[] {
  const steps: AxisMask[] = []
  let box = shape
  while (steps.length < MAX_SCALES && elementCount(box) > COARSEST_ELEMENTS) {
    const longest = Math.max(1, ...box.slice(firstAxis))
    if (longest < 2) break
    const mask = box.reduce((bits, length, axis) => {
      const isHalved = axis >= firstAxis && length >= 2 && length * SHORT_AXIS >= longest
      return isHalved ? bits | (1 << axis) : bits
    }, 0)
    steps.push(mask)
    box = halved(box, mask)
  }
  return steps
}

/** A step with this many details is worth a layer for each axis. */
const DETAILS_PER_AXIS = 2 ** 14

/**
 * The same with a step of its own for each axis, the contiguous one first, where there are many details: more layers, of
 * which each is of use by itself. All axes at once where there would be more than MAX_STEPS.
 */
export function axisByAxis(shape: readonly number[], steps: readonly AxisMask[]): AxisMask[] {
  const shapes = shapesOfScales(shape, steps)
  const apart = steps.flatMap((mask, step) => {
    const details = elementCount(shapes[step]) - elementCount(shapes[step + 1])
    return details < DETAILS_PER_AXIS ? [mask] : axesOf(mask).map((axis) => 1 << axis)
  })
  return apart.length <= MAX_STEPS ? apart : [...steps]
}

/** The axes of a mask, the contiguous one first. */
export function axesOf(mask: AxisMask): number[] {
  const axes: number[] = []
  for (let axis = 31 - Math.clz32(mask); axis >= 0; axis--) if ((mask >> axis) & 1) axes.push(axis)
  return axes
}

/** Lengths of the coarse part after one step. */
export function halved(shape: readonly number[], mask: AxisMask): number[] {
  return shape.map((length, axis) => ((mask >> axis) & 1 ? Math.ceil(length / 2) : length))
}

/** The shapes from the finest (the first) to the coarsest (the last). */
export function shapesOfScales(shape: readonly number[], steps: readonly AxisMask[]): number[][] {
  const shapes = [[...shape]]
  for (const mask of steps) shapes.push(halved(shapes.at(-1)!, mask))
  return shapes
}

/** Words in each layer, from coarse to fine: the coarsest scale, then the details of each step back. */
export function layerLengths(shape: readonly number[], steps: readonly AxisMask[]): number[] {
  const counts = shapesOfScales(shape, steps).map(elementCount).reverse()
  return counts.map((count, layer) => (layer === 0 ? count : count - counts[layer - 1]))
}
