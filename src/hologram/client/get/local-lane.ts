import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { Clock } from '../../../clock/index.ts'
import type { Holdings, ShardReader } from '../../holdings.ts'
import { MAX_BAD_IN_A_ROW } from './lane.ts'
import type { Lane, LaneListener } from './lane.ts'

export interface LocalLaneComponents {
  readonly holdings: Holdings
  readonly self: PeerId
  readonly clock: Clock
  /** The shard's files could not be closed. */
  readonly onCloseFailure: (error: unknown) => void
}

/** A shard on this node's own disk. The store checks what it reads. */
export class LocalLane implements Lane {
  readonly shard: number
  readonly peer: PeerId
  readonly outstanding: number[] = []
  waitingSinceMs = 0
  readonly #listener: LaneListener
  readonly #clock: Clock
  readonly #onCloseFailure: (error: unknown) => void
  readonly #reader: Promise<ShardReader | undefined>
  readonly #closing = new AbortController()
  #reading = false

  constructor(
    { holdings, self, clock, onCloseFailure }: LocalLaneComponents,
    { cid, shard }: { cid: CID; shard: number },
    listener: LaneListener
  ) {
    this.shard = shard
    this.peer = self
    this.#listener = listener
    this.#clock = clock
    this.#onCloseFailure = onCloseFailure
    this.#reader = holdings.openShard(cid, shard)
    // The first read reports it.
    this.#reader.catch(() => {})
  }

  request(first: number, count: number): void {
    if (this.outstanding.length === 0) this.waitingSinceMs = this.#clock.monotonicMs()
    for (let index = first; index < first + count; index++) this.outstanding.push(index)
    if (!this.#reading) void this.#read()
  }

  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new Error('the lane was closed'))
    this.#reader.then(
      async (reader) => reader?.close().catch(this.#onCloseFailure),
      () => {}
    )
  }

  async #read(): Promise<void> {
    const { signal } = this.#closing
    let badInARow = 0
    this.#reading = true
    try {
      const reader = await this.#reader
      while (reader !== undefined && this.outstanding.length > 0) {
        const index = this.outstanding[0]
        const block = await readBlock(reader, index, signal)
        if (signal.aborted) return
        badInARow = block.error === undefined ? 0 : badInARow + 1
        if (badInARow > MAX_BAD_IN_A_ROW) return this.#fail(block.error)
        this.outstanding.shift()
        this.waitingSinceMs = this.#clock.monotonicMs()
        if (block.error === undefined) this.#listener.onBlock(this, index, block.data)
        else this.#listener.onBadBlock(this, index, block.error)
      }
      if (reader === undefined) this.#fail(new Error('the shard is not here'))
    } catch (error) {
      // Other holders have copies.
      this.#fail(error)
    } finally {
      this.#reading = false
    }
  }

  #fail(error: unknown): void {
    if (this.#closing.signal.aborted) return
    this.close()
    this.#listener.onFailure(this, 'missing', error)
  }
}

/** A block, or why the disk no longer holds it. @throws whatever else goes wrong */
async function readBlock(
  reader: ShardReader,
  index: number,
  signal: AbortSignal
): Promise<{ data: Uint8Array; error?: undefined } | { error: Error }> {
  try {
    return { data: await reader.read(index, { signal }) }
  } catch (error) {
    // StoreError is another room's class: its code is what the contract promises.
    if (error instanceof Error && 'code' in error && error.code === 'CORRUPT') return { error }
    throw error
  }
}
