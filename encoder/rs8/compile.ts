// Compiles plans to column programs, by the cheapest method that fits a plan.

import type { RowPlan } from '../plan.ts'
import { decodeBySyndrome, decodeByTransform, decodeFromCoset, isParityCoset } from './decode.ts'
import { encodeByChunks, encodeByTransform } from './encode.ts'
import { pointIndexOf, paddedSize } from './generator.ts'
import { byMatrix } from './matrix.ts'
import { carriesSums, thenAddCarried } from './carried.ts'
import { ProgramWriter } from './program.ts'
import type { ColumnProgram } from './program.ts'
import type { Method } from './task.ts'

/** The program of a plan. */
export function columnProgram(plan: RowPlan): ColumnProgram {
  const programs = methodsFor(plan).map((method) => programBy(method, plan))
  return programs.reduce((best, program) => (program.cost < best.cost ? program : best))
}

/** The program of a plan by one method. */
export function programBy(method: Method, { k, have, want, matrix }: RowPlan): ColumnProgram {
  const writer = new ProgramWriter(have.length, want.length)
  const rows = want.map((row, i) => ({
    row,
    slot: have.length + i,
    coefficients: matrix.subarray(i * have.length, (i + 1) * have.length)
  }))
  for (const { row, slot } of rows) {
    if (have.includes(row)) writer.dot([have.indexOf(row)], [slot], [[1]])
  }
  const missing = rows.filter(({ row }) => !have.includes(row))
  if (missing.length > 0) method(writer, { k, have, sources: have.map((_, slot) => slot), want: missing })
  return writer.finish()
}

/** The methods that fit a plan; the matrix always fits. */
export function methodsFor(plan: RowPlan): Method[] {
  const { k, have, want } = plan
  if (carriesSums(plan)) {
    const base = methodsFor({ ...plan, have: have.slice(0, k) })
    return [byMatrix, ...base.map(thenAddCarried)]
  }
  const isWhole = have.length === k && k > 1
  if (!isWhole) return [byMatrix]
  if (have.every((row) => row < k)) return [byMatrix, encodeByChunks, encodeByTransform]
  if (isParityCoset(k, have)) return [byMatrix, decodeFromCoset]
  const methods: Method[] = [byMatrix]
  if (want.every((row) => row < k)) methods.push(decodeBySyndrome)
  const onPolynomial = [...have, ...want].every((row) => row < k || pointIndexOf(k, row) >= paddedSize(k))
  if (onPolynomial) methods.push(decodeByTransform)
  return methods
}
