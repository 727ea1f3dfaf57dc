import { EncoderError } from '../../errors.ts'

/** Columns are computed in whole cache lines; every region and row starts at one. */
export const LINE_BYTES = 64

/** The longest program: 256 rows from 255 by the matrix, five words for four coefficients. */
const PROGRAM_BYTES = 176 * 1024
/** Up to 256 rows given, 256 made and 512 of scratch, an address each. */
const SLOT_COUNT = 1024
/** Scratch slots of the widest program at the smallest tile, with room for the stagger. */
const SCRATCH_BYTES = 256 * 1024
/** The widest tile that a program may use. */
export const MOST_TILE_BYTES = 4096
/** The narrowest stretch of columns that rows are staged in: shorter copies are not worth their calls. */
export const LEAST_STAGE_BYTES = 4096
/** Staged columns of 256 rows given and 256 made at the narrowest. */
const STAGE_BYTES = 512 * (LEAST_STAGE_BYTES + LINE_BYTES)
const PAGE_BYTES = 65536

/**
 * The module's memory after its own data: program, slot addresses, scratch tiles, staged columns, and an
 * arena of rows. Its size is settled at the start, because growing would detach every view.
 */
export class Heap {
  /** The whole memory. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly programAddress: number
  readonly slotsAddress: number
  /** A tile of zeros that nothing writes to. */
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
    this.scratchAddress = this.zeroAddress + MOST_TILE_BYTES
    this.stageAddress = this.scratchAddress + SCRATCH_BYTES
    this.#free = this.stageAddress + STAGE_BYTES
    const missing = this.#free + arenaBytes - memory.buffer.byteLength
    memory.grow(Math.max(0, Math.ceil(missing / PAGE_BYTES)))
    this.bytes = new Uint8Array(memory.buffer)
    this.#slots = new DataView(memory.buffer, this.slotsAddress, SLOT_COUNT * 4)
  }

  /** Puts a program where the kernel reads it. */
  loadProgram(words: Uint16Array): void {
    const view = new DataView(this.bytes.buffer, this.programAddress, PROGRAM_BYTES)
    words.forEach((word, i) => view.setUint16(2 * i, word, true))
  }

  /** Sets the address of a slot. */
  setSlot(slot: number, address: number): void {
    this.#slots.setUint32(4 * slot, address, true)
  }

  /**
   * A row in the arena, a line apart from its neighbours so that equal columns fall into different cache
   * sets.
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

  /** Whether all these rows are rows that allocateRow gave out, whole. */
  ownsAll(rows: readonly Uint8Array[]): boolean {
    return rows.every((row) => this.#rows.has(row))
  }
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
