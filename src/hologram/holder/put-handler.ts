import { MAX_BLOCK_BYTES, MAX_SHARDS } from '../../../protocols/limits.ts'
import { Uint8ArrayList } from 'uint8arraylist'
import { equals } from 'uint8arrays/equals'
import { HASH_BYTES, leafHash, MerkleRootBuilder } from '../../../encoder/index.ts'
import { PutFrame, PutReply, Status, type PutOpen } from '../../../protocols/generated/object.js'
import { decodePutBlock } from '../wire/block-frame.ts'
import { BLOCK_ALIGNMENT_BYTES, Layout } from '../records/layout.ts'
import { decodeManifest, manifestCid, type Manifest } from '../records/manifest.ts'
import { shapeOf } from '../records/shape.ts'
import { uploadId } from '../records/seed.ts'
import { keepLease, openLiveLease } from './admit-lease.ts'
import { timed } from './context.ts'
import { Refusal, refuse } from './refusal.ts'
import type { PeerId } from '@libp2p/interface'
import type { FramedStream } from '../../../protocols/framing/index.ts'
import type { ShardUpload } from '../holdings.ts'
import type { HolderContext } from './context.ts'

/** Leaves hashed between two turns of the event loop. */
const LEAVES_PER_TURN = 1024

/**
 * One stream of put/1: a putter opens the upload of a shard, sends its blocks and commits it under a manifest. Whatever
 * ends the stream before that, the blocks that have arrived are kept for a later attempt of the same putter.
 */
export async function handlePut(
  context: HolderContext,
  framed: FramedStream,
  putter: PeerId,
  network: string,
  signal: AbortSignal
): Promise<void> {
  const wait = { timeoutMs: context.settings.idleTimeoutMs, signal }
  const first = await framed.readMessage(PutFrame, wait)
  if (first === undefined) return
  const open = checkOpen(first.open)
  if (context.isDraining()) throw new Refusal(Status.QUOTA, 'this holder is being emptied')
  if (open.copy === true || open.fill === true) refuseWhenBusy(context)
  const leave = open.fill === true ? context.fills.enter() : undefined
  try {
    await takeShard(context, framed, open, { putter, network, signal })
  } finally {
    leave?.()
  }
}

async function takeShard(
  context: HolderContext,
  framed: FramedStream,
  open: PutOpen,
  { putter, network, signal }: { putter: PeerId; network: string; signal: AbortSignal }
): Promise<void> {
  const wait = { timeoutMs: context.settings.idleTimeoutMs, signal }
  const id = uploadId(putter.toMultihash().bytes, open.seed)
  const upload = await context.holdings.openUpload(id, open.shard, open.expectedBytes, {
    oneShot: open.oneShot,
    putter: { peer: putter.toString(), network }
  })
  try {
    const { blocksHeld, heldDigest } = upload
    await framed.writeMessage(PutReply, okReply({ blocksHeld, heldDigest }), wait)
    await new Reception(context, framed, open, upload, signal).run()
  } finally {
    await upload.close()
  }
}

/** A node that is busy itself takes no copies of hot shards, and is not filled: they would be in its users' way. @throws Refusal BUSY */
function refuseWhenBusy({ steering }: HolderContext): void {
  const entered = steering.enter(true)
  if (typeof entered !== 'function') throw new Refusal(Status.BUSY, entered.reason, entered.retryAfterMs)
  entered({ units: 0, tookMs: 0, failed: false })
}

function okReply(
  fields: { blocksHeld?: number; heldDigest?: Uint8Array; lease?: Uint8Array } = {}
): PutReply {
  const { blocksHeld = 0, heldDigest = new Uint8Array(0), lease = new Uint8Array(0) } = fields
  return {
    status: Status.OK,
    message: '',
    retryAfterMs: 0,
    blocksHeld,
    heldDigest: Uint8Array.from(heldDigest),
    lease: Uint8Array.from(lease)
  }
}

function checkOpen(open: PutOpen | undefined): PutOpen {
  if (open === undefined) throw refuse('the first frame of put/1 is a PutOpen')
  if (open.seed.byteLength !== 32) throw refuse('a seed has 32 bytes')
  if (open.shard >= MAX_SHARDS) throw refuse(`shards are numbered 0 to ${MAX_SHARDS - 1}`)
  if (!Number.isSafeInteger(open.expectedBytes)) throw refuse('expectedBytes is out of range')
  return open
}

/** The blocks of one shard, from PutOpen's answer to PutCommit's. */
class Reception {
  readonly #context: HolderContext
  readonly #framed: FramedStream
  readonly #open: PutOpen
  readonly #upload: ShardUpload
  readonly #signal: AbortSignal
  /** Blocks and bytes of an earlier attempt that this one goes on from; 0 when it starts over. */
  #held: { blocks: number; bytes: number } | undefined
  /** Sizes of the blocks that came in this stream. */
  readonly #sizes: number[] = []
  #tree = new MerkleRootBuilder()

  constructor(
    context: HolderContext,
    framed: FramedStream,
    open: PutOpen,
    upload: ShardUpload,
    signal: AbortSignal
  ) {
    this.#context = context
    this.#framed = framed
    this.#open = open
    this.#upload = upload
    this.#signal = signal
  }

  async run(): Promise<void> {
    const { settings, counts } = this.#context
    const wait = { timeoutMs: settings.idleTimeoutMs, signal: this.#signal }
    for (;;) {
      const bytes = await this.#framed.readPieces(wait)
      if (bytes === undefined) return
      const block = decodePutBlock(bytes)
      if (block !== undefined) {
        await this.#append(block.index, block.data)
        continue
      }
      const frame = this.#framed.decode(PutFrame, bytes)
      if (frame.block !== undefined) {
        if (frame.block.path.byteLength > 0) throw refuse('a block of put/1 has no audit path')
        await this.#append(frame.block.index, new Uint8ArrayList(frame.block.data))
        continue
      }
      if (frame.abandon === true) {
        await this.#upload.abandon()
        await this.#framed.writeMessage(PutReply, okReply(), wait)
        return
      }
      if (frame.commit === undefined) throw refuse('after PutOpen come blocks, then PutCommit')
      const { manifest, lease: signed } = frame.commit
      const lease = await timed(this.#context, 'put', async () => this.#commit(manifest, signed))
      counts.shardsCommitted++
      this.#countFill()
      if (this.#open.copy === true) this.#context.steering.noteCopy(manifestCid(manifest).toString())
      await this.#framed.writeMessage(PutReply, okReply({ lease }), wait)
      return
    }
  }

  async #append(index: number, data: Uint8ArrayList): Promise<void> {
    checkBlockSize(data.byteLength)
    const held = await this.#startAt(index)
    const expected = held.blocks + this.#sizes.length
    if (index !== expected) throw refuse(`block ${index} came where block ${expected} was due`)
    if (this.#open.fill === true) await this.#context.fills.take(data.byteLength, this.#signal)
    await this.#context.down.take(data.byteLength, this.#signal)
    const leaf = leafHash(data)
    await timed(this.#context, 'put', async () => this.#upload.append(data, leaf))
    this.#tree.append(leaf)
    this.#sizes.push(data.byteLength)
    this.#context.counts.blocksIn++
    this.#context.counts.bytesIn += data.byteLength
  }

  #countFill(): void {
    if (this.#open.fill !== true) return
    const { counts } = this.#context
    counts.shardsFilled++
    counts.bytesFilled += this.#sizes.reduce((sum, size) => sum + size, 0)
  }

  /** The first block decides: block 0 starts over, any other goes on from what is held. */
  async #startAt(index: number): Promise<{ blocks: number; bytes: number }> {
    if (this.#held !== undefined) return this.#held
    const { blocksHeld, bytesHeld } = this.#upload
    if (index === 0) {
      if (blocksHeld > 0) await this.#upload.reset()
      this.#held = { blocks: 0, bytes: 0 }
    } else {
      await this.#readHeldLeaves()
      this.#held = { blocks: blocksHeld, bytes: bytesHeld }
    }
    return this.#held
  }

  async #readHeldLeaves(): Promise<void> {
    const leaves = this.#upload.leaves()
    for (let start = 0, n = 1; start < leaves.byteLength; start += HASH_BYTES, n++) {
      this.#tree.append(leaves.subarray(start, start + HASH_BYTES))
      if (n % LEAVES_PER_TURN === 0) await this.#context.clock.turn()
    }
  }

  async #commit(manifestBytes: Uint8Array, leaseBytes: Uint8Array): Promise<Uint8Array> {
    // without a block before it, a commit is of what is held
    const held = await this.#startAt(this.#upload.blocksHeld)
    const manifest = decodeManifest(manifestBytes)
    const cid = manifestCid(manifestBytes)
    const lease = await openLiveLease(this.#context, cid, leaseBytes)
    this.#checkShard(manifest, shapeOf(manifest, [lease]).readable, held)
    // the lease first: an object that is durable before its lease may be collected in between
    const kept = await keepLease(this.#context, lease)
    const { shard } = this.#open
    const before = await this.#context.holdings.heldShards(cid)
    await this.#upload.commit(cid, manifestBytes)
    if (before.some((own) => own.shard === shard && own.badBlocks === 0))
      this.#context.counts.shardsRepeated++
    return kept
  }

  /** @param shaped - the manifest with the shards that the lease adds */
  #checkShard(manifest: Manifest, shaped: Manifest, held: { blocks: number; bytes: number }): void {
    const { shard, seed } = this.#open
    if (manifest.inline !== undefined) throw refuse('an inline object has no shards')
    if (shard >= shaped.n) throw refuse(`the manifest has no shard ${shard}`)
    if (!equals(manifest.seed, seed)) throw refuse('the manifest has another seed than the upload')
    checkSizes(new Layout(manifest), held, this.#sizes)
    if (!equals(this.#tree.root(), shaped.roots[shard])) {
      throw refuse(`the blocks are not those of shard ${shard}: their Merkle root differs`)
    }
  }
}

function checkBlockSize(bytes: number): void {
  if (bytes < 1 || bytes > MAX_BLOCK_BYTES || bytes % BLOCK_ALIGNMENT_BYTES !== 0) {
    throw refuse(`a block of ${bytes} bytes`)
  }
}

/** Of the held blocks only the sum of the sizes is known; it was this putter who sent them. */
function checkSizes(layout: Layout, held: { blocks: number; bytes: number }, sizes: readonly number[]): void {
  const blocks = held.blocks + sizes.length
  if (blocks !== layout.segments) throw refuse(`the shard has ${layout.segments} blocks, not ${blocks}`)
  const mismatch = sizes.findIndex((size, i) => size !== layout.blockBytesAt(held.blocks + i))
  if (mismatch >= 0) throw refuse(`block ${held.blocks + mismatch} has another size than the layout gives it`)
  const bytes = held.bytes + sizes.reduce((sum, size) => sum + size, 0)
  if (bytes !== layout.shardBytes) throw refuse(`the shard has ${layout.shardBytes} bytes, not ${bytes}`)
}
