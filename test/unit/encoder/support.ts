import {
  createScalarBackend,
  createTfjsBackend,
  createWasmBackend,
  createWebgpuBackend
} from '../../../encoder/index.ts'
import type { Backend } from '../../../encoder/index.ts'
import { splitRows } from '../../../encoder/shape.ts'

/** The shapes that every backend is held to: tiny, odd, powers of two, and the widest. */
export const SHAPES: ReadonlyArray<readonly [k: number, n: number]> = [
  [1, 1],
  [1, 2],
  [1, 256],
  [2, 3],
  [3, 7],
  [4, 6],
  [5, 8],
  [7, 30],
  [8, 16],
  [8, 20],
  [10, 14],
  [10, 256],
  [16, 32],
  [17, 40],
  [32, 64],
  [33, 35],
  [64, 128],
  [65, 256],
  [100, 131],
  [128, 256],
  [129, 256],
  [200, 256],
  [255, 256],
  [256, 256]
]

/** Row lengths around every width at which a kernel changes its step. */
export const BLOCK_SIZES = [1, 15, 16, 17, 63, 64, 65, 255, 1023, 4095, 4097, 65536] as const

/** A stream of bytes that is the same in every run (xorshift32). */
export function pseudoRandomBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = (seed * 2654435761) >>> 0 || 1
  for (let i = 0; i < length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = state >>> 24
  }
  return bytes
}

/** Numbers below `limit` without repetition, in an order that the seed decides. */
export function pseudoRandomRows(limit: number, count: number, seed: number): number[] {
  const keys = pseudoRandomBytes(2 * limit, seed)
  const rank = (row: number) => keys[2 * row] * 256 + keys[2 * row + 1]
  const rows = Array.from({ length: limit }, (_, row) => row)
  return rows.sort((a, b) => rank(a) - rank(b) || a - b).slice(0, count)
}

/** The rows of `segment` with these numbers, one after another. */
export function pickRows(segment: Uint8Array, blockBytes: number, rows: readonly number[]): Buffer {
  const all = splitRows(segment, blockBytes)
  return Buffer.concat(rows.map((row) => all[row]))
}

export const oracle = createScalarBackend()

/** A backend under test. Opening one that this machine has not fails with BACKEND_FAILED. */
export interface BackendUnderTest {
  readonly name: string
  readonly open: () => Promise<Backend>
  /** Slow ones, here without a GPU, get the small shapes and blocks only. */
  readonly isSlow: boolean
}

export const BACKENDS: readonly BackendUnderTest[] = [
  { name: 'wasm, relaxed SIMD', open: async () => createWasmBackend({ relaxed: true }), isSlow: false },
  { name: 'wasm, baseline SIMD', open: async () => createWasmBackend({ relaxed: false }), isSlow: false },
  { name: 'webgpu', open: createWebgpuBackend, isSlow: true },
  { name: 'tfjs', open: createTfjsBackend, isSlow: true }
]
