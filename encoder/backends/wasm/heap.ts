import { EncoderError } from '../../errors.ts'

/** Columns are computed in whole cache lines; every region and row starts at a cache line. */
export const LINE_BYTES = 64

/** Size of the longest program: 256 rows from 255 by the matrix, five words per four coefficients. */
const PROGRAM_BYTES = 176 * 1024
/** Up to 256 given rows, 256 made rows and 512 scratch slots, with one address each. */
const SLOT_COUNT = 1024
/** Scratch slots of the widest program at the smallest tile, with room for the stagger. */
const SCRATCH_BYTES = 256 * 1024
/** The widest tile that a program may use. */
export const MAX_TILE_BYTES = 4096
/** The narrowest range of staged columns: shorter copies are not worth their calls. */
export const MIN_STAGE_BYTES = 4096
/** Staged columns of 256 given and 256 made rows, in the narrowest range. */
const STAGE_BYTES = 512 * (MIN_STAGE_BYTES + LINE_BYTES)
const PAGE_BYTES = 65536

/**
 * The module's memory after its own data: program, slot addresses, scratch tiles, staged columns, and an arena of rows. Its
 * size is fixed at the start, because growing would detach every view.
 */
export class Heap {
  /** The whole memory. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly programAddress: number
  readonly slotsAddress: number
  /** Address of a tile of zeros that is never written. */
  readonly zeroAddress: number
  readonly scratchAddress: number
  readonly stageAddress: number
  readonly #rows = new WeakSet<Uint8Array>()
  readonly #slots: DataView
  #free: number

  /** @param base - first address that the module leaves free */
  constructor(memory: WebAssembly.Memory, base: number, arenaBytes: number) {
    this.programAddress = roundUp(base, LINE_BYTES)
    this.slotsAddress = this.programAddress + PROGRAM_BYTES
    this.zeroAddress = this.slotsAddress + SLOT_COUNT * 4
    this.scratchAddress = this.zeroAddress + MAX_TILE_BYTES
    this.stageAddress = this.scratchAddress + SCRATCH_BYTES
    this.#free = this.stageAddress + STAGE_BYTES
    const missing = this.#free + arenaBytes - memory.buffer.byteLength
    memory.grow(Math.max(0, Math.ceil(missing / PAGE_BYTES)))
    this.bytes = new Uint8Array(memory.buffer)
    this.#slots = new DataView(memory.buffer, this.slotsAddress, SLOT_COUNT * 4)
  }

  /** Copies a program to where the kernel reads it. */
  loadProgram(words: Uint16Array): void {
    const view = new DataView(this.bytes.buffer, this.programAddress, PROGRAM_BYTES)
    words.forEach((word, i) => view.setUint16(2 * i, word, true))
  }

  /** Sets the address of a slot. */
  setSlot(slot: number, address: number): void {
    this.#slots.setUint32(4 * slot, address, true)
  }

  /**
   * A row in the arena, one line apart from its neighbours so that equal columns are in different cache sets.
   */
  allocateRow(blockBytes: number): Uint8Array {
    const end = this.#free + roundUp(blockBytes, LINE_BYTES) + LINE_BYTES
    if (end > this.bytes.length) {
      throw new EncoderError('BACKEND_FAILED', `The arena has no room for a row of ${blockBytes} bytes.`, {
        blockBytes
      })
    }
    const row = this.bytes.subarray(this.#free, this.#free + blockBytes)
    this.#rows.add(row)
    this.#free = end
    return row
  }

  /** Whether all these rows are complete rows from allocateRow. */
  ownsAll(rows: readonly Uint8Array[]): boolean {
    return rows.every((row) => this.#rows.has(row))
  }
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
