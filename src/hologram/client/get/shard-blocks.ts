import type { PeerId } from '@libp2p/interface'
import type { Lane, LaneFailure, LaneListener, LaneOpener } from './lane.ts'

/** A helper could not give a block. */
export class HelperFailed extends Error {
  override readonly name = 'HelperFailed'
  readonly peer: PeerId
  readonly shard: number

  constructor({ peer, shard }: Pick<Lane, 'peer' | 'shard'>, why: string, cause: unknown) {
    super(why, { cause })
    this.peer = peer
    this.shard = shard
  }
}

/** Blocks of chosen shards from chosen peers, each proved. The first failure ends it. */
export class ShardBlocks implements LaneListener {
  readonly #open: LaneOpener
  readonly #peers: ReadonlyMap<number, PeerId>
  readonly #onFailure: (peer: PeerId, failure: Exclude<LaneFailure, 'missing'>) => void
  readonly #lanes = new Map<number, Lane>()
  readonly #due = new Map<string, PromiseWithResolvers<Uint8Array>>()
  #failure: Error | undefined

  /**
   * @param peers - whom to ask for each shard
   * @param onFailure - a peer failed in another way than by not having the shard
   */
  constructor(
    open: LaneOpener,
    peers: ReadonlyMap<number, PeerId>,
    onFailure: (peer: PeerId, failure: Exclude<LaneFailure, 'missing'>) => void
  ) {
    this.#open = open
    this.#peers = peers
    this.#onFailure = onFailure
  }

  /** Block `index` of a shard. Ask for each once. @throws HelperFailed */
  async block(shard: number, index: number): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure
    const due = Promise.withResolvers<Uint8Array>()
    this.#due.set(`${shard} ${index}`, due)
    let lane = this.#lanes.get(shard)
    if (lane === undefined) {
      lane = this.#open(shard, this.#peers.get(shard)!, this)
      this.#lanes.set(shard, lane)
    }
    lane.request(index, 1)
    return await due.promise
  }

  close(): void {
    for (const lane of this.#lanes.values()) lane.close()
  }

  onBlock({ shard }: Lane, index: number, data: Uint8Array): void {
    const key = `${shard} ${index}`
    this.#due.get(key)?.resolve(data)
    this.#due.delete(key)
  }

  onBadBlock(lane: Lane, index: number, error: unknown): void {
    this.#fail(new HelperFailed(lane, `block ${index} of a helper is damaged`, error))
  }

  onFailure(lane: Lane, failure: LaneFailure, error: unknown): void {
    if (failure !== 'missing') this.#onFailure(lane.peer, failure)
    this.#fail(new HelperFailed(lane, `a helper failed: ${failure}`, error))
  }

  onBusy(lane: Lane, retryAfterMs: number): void {
    this.#fail(new HelperFailed(lane, `a helper is busy for ${retryAfterMs} ms`, undefined))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const due of this.#due.values()) due.reject(error)
    this.#due.clear()
    this.close()
  }
}
