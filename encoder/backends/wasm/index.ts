// Rows by SIMD WebAssembly: loads the kernel, copies rows and programs into its memory, and runs it.

import { readFileSync } from 'node:fs'
import { EncoderError } from '../../errors.ts'
import type { RowPlan } from '../../plan.ts'
import { columnProgram } from '../../rs8/compile.ts'
import type { ColumnProgram } from '../../rs8/program.ts'
import { checkBuffers } from '../backend.ts'
import type { SyncBackend } from '../backend.ts'
import { Heap, MIN_STAGE_BYTES, LINE_BYTES, MAX_TILE_BYTES, roundUp } from './heap.ts'

/**
 * Maximum bytes of one tile of all slots. Rows pass through once, so the scratch tiles stay in the first-level cache.
 */
const TILE_BUDGET_BYTES = 48 * 1024
const MIN_TILE_BYTES = 256
/** Maximum bytes of the staged columns of all rows, which have to stay in the second-level cache. */
const STAGE_BUDGET_BYTES = 256 * 1024
const MAX_STAGE_BYTES = 64 * 1024

export interface WasmBackendInit {
  /** Bytes for rows in the module's memory; see WasmBackend.allocateRows. @default 0 */
  arenaBytes?: number
  /** Whether to use relaxed SIMD. @default whether the engine compiles it */
  relaxed?: boolean
}

export interface WasmBackend extends SyncBackend {
  /**
   * Rows in the module's own memory. If every row of a call is one of these, nothing is copied. They stay valid for the
   * life of the backend, because its memory never grows.
   * @throws EncoderError BACKEND_FAILED if the arena is used up
   */
  allocateRows(count: number, blockBytes: number): Uint8Array[]
}

interface Kernel {
  readonly memory: WebAssembly.Memory
  readonly __heap_base: WebAssembly.Global
  initialise(): void
  run(program: number, words: number, slots: number, rowSlots: number, bytes: number, tileBytes: number): void
}

/** @throws EncoderError BACKEND_FAILED if the engine does not compile the module */
export function createWasmBackend({ arenaBytes = 0, relaxed }: WasmBackendInit = {}): WasmBackend {
  const { module, detail } = compile(relaxed)
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel
  return new WasmRows(kernel, arenaBytes, detail)
}

/** The program that is loaded in the kernel's memory. */
interface LoadedProgram {
  readonly plan: RowPlan
  readonly wordCount: number
  readonly rowSlots: number
  readonly tileBytes: number
}

class WasmRows implements WasmBackend {
  readonly name = 'wasm'
  readonly detail: string
  readonly #kernel: Kernel
  readonly #heap: Heap
  readonly #programs = new WeakMap<RowPlan, ColumnProgram>()
  #loaded: LoadedProgram | undefined

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
    const program = this.#load(plan)
    const blockBytes = sources[0].length
    if (this.#heap.ownsAll(sources) && this.#heap.ownsAll(targets)) {
      sources.forEach((row, i) => this.#heap.setSlot(i, row.byteOffset))
      targets.forEach((row, i) => this.#heap.setSlot(sources.length + i, row.byteOffset))
      this.#run(program, blockBytes)
    } else {
      this.#runStaged(program, sources, targets)
    }
  }

  close(): void {}

  /**
   * Loads the plan's program and its scratch slots into the kernel's memory, unless they are already loaded.
   */
  #load(plan: RowPlan): LoadedProgram {
    if (this.#loaded?.plan === plan) return this.#loaded
    const program = this.#programOf(plan)
    const { words, rowSlots, scratchSlots } = program
    const bytes = tileBytes(rowSlots + scratchSlots)
    this.#heap.loadProgram(words)
    this.#heap.setSlot(rowSlots, this.#heap.zeroAddress)
    for (let i = 0; i < scratchSlots; i++) {
      // One line apart, like rows.
      this.#heap.setSlot(rowSlots + 1 + i, this.#heap.scratchAddress + i * (bytes + LINE_BYTES))
    }
    this.#loaded = { plan, wordCount: words.length, rowSlots, tileBytes: bytes }
    return this.#loaded
  }

  #programOf(plan: RowPlan): ColumnProgram {
    let program = this.#programs.get(plan)
    if (program === undefined) {
      program = columnProgram(plan)
      this.#programs.set(plan, program)
    }
    return program
  }

  /**
   * For each range of columns: copies it in from all sources, computes it, and copies the targets out.
   */
  #runStaged(program: LoadedProgram, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void {
    const { bytes, stageAddress } = this.#heap
    const blockBytes = sources[0].length
    const width = stageBytes(program.rowSlots, blockBytes)
    const addressOf = (row: number) => stageAddress + row * (width + LINE_BYTES)
    for (let x = 0; x < blockBytes; x += width) {
      const end = Math.min(x + width, blockBytes)
      for (let row = 0; row < program.rowSlots; row++) this.#heap.setSlot(row, addressOf(row))
      sources.forEach((source, i) => bytes.set(source.subarray(x, end), addressOf(i)))
      this.#run(program, end - x)
      targets.forEach((target, i) => {
        const address = addressOf(sources.length + i)
        target.set(bytes.subarray(address, address + end - x), x)
      })
    }
  }

  #run({ wordCount, rowSlots, tileBytes }: LoadedProgram, blockBytes: number): void {
    const { programAddress, slotsAddress } = this.#heap
    const bytes = roundUp(blockBytes, LINE_BYTES)
    this.#kernel.run(programAddress, wordCount, slotsAddress, rowSlots, bytes, tileBytes)
  }
}

function tileBytes(slots: number): number {
  const fitting = roundDown(TILE_BUDGET_BYTES / slots, LINE_BYTES)
  return Math.min(MAX_TILE_BYTES, Math.max(MIN_TILE_BYTES, fitting))
}

function stageBytes(rows: number, blockBytes: number): number {
  const fitting = Math.max(MIN_STAGE_BYTES, roundDown(STAGE_BUDGET_BYTES / rows, LINE_BYTES))
  return Math.min(fitting, MAX_STAGE_BYTES, roundUp(blockBytes, LINE_BYTES))
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
