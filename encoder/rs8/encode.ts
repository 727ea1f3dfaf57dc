// Parity from data by transforms. docs/encoder.md, "Encoding", has the derivations.

import { POINTS, divide } from '../gf256.ts'
import { paddedSize, pointIndexOf, rowMultiplier } from './generator.ts'
import { byMatrix } from './matrix.ts'
import type { ProgramWriter } from './program.ts'
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

/** Wanted rows at neighbouring points: the 2^b points from `base` on, base being a multiple of their number. */
interface PointBlock {
  readonly base: number
  readonly size: number
  readonly rows: readonly WantedRow[]
}

/** Makes parity a block of two or four points at a time, from the data in chunks of as many rows: best for few rows. */
export function encodeByChunks(writer: ProgramWriter, task: RowTask): void {
  for (const { base, size, rows } of blocksOf(task, 4).map((block) => narrowed(task.k, block))) {
    if (size === 1 || rows.length <= size / 2) byMatrix(writer, { ...task, want: rows })
    else combineChunks(writer, task, { base, size, rows })
  }
}

function combineChunks(writer: ProgramWriter, { k, have }: RowTask, { base, size, rows }: PointBlock): void {
  const layers = Math.log2(size)
  const pass = { lowest: 0, layers }
  const multiplier = rowMultiplier(k, rows[0].row)
  const data = dataSlots(writer, k, have)
  const chunks = []
  for (let start = 0; start < k; start += size) {
    const shifted = base ^ start
    chunks.push({
      sources: data.slice(start, start + size),
      constants: stepConstants(shifted, pass),
      scale: divide(multiplier, POINTS[shifted >> layers])
    })
  }
  const values = wantedValues(k, base, rows)
  const targets = Array.from({ length: size }, (_, i) => values.get(i) ?? writer.discardSlot)
  writer.combine(chunks, targets, stepConstants(0, pass))
}

/** Makes parity by one inverse transform of the data and a forward transform for each coset of points: best for many. */
export function encodeByTransform(writer: ProgramWriter, task: RowTask): void {
  const { k, have } = task
  const size = paddedSize(k)
  const data = dataSlots(writer, k, have)
  const passes = passesOf(Math.log2(size))
  const blocks = blocksOf(task, size)
  const [block] = blocks
  const isOneCoset = blocks.length === 1 && block.base !== 0 && narrowed(k, block).size === size
  if (isOneCoset) {
    extendPasses(writer, data, block.base, passes, wantedValues(k, block.base, block.rows))
    return
  }
  const coefficients = inversePasses(writer, data, passes)
  for (const { base, rows } of blocks.filter(({ base }) => base > 0)) {
    evaluate(writer, task, coefficients, narrowed(k, { base, size, rows }))
  }
  // The padding points, where the polynomial is zero and its derivative is wanted.
  for (const { rows } of blocks.filter(({ base }) => base === 0)) {
    addDerivative(writer, coefficients)
    forwardPasses(writer, coefficients, 0, passes, wantedValues(k, 0, rows), false)
  }
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

/** Slot of the value at each of the first points: the data, then zeros. */
function dataSlots(writer: ProgramWriter, k: number, have: readonly number[]): number[] {
  const values = new Array<number>(paddedSize(k)).fill(writer.zeroSlot)
  have.forEach((row, slot) => (values[row] = slot))
  return values
}

/** The wanted rows by blocks of `size` points. */
function blocksOf({ k, want }: RowTask, size: number): PointBlock[] {
  const blocks = Map.groupBy(want, ({ row }) => Math.floor(pointIndexOf(k, row) / size))
  return Array.from(blocks, ([block, rows]) => ({ base: block * size, size, rows }))
}

/** The smallest block that holds the same rows. */
function narrowed(k: number, { base, size, rows }: PointBlock): PointBlock {
  const half = size / 2
  const upper = rows.filter(({ row }) => pointIndexOf(k, row) >= base + half)
  if (size === 1 || (upper.length > 0 && upper.length < rows.length)) return { base, size, rows }
  return narrowed(k, { base: upper.length > 0 ? base + half : base, size: half, rows })
}

function wantedValues(k: number, base: number, rows: readonly WantedRow[]): WantedValues {
  return new Map(rows.map(({ row, slot }) => [pointIndexOf(k, row) - base, slot]))
}
