// Parity from data by transforms. docs/explain/encoder.md, "Encoding", has the derivations.

import { POINTS, divide } from '../gf256.ts'
import { paddedSize, pointIndexOf, rowMultiplier } from './generator.ts'
import { byMatrix } from './matrix.ts'
import type { ProgramWriter, ScaledChunk } from './program.ts'
import type { RowTask, WantedRow } from './task.ts'
import {
  addDerivative,
  extendPasses,
  foldCoefficients,
  forwardPasses,
  inversePasses,
  passesOf,
  stepConstants
} from './transform.ts'
import type { WantedValues } from './transform.ts'

/**
 * Wanted rows at neighbouring points: the 2^b points from `base` on; `base` is a multiple of their number.
 */
interface PointBlock {
  readonly base: number
  readonly size: number
  readonly rows: readonly WantedRow[]
}

/**
 * Makes parity in blocks of two or four points, from the data in chunks of the same number of rows. Best for few rows.
 */
export function encodeByChunks(writer: ProgramWriter, task: RowTask): void {
  for (const { base, size, rows } of blocksOf(task, 4).map((block) => narrowed(task.k, block))) {
    // A block of padding points may also contain data points, where the chunks' transforms have no scale.
    const isPadding = base < paddedSize(task.k)
    if (isPadding || rows.length <= Math.max(1, size / 2)) byMatrix(writer, { ...task, want: rows })
    else combineChunks(writer, task, { base, size, rows })
  }
}

function combineChunks(writer: ProgramWriter, task: RowTask, { base, size, rows }: PointBlock): void {
  const { k } = task
  const layers = Math.log2(size)
  const lower = { lowest: 0, layers: layers - 1 }
  const multiplier = rowMultiplier(k, rows[0].row)
  const data = dataSlots(writer, task)
  const chunks: ScaledChunk[] = []
  for (let start = 0; start < k; start += size) {
    // An XOR that moves the base to zero moves each chunk to its own points (POINTS is additive).
    const shifted = base ^ start
    const rowCount = k - start <= size / 2 ? size / 2 : size
    const halves = Array.from({ length: rowCount / (size / 2) }, (_, half) => shifted + (half * size) / 2)
    chunks.push({
      sources: data.slice(start, start + rowCount),
      constants: halves.flatMap((index) => stepConstants(index, lower)),
      highest: POINTS[shifted >> (layers - 1)],
      scale: divide(multiplier, POINTS[shifted >> layers])
    })
  }
  const values = wantedValues(k, base, rows)
  const targets = Array.from({ length: size }, (_, i) => values.get(i) ?? writer.discardSlot)
  writer.combine(chunks, targets, stepConstants(0, { lowest: 0, layers }))
}

/**
 * Makes parity by one inverse transform of the data and a forward transform for each coset of points. Best for many rows.
 */
export function encodeByTransform(writer: ProgramWriter, task: RowTask): void {
  const { k } = task
  const size = paddedSize(k)
  const data = dataSlots(writer, task)
  const passes = passesOf(Math.log2(size))
  const blocks = blocksOf(task, size)
  if (blocks.length === 1 && blocks[0].base > 0) {
    const { base, rows } = blocks[0]
    const values = wantedValues(k, base, rows)
    const narrow = narrowed(k, blocks[0])
    if (narrow.size === size) return extendPasses(writer, data, { from: 0, to: base }, passes, values)
    if (size === 4 && narrow.size === 2 && narrow.base === base)
      return extendFirstHalf(writer, data, base, values)
  }
  const coefficients = inversePasses(writer, data, 0, passes)
  for (const { base, rows } of blocks.filter(({ base }) => base > 0)) {
    evaluate(writer, task, coefficients, narrowed(k, { base, size, rows }))
  }
  // At the padding points the polynomial is zero; the rows are its derivative.
  for (const { rows } of blocks.filter(({ base }) => base === 0)) {
    addDerivative(writer, coefficients)
    forwardPasses(writer, coefficients, 0, passes, wantedValues(k, 0, rows), false)
  }
}

/** Makes two rows from three or four in one step. */
function extendFirstHalf(
  writer: ProgramWriter,
  data: readonly number[],
  base: number,
  values: WantedValues
): void {
  const pass = { lowest: 0, layers: 2 }
  const targets = [0, 1].map((i) => values.get(i) ?? writer.discardSlot)
  writer.extendHalf(data, targets, stepConstants(0, pass), stepConstants(base, pass))
}

function evaluate(
  writer: ProgramWriter,
  task: RowTask,
  coefficients: readonly number[],
  { base, size, rows }: PointBlock
): void {
  if (size === 1) return byMatrix(writer, { ...task, want: rows })
  const isWhole = size === coefficients.length
  const local = isWhole ? coefficients : foldCoefficients(writer, coefficients, base, size)
  forwardPasses(writer, local, base, passesOf(Math.log2(size)), wantedValues(task.k, base, rows), isWhole)
}

/** Slot of the value at each of the first points: the data, or zeros if there is none. */
function dataSlots(writer: ProgramWriter, { k, have, sources }: RowTask): number[] {
  const values = new Array<number>(paddedSize(k)).fill(writer.zeroSlot)
  have.forEach((row, i) => (values[row] = sources[i]))
  return values
}

/** The wanted rows by blocks of `size` points. */
function blocksOf({ k, want }: RowTask, size: number): PointBlock[] {
  const blocks = Map.groupBy(want, ({ row }) => Math.floor(pointIndexOf(k, row) / size))
  return Array.from(blocks, ([block, rows]) => ({ base: block * size, size, rows }))
}

/** The smallest block that contains the same rows. */
function narrowed(k: number, { base, size, rows }: PointBlock): PointBlock {
  const half = size / 2
  const upper = rows.filter(({ row }) => pointIndexOf(k, row) >= base + half)
  if (size === 1 || (upper.length > 0 && upper.length < rows.length)) return { base, size, rows }
  return narrowed(k, { base: upper.length > 0 ? base + half : base, size: half, rows })
}

function wantedValues(k: number, base: number, rows: readonly WantedRow[]): WantedValues {
  return new Map(rows.map(({ row, slot }) => [pointIndexOf(k, row) - base, slot]))
}
