// The additive FFT in the Cantor basis (Lin, Chung and Han 2014, "Novel Polynomial Basis and Its Application
// to Reed-Solomon Erasure Codes"), as passes of radix-2 and -4 steps of a column program.
//
// A polynomial of degree below 2^L is represented by its coefficients in the basis X_i, the product of s_b over the bits
// b of i, where s_b vanishes on the first 2^b points. In the Cantor basis s_b has the value POINTS[i >> b] at point i.
// L layers convert between coefficients and values on the 2^L points from `base` on; layer b joins the slots i and
// i + 2^b with the constant s_b(base + i).

import { POINTS, multiply } from '../gf256.ts'
import type { ProgramWriter } from './program.ts'

/** Layers of a radix-4 step: two vectors of each of its slots and the temporaries fill the registers. */
const MAX_LAYERS_PER_PASS = 2

/** Neighbouring layers of one pass over the slots: `layers` layers from `lowest` on. */
interface Pass {
  readonly lowest: number
  readonly layers: number
}

/** The passes of a transform with `layers` layers, lowest first. A single layer comes last. */
export function passesOf(layers: number): Pass[] {
  return Array.from({ length: Math.ceil(layers / MAX_LAYERS_PER_PASS) }, (_, pass) => {
    const lowest = pass * MAX_LAYERS_PER_PASS
    return { lowest, layers: Math.min(MAX_LAYERS_PER_PASS, layers - lowest) }
  })
}

/** The slots that one step joins: from `start` on in strides of 2^lowest. */
function groupsOf(size: number, { lowest, layers }: Pass): number[][] {
  const groups: number[][] = []
  for (let start = 0; start < size; start++) {
    if ((start >> lowest) % (1 << layers) !== 0) continue
    groups.push(Array.from({ length: 1 << layers }, (_, i) => start + (i << lowest)))
  }
  return groups
}

/** Constants of the step whose first slot is at point `index`, block by block, lowest layer first. */
export function stepConstants(index: number, { lowest, layers }: Pass): number[] {
  const constants: number[] = []
  for (let layer = lowest; layer < lowest + layers; layer++) {
    for (let block = index; block < index + (1 << (lowest + layers)); block += 1 << (layer + 1)) {
      constants.push(POINTS[block >> layer])
    }
  }
  return constants
}

/** Whether that step is at point zero, so that the first constant of each of its layers is zero. */
function isFirst(index: number, { lowest }: Pass): boolean {
  return index >> lowest === 0
}

/**
 * Passes from values at the points from `base` on to coefficients.
 * @param values - slot of each point; zeroSlot if the value is known to be zero
 * @returns slot of each coefficient: a scratch slot or the zero slot
 */
export function inversePasses(
  writer: ProgramWriter,
  values: readonly number[],
  base: number,
  passes: readonly Pass[]
): number[] {
  const slots = [...values]
  for (const pass of passes) {
    for (const group of groupsOf(slots.length, pass)) {
      const sources = group.map((i) => slots[i])
      if (sources.every((slot) => slot === writer.zeroSlot)) continue
      const targets = sources.map((slot) => (writer.isScratch(slot) ? slot : writer.scratchSlot()))
      writer.inverse(sources, targets, stepConstants(base + group[0], pass), isFirst(base + group[0], pass))
      group.forEach((i, position) => (slots[i] = targets[position]))
    }
  }
  return slots
}

/** Slots for the values of a forward transform, by the index of the point from the base on. */
export type WantedValues = ReadonlyMap<number, number>

/**
 * Passes from coefficients to the wanted values at the points from `base` on.
 * @param coefficients - slot of each coefficient
 * @param keep - whether the coefficients are needed afterwards; otherwise their slots are overwritten
 */
export function forwardPasses(
  writer: ProgramWriter,
  coefficients: readonly number[],
  base: number,
  passes: readonly Pass[],
  wanted: WantedValues,
  keep: boolean
): void {
  const slots = [...coefficients]
  const own = new Set(keep ? [] : slots)
  const ownSlot = (slot: number): number => {
    const target = own.has(slot) ? slot : writer.scratchSlot()
    own.add(target)
    return target
  }
  for (const pass of passes.toReversed()) {
    const isNeeded = neededAfter(pass, wanted)
    for (const group of groupsOf(slots.length, pass)) {
      if (!group.some(isNeeded)) continue
      const sources = group.map((i) => slots[i])
      const targets = group.map((i) => {
        if (pass.lowest === 0) return wanted.get(i) ?? writer.discardSlot
        return isNeeded(i) ? ownSlot(slots[i]) : writer.discardSlot
      })
      writer.forward(sources, targets, stepConstants(base + group[0], pass), isFirst(base + group[0], pass))
      group.forEach((i, position) => (slots[i] = targets[position]))
    }
  }
  writer.release(own)
}

/** After a pass down to layer b, slot i affects only the wanted values among the 2^b points around it. */
function neededAfter({ lowest }: Pass, wanted: WantedValues): (index: number) => boolean {
  const blocks = new Set(Array.from(wanted.keys(), (index) => index >> lowest))
  return (index) => blocks.has(index >> lowest)
}

/**
 * The points with known values and those with wanted values: exactly one of `from` and `to` is zero.
 */
export interface Cosets {
  readonly from: number
  readonly to: number
}

/**
 * Passes from the values on one coset of points to the wanted values on another one. The last inverse pass and the first
 * forward pass are merged.
 */
export function extendPasses(
  writer: ProgramWriter,
  values: readonly number[],
  { from, to }: Cosets,
  passes: readonly Pass[],
  wanted: WantedValues
): void {
  const top = passes.at(-1)!
  const lower = passes.slice(0, -1)
  const slots = inversePasses(writer, values, from, lower)
  const isNeeded = neededAfter(top, wanted)
  for (const group of groupsOf(slots.length, top)) {
    if (!group.some(isNeeded)) continue
    const sources = group.map((i) => slots[i])
    const targets = group.map((i) => {
      if (top.lowest === 0) return wanted.get(i) ?? writer.discardSlot
      if (!isNeeded(i)) return writer.discardSlot
      return writer.isScratch(slots[i]) ? slots[i] : writer.scratchSlot()
    })
    const constants = [stepConstants(from + group[0], top), stepConstants(to + group[0], top)] as const
    writer.extend(sources, targets, ...constants, from === 0)
    group.forEach((i, position) => (slots[i] = targets[position]))
  }
  if (lower.length > 0) forwardPasses(writer, slots, to, lower, wanted, false)
}

/**
 * Coefficients of the polynomial of degree below `size` that has the same values on the `size` points from
 * `base` on: each is a combination of the coefficients a multiple of `size` apart.
 * @returns slot of each of the new coefficients
 */
export function foldCoefficients(
  writer: ProgramWriter,
  coefficients: readonly number[],
  base: number,
  size: number
): number[] {
  const weights = Array.from({ length: coefficients.length / size }, (_, multiple) =>
    basisValue(multiple * size, base)
  )
  return Array.from({ length: size }, (_, i) => {
    const slot = writer.scratchSlot()
    const sources = weights.map((_, multiple) => coefficients[i + multiple * size])
    writer.dot(sources, [slot], [weights])
    return slot
  })
}

/** Value of the basis polynomial X_i at the point `index`. */
function basisValue(i: number, index: number): number {
  let product = 1
  for (let bit = 0; i >> bit > 0; bit++) {
    if ((i >> bit) % 2 === 1) product = multiply(product, POINTS[index >> bit])
  }
  return product
}

/**
 * Adds the formal derivative to a polynomial, in place. The derivative of s_b is one in the Cantor basis, so
 * that of X_i is the sum of X_(i - 2^b) over the bits b of i.
 */
export function addDerivative(writer: ProgramWriter, coefficients: readonly number[]): void {
  coefficients.forEach((slot, i) => {
    const above: number[] = []
    for (let bit = 1; bit < coefficients.length; bit *= 2) {
      if ((i & bit) === 0) above.push(coefficients[i | bit])
    }
    if (above.length > 0) writer.add(slot, above)
  })
}
