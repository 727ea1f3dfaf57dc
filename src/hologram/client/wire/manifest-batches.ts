import type { PeerId } from '@libp2p/interface'
import { Status } from '../../../../protocols/generated/object.js'
import type {
  ManifestReply,
  ObjectReply,
  ObjectRequest,
  PutManifest
} from '../../../../protocols/generated/object.js'
import { MAX_MANIFESTS_BYTES, MAX_MANIFESTS_PER_REQUEST } from '../../../../protocols/limits.ts'
import type { Cancel, Clock } from '../../../clock/index.ts'
import { HologramError } from '../../errors.ts'

/** Requests under way with a peer before further manifests wait to go together. */
const LANES = 2
/** A manifest waits no longer than this for others, however slow the peer is. */
const MAX_WAIT_MS = 20
/** Tag and length of a field, at the most: no field has 2^28 bytes. */
const TAG_BYTES = 5
/** Peers remembered that know no request for several manifests; after that all are forgotten. */
const MAX_REMEMBERED = 1024

/** Asks a peer; a reply with any status is returned. */
export type Ask = (
  peer: PeerId,
  request: Partial<ObjectRequest>,
  signal: AbortSignal | undefined
) => Promise<ObjectReply>

interface Waiting {
  readonly manifest: PutManifest
  readonly bytes: number
  readonly signal: AbortSignal | undefined
  readonly reply: PromiseWithResolvers<ObjectReply>
}

interface Line {
  running: number
  queue: Waiting[]
  cancelWait: Cancel | undefined
}

/**
 * Brings manifests to peers, several in one request while a peer is at work on others: a request costs both ends about as much
 * as a small object. The first ones go at once and alone. Each has its own answer; one that is refused does not harm the others.
 */
export class ManifestBatches {
  readonly #ask: Ask
  readonly #clock: Clock
  readonly #lines = new Map<string, Line>()
  /** Peers of an earlier version. */
  readonly #oneByOne = new Set<string>()

  constructor({ ask, clock }: { ask: Ask; clock: Clock }) {
    this.#ask = ask
    this.#clock = clock
  }

  /** The peer's reply, whatever its status. @throws what `ask` throws; the signal's reason when it fires first */
  async put(peer: PeerId, manifest: PutManifest, signal?: AbortSignal): Promise<ObjectReply> {
    signal?.throwIfAborted()
    const name = peer.toString()
    if (this.#oneByOne.has(name)) return await this.#ask(peer, { putManifest: manifest }, signal)
    const line = this.#lines.get(name) ?? { running: 0, queue: [], cancelWait: undefined }
    this.#lines.set(name, line)
    const waiting = { manifest, bytes: sizeOf(manifest), signal, reply: Promise.withResolvers<ObjectReply>() }
    const onAbort = (): void => {
      line.queue = line.queue.filter((other) => other !== waiting)
      waiting.reply.reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    line.queue.push(waiting)
    this.#advance(peer, line)
    try {
      return await waiting.reply.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Sends what may go now. */
  #advance(peer: PeerId, line: Line, isOverdue = false): void {
    while (line.queue.length > 0 && (line.running < LANES || isOverdue || isFull(line.queue))) {
      line.running++
      void this.#send(peer, takeBatch(line)).finally(() => {
        line.running--
        this.#advance(peer, line)
        if (line.running === 0 && line.queue.length === 0) this.#lines.delete(peer.toString())
      })
    }
    if (line.queue.length === 0) {
      line.cancelWait?.()
      line.cancelWait = undefined
    } else {
      line.cancelWait ??= this.#clock.after(MAX_WAIT_MS, () => {
        line.cancelWait = undefined
        this.#advance(peer, line, true)
      })
    }
  }

  /** Never rejects: each of the batch hears what became of it. */
  async #send(peer: PeerId, batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 1) return await this.#sendAlone(peer, batch[0])
    const anybody = new AbortController()
    const unwatch = whenAllAbort(batch, () => anybody.abort(new Error('nobody waits for these manifests')))
    try {
      const objects = batch.map(({ manifest }) => manifest)
      const reply = await this.#ask(peer, { putManifests: { objects } }, anybody.signal)
      if (reply.status === Status.REFUSED) {
        if (this.#oneByOne.size >= MAX_REMEMBERED) this.#oneByOne.clear()
        this.#oneByOne.add(peer.toString())
        await Promise.all(batch.map(async (one) => this.#sendAlone(peer, one)))
        return
      }
      const replies = repliesOf(peer, reply, batch.length)
      batch.forEach((one, i) => one.reply.resolve(replies[i]))
    } catch (error) {
      for (const one of batch) one.reply.reject(error)
    } finally {
      unwatch()
    }
  }

  async #sendAlone(peer: PeerId, { manifest, signal, reply }: Waiting): Promise<void> {
    await this.#ask(peer, { putManifest: manifest }, signal).then(reply.resolve, reply.reject)
  }
}

function isFull(queue: readonly Waiting[]): boolean {
  return countOfBatch(queue) < queue.length
}

/** How many of the first fit one request; at least one. */
function countOfBatch(queue: readonly Waiting[]): number {
  let bytes = 0
  const end = queue.findIndex((one, i) => (bytes += one.bytes) > MAX_MANIFESTS_BYTES && i > 0)
  return Math.min(end < 0 ? queue.length : end, MAX_MANIFESTS_PER_REQUEST)
}

function takeBatch(line: Line): Waiting[] {
  return line.queue.splice(0, countOfBatch(line.queue))
}

/** Bytes that a manifest takes in a request for several, at the most. */
function sizeOf({ manifest, lease, placement, statements }: PutManifest): number {
  const parts = [manifest, lease, placement, ...statements]
  return parts.reduce((sum, part) => sum + part.byteLength + TAG_BYTES, 2 * TAG_BYTES)
}

/** Each object's answer as if it had been asked for alone. @throws HologramError 'PROTOCOL' */
function repliesOf(peer: PeerId, reply: ObjectReply, count: number): ObjectReply[] {
  if (reply.status !== Status.OK) return Array.from({ length: count }, () => reply)
  if (reply.replies.length !== count) {
    const reason = `answered ${reply.replies.length} of ${count} manifests`
    throw new HologramError('PROTOCOL', `${peer.toString()} ${reason}`, { reason, peer: peer.toString() })
  }
  return reply.replies.map((one) => replyOf(reply, one))
}

function replyOf(whole: ObjectReply, { status, message, retryAfterMs, lease }: ManifestReply): ObjectReply {
  return { ...whole, replies: [], status, message, retryAfterMs, leases: lease.byteLength > 0 ? [lease] : [] }
}

/** Calls `done` once every one has been aborted; one without a signal never is. @returns stops watching */
function whenAllAbort(batch: readonly Waiting[], done: () => void): () => void {
  let left = batch.length
  const onAbort = (): void => {
    if (--left === 0) done()
  }
  for (const { signal } of batch) signal?.addEventListener('abort', onAbort, { once: true })
  return () => {
    for (const { signal } of batch) signal?.removeEventListener('abort', onAbort)
  }
}
