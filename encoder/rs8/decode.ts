// Makes any rows from any k by transforms: the erasure decoder of Lin, Al-Naffouri, Han and Chung 2016 ("Novel
// Polynomial Basis with Fast Fourier Transform and Its Application to Reed-Solomon Erasure Codes"), section
// V.
//
// The rows are values of the polynomial P. E is the set of points below N with unknown values. L, the error locator, is
// the polynomial that vanishes on E. F = P L is known at all N points and has a degree below N, so one inverse transform
// gives it. At a point e of E its derivative is P(e) L'(e); a forward transform and a division give the row.

import { EXP, LOG, POINTS, invert } from '../gf256.ts'
import { encodeByTransform } from './encode.ts'
import { generatorRow, paddedSize, pointIndexOf } from './generator.ts'
import { byMatrix } from './matrix.ts'
import type { ProgramWriter } from './program.ts'
import type { RowTask } from './task.ts'
import { addDerivative, extendPasses, forwardPasses, inversePasses, passesOf } from './transform.ts'

/**
 * Makes rows from k rows on one complete coset of points, like all parity rows of a code with k = n-k. They determine the
 * polynomial just as the data rows do.
 */
export function decodeFromCoset(writer: ProgramWriter, { k, have, sources, want }: RowTask): void {
  const from = cosetOf(k, have[0])
  const values = new Array<number>(k)
  have.forEach((row, i) => (values[pointIndexOf(k, row) - from] = sources[i]))
  const passes = passesOf(Math.log2(k))
  const blocks = Map.groupBy(want, ({ row }) => cosetOf(k, row))
  const wantedOn = (base: number) =>
    new Map(blocks.get(base)!.map(({ row, slot }) => [pointIndexOf(k, row) - base, slot]))
  if (blocks.size === 1 && blocks.has(0)) {
    return extendPasses(writer, values, { from, to: 0 }, passes, wantedOn(0))
  }
  const coefficients = inversePasses(writer, values, from, passes)
  for (const base of blocks.keys()) {
    forwardPasses(writer, coefficients, base, passes, wantedOn(base), true)
  }
}

/** Whether k rows are on one complete coset of parity points. */
export function isParityCoset(k: number, have: readonly number[]): boolean {
  const coset = cosetOf(k, have[0])
  return paddedSize(k) === k && coset > 0 && have.every((row) => cosetOf(k, row) === coset)
}

/** First point of the coset of k' points that contains a row. */
function cosetOf(k: number, row: number): number {
  const index = pointIndexOf(k, row)
  return index - (index % paddedSize(k))
}

/**
 * Makes lost data rows from syndromes. A syndrome is the difference between a given parity row and the parity of the
 * remaining data with the lost rows as zero; it is the parity of the lost rows alone. The matrix that makes the lost rows
 * from the syndromes has one column per lost row, instead of k.
 */
export function decodeBySyndrome(writer: ProgramWriter, { k, have, sources, want }: RowTask): void {
  const positions = have.map((_, i) => i)
  const left = positions.filter((i) => have[i] < k)
  const parity = positions.filter((i) => have[i] >= k)
  const syndromes = parity.map((i) => {
    const row = have[i]
    const generator = generatorRow(k, row)
    return { row, slot: writer.scratchSlot(), coefficients: Uint8Array.from(left, (j) => generator[have[j]]) }
  })
  const leftRows = left.map((i) => have[i])
  encodeByTransform(writer, { k, have: leftRows, sources: left.map((i) => sources[i]), want: syndromes })
  parity.forEach((position, i) => writer.add(syndromes[i].slot, [sources[position]]))
  byMatrix(writer, {
    k,
    have: parity.map((i) => have[i]),
    sources: syndromes.map(({ slot }) => slot),
    want: want.map((row) => ({ ...row, coefficients: Uint8Array.from(parity, (i) => row.coefficients[i]) }))
  })
}

/**
 * Makes rows from rows. None may be at a padding point, where P is zero and the row is its derivative.
 */
export function decodeByTransform(writer: ProgramWriter, { k, have, sources, want }: RowTask): void {
  const given = have.map((row) => pointIndexOf(k, row))
  const wanted = want.map(({ row, slot }) => ({ index: pointIndexOf(k, row), slot }))
  const size = paddedSize(1 + Math.max(paddedSize(k) - 1, ...given, ...wanted.map(({ index }) => index)))
  const locator = errorLocator(erasedPoints(k, size, given))

  const values = new Array<number>(size).fill(writer.zeroSlot)
  given.forEach((index, i) => {
    values[index] = writer.scratchSlot()
    writer.dot([sources[i]], [values[index]], [[locator(index)]])
  })
  const passes = passesOf(Math.log2(size))
  const coefficients = inversePasses(writer, values, 0, passes)
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

/** The value of the error locator at a point; where that is zero, the value of its derivative. */
function errorLocator(erased: readonly number[]): (index: number) => number {
  return (index) => {
    let logarithm = 0
    for (const other of erased) {
      if (other !== index) logarithm += LOG[POINTS[other ^ index]]
    }
    return EXP[logarithm % 255]
  }
}
