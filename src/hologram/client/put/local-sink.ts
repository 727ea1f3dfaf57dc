import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../../clock/index.ts'
import type { Holdings, ShardUpload } from '../../holdings.ts'
import { openLease, storedLease } from '../../records/lease.ts'
import { survive } from '../survive.ts'
import type { FailureLog } from '../survive.ts'
import { uploadId } from '../../records/seed.ts'
import type { Commitment, ShardSink, SinkRequest } from './shard-sink.ts'

export interface LocalSinkComponents {
  readonly holdings: Holdings
  readonly networkId: Uint8Array
  readonly clock: Clock
  readonly failures: FailureLog
}

/** A shard whose home is this node: it goes to disk without a stream. */
export class LocalSink implements ShardSink {
  readonly peer: PeerId
  readonly #components: LocalSinkComponents
  readonly #request: SinkRequest
  readonly #upload: ShardUpload

  /** @throws StoreError */
  static async open(components: LocalSinkComponents, request: SinkRequest): Promise<LocalSink> {
    const { seed, shard, expectedBytes, oneShot, peer } = request
    const id = uploadId(peer.toMultihash().bytes, seed)
    const upload = await components.holdings.openUpload(id, shard, expectedBytes, { oneShot })
    return new LocalSink(components, request, upload)
  }

  private constructor(components: LocalSinkComponents, request: SinkRequest, upload: ShardUpload) {
    this.#components = components
    this.#upload = upload
    this.peer = request.peer
    this.#request = request
  }

  get heldBlocks(): number {
    return this.#upload.blocksHeld
  }

  get heldDigest(): Uint8Array {
    return this.#upload.heldDigest
  }

  async send(_index: number, block: Uint8Array, leaf: Uint8Array): Promise<void> {
    await this.#upload.append(block, leaf)
  }

  async restart(): Promise<void> {
    await this.#upload.reset()
  }

  async commit({ cid, manifest, lease }: Commitment): Promise<void> {
    const { holdings, networkId, clock } = this.#components
    // The lease first: an object that is durable before its lease may be collected in between.
    await holdings.putLease(cid, storedLease(await openLease(networkId, lease, clock.nowMs()), lease))
    await this.#upload.commit(cid, manifest)
  }

  abandon(): void {
    const { failures } = this.#components
    // What could not be made durable is sent again the next time.
    this.#upload.close().catch((error: unknown) => {
      const { seed, peer, shard } = this.#request
      survive(failures, 'local-upload', { seed, peer, shard, error })
    })
  }
}
