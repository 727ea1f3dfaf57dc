// Any rows from any k by transforms: the erasure decoder of Lin, Al-Naffouri, Han and Chung 2016 ("Novel Polynomial
// Basis with Fast Fourier Transform and Its Application to Reed-Solomon Erasure Codes"), section V.
//
// P is the polynomial whose values the rows are; E are the points below N whose value is not known, and L, the error
// locator, is the polynomial that vanishes there. F = P L is known at all N points and has a degree below N, so one
// inverse transform gives it. At a point e of E its derivative is P(e) L'(e), which a forward transform and a division
// turn into the row.

import { EXP, LOG, POINTS, invert } from '../gf256.ts'
import { paddedSize, pointIndexOf } from './generator.ts'
import type { ProgramWriter } from './program.ts'
import type { RowTask } from './task.ts'
import { addDerivative, forwardPasses, inversePasses, passesOf } from './transform.ts'

/** Makes rows from rows, none of which may stand at a padding point: there P is zero and the row is its derivative. */
export function decodeByTransform(writer: ProgramWriter, { k, have, want }: RowTask): void {
  const given = have.map((row) => pointIndexOf(k, row))
  const wanted = want.map(({ row, slot }) => ({ index: pointIndexOf(k, row), slot }))
  const size = paddedSize(1 + Math.max(paddedSize(k) - 1, ...given, ...wanted.map(({ index }) => index)))
  const locator = errorLocator(erasedPoints(k, size, given))

  const values = new Array<number>(size).fill(writer.zeroSlot)
  given.forEach((index, slot) => {
    values[index] = writer.scratchSlot()
    writer.dot([slot], [values[index]], [[locator(index)]])
  })
  const passes = passesOf(Math.log2(size))
  const coefficients = inversePasses(writer, values, passes)
  addDerivative(writer, coefficients)
  forwardPasses(
    writer,
    coefficients,
    0,
    passes,
    new Map(wanted.map(({ index, slot }) => [index, slot])),
    false
  )
  for (const { index, slot } of wanted) writer.dot([slot], [slot], [[invert(locator(index))]])
}

/** The points below `size` that are neither given nor padding. */
function erasedPoints(k: number, size: number, given: readonly number[]): number[] {
  const known = new Set(given)
  for (let index = k; index < paddedSize(k); index++) known.add(index)
  return Array.from({ length: size }, (_, index) => index).filter((index) => !known.has(index))
}

/** The error locator at a point or, at a point where it is zero, its derivative. */
function errorLocator(erased: readonly number[]): (index: number) => number {
  return (index) => {
    let logarithm = 0
    for (const other of erased) {
      if (other !== index) logarithm += LOG[POINTS[other ^ index]]
    }
    return EXP[logarithm % 255]
  }
}
