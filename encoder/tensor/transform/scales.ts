import { elementCount } from '../tensor.ts'

/** Most scales below the finest: an axis of 2^24 words still shows itself in 2^16. */
export const MAX_STEPS = 8
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
  while (steps.length < MAX_STEPS && elementCount(box) > COARSEST_ELEMENTS) {
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
