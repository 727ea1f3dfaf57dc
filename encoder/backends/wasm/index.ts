// Rows by SIMD WebAssembly: loads the kernel, puts rows and programs where it can see them, and runs it.

import { readFileSync } from 'node:fs'
import { EncoderError } from '../../errors.ts'
import type { RowPlan } from '../../plan.ts'
import { columnProgram } from '../../rs8/compile.ts'
import type { ColumnProgram } from '../../rs8/program.ts'
import { checkBuffers } from '../backend.ts'
import type { SyncBackend } from '../backend.ts'
import { Heap, LINE_BYTES, MOST_TILE_BYTES, roundUp } from './heap.ts'

/** What one tile of all slots may take. Rows pass through once, so the scratch among them stays in the nearest cache. */
const TILE_BUDGET_BYTES = 48 * 1024
const LEAST_TILE_BYTES = 256
/** What the staged columns of all rows may take: they have to stay in the second-level cache. */
const STAGE_BUDGET_BYTES = 384 * 1024
const LEAST_STAGE_BYTES = 1024

export interface WasmBackendInit {
  /** Bytes for rows that live in the module's memory; see WasmBackend.allocateRows. @default 0 */
  arenaBytes?: number
  /** Whether to use relaxed SIMD. @default whether the engine compiles it */
  relaxed?: boolean
}

export interface WasmBackend extends SyncBackend {
  /**
   * Rows in the module's own memory. When every row of a call is one of these, nothing is copied. They stay valid
   * for the life of the backend, because its memory never grows.
   * @throws EncoderError BACKEND_FAILED when the arena is used up
   */
  allocateRows(count: number, blockBytes: number): Uint8Array[]
}

interface Kernel {
  readonly memory: WebAssembly.Memory
  readonly __heap_base: WebAssembly.Global
  initialise(): void
  run(program: number, words: number, slots: number, rowSlots: number, bytes: number, tileBytes: number): void
}

/** @throws EncoderError BACKEND_FAILED when the engine does not compile the module */
export function createWasmBackend({ arenaBytes = 0, relaxed }: WasmBackendInit = {}): WasmBackend {
  const { module, detail } = compile(relaxed)
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel
  return new WasmRows(kernel, arenaBytes, detail)
}

class WasmRows implements WasmBackend {
  readonly name = 'wasm'
  readonly detail: string
  readonly #kernel: Kernel
  readonly #heap: Heap
  readonly #programs = new WeakMap<RowPlan, ColumnProgram>()

  constructor(kernel: Kernel, arenaBytes: number, detail: string) {
    this.detail = detail
    this.#kernel = kernel
    this.#heap = new Heap(kernel.memory, kernel.__heap_base.value, arenaBytes)
    kernel.initialise()
  }

  allocateRows(count: number, blockBytes: number): Uint8Array[] {
    return Array.from({ length: count }, () => this.#heap.allocateRow(blockBytes))
  }

  compute(plan: RowPlan, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void {
    checkBuffers(plan, sources, targets)
    if (targets.length === 0) return
    const program = this.#programOf(plan)
    const rows = [...sources, ...targets]
    if (rows.every((row) => this.#heap.owns(row))) {
      this.#run(
        program,
        Array.from(rows, (row) => row.byteOffset),
        sources[0].length
      )
    } else {
      this.#runStaged(program, sources, targets)
    }
  }

  close(): void {}

  #programOf(plan: RowPlan): ColumnProgram {
    let program = this.#programs.get(plan)
    if (program === undefined) {
      program = columnProgram(plan)
      this.#programs.set(plan, program)
    }
    return program
  }

  /** Copies a stretch of columns of all sources in, computes it, and copies the targets out, until all is done. */
  #runStaged(program: ColumnProgram, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void {
    const { bytes, stageAddress } = this.#heap
    const blockBytes = sources[0].length
    const width = stageBytes(program.rowSlots, blockBytes)
    const addresses = Array.from(
      { length: program.rowSlots },
      (_, row) => stageAddress + row * (width + LINE_BYTES)
    )
    const targetAddresses = addresses.slice(sources.length)
    for (let x = 0; x < blockBytes; x += width) {
      const end = Math.min(x + width, blockBytes)
      sources.forEach((source, i) => bytes.set(source.subarray(x, end), addresses[i]))
      this.#run(program, addresses, end - x)
      targets.forEach((target, i) => {
        target.set(bytes.subarray(targetAddresses[i], targetAddresses[i] + end - x), x)
      })
    }
  }

  #run(program: ColumnProgram, rowAddresses: readonly number[], blockBytes: number): void {
    const heap = this.#heap
    const { words, rowSlots, scratchSlots } = program
    const bytes = tileBytes(rowSlots + scratchSlots)
    heap.load(words)
    heap.setSlots(0, rowAddresses)
    heap.setSlots(rowSlots, [heap.zeroAddress, ...scratchAddresses(heap.scratchAddress, scratchSlots, bytes)])
    this.#kernel.run(
      heap.programAddress,
      words.length,
      heap.slotsAddress,
      rowSlots,
      roundUp(blockBytes, LINE_BYTES),
      bytes
    )
  }
}

/** Scratch slots lie a line apart, as rows do. */
function scratchAddresses(base: number, count: number, bytes: number): number[] {
  return Array.from({ length: count }, (_, slot) => base + slot * (bytes + LINE_BYTES))
}

function tileBytes(slots: number): number {
  const fitting = roundDown(TILE_BUDGET_BYTES / slots, LINE_BYTES)
  return Math.min(MOST_TILE_BYTES, Math.max(LEAST_TILE_BYTES, fitting))
}

function stageBytes(rows: number, blockBytes: number): number {
  const fitting = Math.max(LEAST_STAGE_BYTES, roundDown(STAGE_BUDGET_BYTES / rows, LINE_BYTES))
  return Math.min(fitting, roundUp(blockBytes, LINE_BYTES))
}

function roundDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit
}

function compile(relaxed?: boolean): { module: WebAssembly.Module; detail: string } {
  if (relaxed !== false) {
    const bytes = moduleBytes('rs8-relaxed.wasm')
    if (WebAssembly.validate(bytes)) return { module: new WebAssembly.Module(bytes), detail: 'relaxed SIMD' }
    if (relaxed === true) throw new EncoderError('BACKEND_FAILED', 'This engine has no relaxed SIMD.')
  }
  const bytes = moduleBytes('rs8.wasm')
  if (!WebAssembly.validate(bytes))
    throw new EncoderError('BACKEND_FAILED', 'This engine has no WebAssembly SIMD.')
  return { module: new WebAssembly.Module(bytes), detail: 'SIMD' }
}

function moduleBytes(name: string): Uint8Array<ArrayBuffer> {
  return readFileSync(new URL(name, import.meta.url))
}
