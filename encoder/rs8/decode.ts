// Any rows from any k by transforms: the erasure decoder of Lin, Al-Naffouri, Han and Chung 2016 ("Novel
// Polynomial Basis with Fast Fourier Transform and Its Application to Reed-Solomon Erasure Codes"), section
// V.
//
// P is the polynomial whose values the rows are; E are the points below N whose value is not known, and L,
// the error locator, is the polynomial that vanishes there. F = P L is known at all N points and has a degree
// below N, so one inverse transform gives it. At a point e of E its derivative is P(e) L'(e), which a forward
// transform and a division turn into the row.

import { EXP, LOG, POINTS, invert } from '../gf256.ts'
import { encodeByTransform } from './encode.ts'
import { generatorRow, paddedSize, pointIndexOf } from './generator.ts'
import { byMatrix } from './matrix.ts'
import type { ProgramWriter } from './program.ts'
import type { RowTask } from './task.ts'
import { addDerivative, extendPasses, forwardPasses, inversePasses, passesOf } from './transform.ts'

/**
 * Makes rows from k rows that stand on one whole coset of points, as all parity of a code with k = n-k does:
 * they give the polynomial as the data would.
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

/** Whether k rows stand on one whole coset of parity points. */
export function isParityCoset(k: number, have: readonly number[]): boolean {
  const coset = cosetOf(k, have[0])
  return paddedSize(k) === k && coset > 0 && have.every((row) => cosetOf(k, row) === coset)
}

/** First of the points that a row shares with k' others. */
function cosetOf(k: number, row: number): number {
  const index = pointIndexOf(k, row)
  return index - (index % paddedSize(k))
}

/**
 * Makes lost data rows: the parity of the data that is left, the lost rows taken as zero, differs from the
 * parity that is given by the parity of the lost rows alone (the syndrome). The matrix that makes the lost
 * rows from it has as many columns as rows are lost, not k.
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
 * Makes rows from rows, none of which may stand at a padding point: there P is zero and the row is its
 * derivative.
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
