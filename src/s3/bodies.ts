// The bytes of objects and parts, sealed, in the mesh.
import { CID } from 'multiformats/cid'
import type { Clock, RandomSource } from '../clock/index.ts'
import { generateKey, sealedStreamBytes, sealStream, streamForm, unsealStream } from '../seal/index.ts'
import type { Node } from '../node/index.ts'
import type { Piece } from './records.ts'

/** What a mesh object may have to be kept as copies instead of shards: put and read by one request to each peer. */
const INLINE_BYTES = 65_536
const TAG_BYTES = sealedStreamBytes(0)
/** Bodies up to this size are packed: several of them go into one mesh object. */
export const MAX_PACKED_BYTES = INLINE_BYTES - TAG_BYTES
/** From here on one object in shards costs less time, and less room, than several that are kept as copies. */
const MIN_CODED_BYTES = 4 * INLINE_BYTES
const MAX_PACK_BYTES = 2 ** 20
/** A pack waits until no further body has come for so long, so that those that arrive together share it. */
const GATHER_MS = 3
const MAX_GATHER_MS = 30
/** Packs on their way at once: bodies that come meanwhile wait for each other and share the next. */
const MAX_PACKS_AT_ONCE = 2
/** Packs that were read last are kept for the other bodies in them. */
const CACHED_BYTES = 32 * 2 ** 20
const LEASE_MS = 399 * 86_400_000

export interface BodiesComponents {
  readonly objects: Node['objects']
  readonly peerId: string
  readonly random: RandomSource
  readonly clock: Clock
}

interface Waiting {
  readonly sealed: Uint8Array
  readonly stored: (place: { cid: Uint8Array; start: number }) => void
  readonly failed: (error: unknown) => void
}

/**
 * Puts and reads bodies of one bucket. What was put and is not yet named by a record is `pinned`: the sweep of garbage leaves
 * the mesh object alone until `unpin`.
 */
export class Bodies {
  readonly #components: BodiesComponents
  /** By which the node's user sees the mesh objects in `thhe ls`. */
  readonly name: string
  readonly #waiting: Waiting[] = []
  readonly #pins = new Map<string, number>()
  /** By id, least recently used first. */
  readonly #cache = new Map<string, { readonly bytes: Promise<Uint8Array>; size: number }>()
  #packsUnderWay = 0
  #gathering = false

  constructor(components: BodiesComponents, name: string) {
    this.#components = components
    this.name = name
  }

  /**
   * Seals a stream into a mesh object of its own. What the stream throws at its end rejects, and nothing is kept.
   *
   * @throws HologramError as a put does
   */
  async put(
    source: AsyncIterable<Uint8Array>,
    sizeBytes: number | undefined,
    signal: AbortSignal
  ): Promise<Piece> {
    const { objects, peerId, random } = this.#components
    const key = generateKey(random)
    let bytes = 0
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const part of source) {
        bytes += part.byteLength
        yield part
      }
    }
    const { cid } = await objects.put(sealStream(key)(counted()), {
      name: this.name,
      sealed: true,
      leaseMs: LEASE_MS,
      oneShot: true,
      allowFewerShards: true,
      ...(sizeBytes !== undefined && { sizeHint: sealedStreamBytes(sizeBytes) }),
      signal
    })
    this.#pin(cid.bytes)
    return { cid: cid.bytes, key, start: 0, bytes, by: peerId, packed: false }
  }

  /** Stores a small body, in one mesh object with others that come at the same time. @throws HologramError as a put does */
  async putSmall(plain: Uint8Array): Promise<Piece> {
    const { peerId, random } = this.#components
    const key = generateKey(random)
    const sealed = await joined(sealStream(key)(once(plain)))
    const { promise, resolve, reject } = Promise.withResolvers<{ cid: Uint8Array; start: number }>()
    this.#waiting.push({ sealed, stored: resolve, failed: reject })
    this.#packNext()
    return { ...(await promise), key, bytes: plain.byteLength, by: peerId, packed: true }
  }

  /** The plaintext of `pieces`, one after another, from `start` to `end`. @throws HologramError, SealError */
  async *read(
    pieces: readonly Piece[],
    { start, end }: { start: number; end: number },
    signal: AbortSignal
  ): AsyncGenerator<Uint8Array> {
    let offset = 0
    for (const piece of pieces) {
      const from = Math.max(start, offset)
      const to = Math.min(end, offset + piece.bytes)
      if (from < to) yield* this.#readPiece(piece, from - offset, to - offset, signal)
      offset += piece.bytes
      if (offset >= end) return
    }
  }

  /** A record names the pieces now, or none ever will. */
  unpin(pieces: readonly Piece[]): void {
    for (const { cid } of pieces) {
      const id = idOf(cid)
      const left = (this.#pins.get(id) ?? 0) - 1
      if (left > 0) this.#pins.set(id, left)
      else this.#pins.delete(id)
    }
  }

  isPinned(cid: Uint8Array): boolean {
    return this.#pins.has(idOf(cid))
  }

  /** Frees a mesh object that this node has put. @throws HologramError */
  async remove(cid: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#components.objects.remove(CID.decode(cid), { signal })
  }

  async *#readPiece(
    piece: Piece,
    start: number,
    end: number,
    signal: AbortSignal
  ): AsyncGenerator<Uint8Array> {
    if (piece.packed) {
      const pack = await this.#pack(piece.cid, signal)
      const sealed = pack.subarray(piece.start, piece.start + sealedStreamBytes(piece.bytes))
      for await (const plain of unsealStream(piece.key)(once(sealed))) yield plain.subarray(start, end)
      return
    }
    const form = streamForm(piece.key)
    const range = form.range(start, end, sealedStreamBytes(piece.bytes))
    const object = await this.#components.objects.open(CID.decode(piece.cid), { signal })
    const sealed = object.read({ range: { start: piece.start + range.start, end: piece.start + range.end } })
    yield* form.unsealRange(range)(sealed)
  }

  /** All of a pack: those who read one small object mostly read its neighbours as well. */
  async #pack(cid: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const id = idOf(cid)
    const known = this.#cache.get(id)
    if (known !== undefined) {
      this.#cache.delete(id)
      this.#cache.set(id, known)
      return await known.bytes
    }
    const entry = { bytes: this.#fetchPack(cid, signal), size: 0 }
    this.#cache.set(id, entry)
    try {
      const bytes = await entry.bytes
      entry.size = bytes.byteLength
      this.#trimCache()
      return bytes
    } catch (error) {
      this.#cache.delete(id)
      throw error
    }
  }

  async #fetchPack(cid: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const object = await this.#components.objects.open(CID.decode(cid), { signal })
    if (object.manifest.size > MAX_PACK_BYTES + INLINE_BYTES)
      throw new Error('A pack is too large to be one.')
    return await joined(object.read())
  }

  #trimCache(): void {
    let bytes = 0
    for (const { size } of this.#cache.values()) bytes += size
    for (const [id, { size }] of this.#cache) {
      if (bytes <= CACHED_BYTES) return
      this.#cache.delete(id)
      bytes -= size
    }
  }

  #pin(cid: Uint8Array): void {
    const id = idOf(cid)
    this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1)
  }

  /** Puts what waits, once those that come at the same time are there. */
  #packNext(): void {
    if (this.#gathering || this.#waiting.length === 0 || this.#packsUnderWay >= MAX_PACKS_AT_ONCE) return
    this.#gathering = true
    void this.#gather().then(() => {
      this.#gathering = false
      const total = this.#waiting.reduce((sum, { sealed }) => sum + sealed.byteLength, 0)
      const most = total < MIN_CODED_BYTES ? INLINE_BYTES : MAX_PACK_BYTES
      while (this.#packsUnderWay < MAX_PACKS_AT_ONCE && this.#waiting.length > 0) {
        this.#packsUnderWay++
        void this.#putPack(this.#take(most)).finally(() => {
          this.#packsUnderWay--
          this.#packNext()
        })
      }
    })
  }

  async #gather(): Promise<void> {
    const { clock } = this.#components
    const untilMs = clock.monotonicMs() + MAX_GATHER_MS
    for (let seen = 0; seen < this.#waiting.length && clock.monotonicMs() < untilMs;) {
      seen = this.#waiting.length
      await clock.sleep(GATHER_MS)
    }
  }

  /** The first of those that wait, up to `most` bytes; one at least. */
  #take(most: number): Waiting[] {
    const pack: Waiting[] = []
    let bytes = 0
    while (this.#waiting.length > 0 && (bytes === 0 || bytes + this.#waiting[0].sealed.byteLength <= most)) {
      const next = this.#waiting.shift()!
      pack.push(next)
      bytes += next.sealed.byteLength
    }
    return pack
  }

  async #putPack(pack: readonly Waiting[]): Promise<void> {
    try {
      const { cid } = await this.#components.objects.put(each(pack.map(({ sealed }) => sealed)), {
        name: this.name,
        sealed: true,
        leaseMs: LEASE_MS,
        oneShot: true,
        allowFewerShards: true,
        sizeHint: pack.reduce((sum, { sealed }) => sum + sealed.byteLength, 0)
      })
      let start = 0
      for (const { sealed, stored } of pack) {
        this.#pin(cid.bytes)
        stored({ cid: cid.bytes, start })
        start += sealed.byteLength
      }
    } catch (error) {
      for (const { failed } of pack) failed(error)
    }
  }
}

/** Name of a mesh object as a part of keys in a table. */
export const idOf = (cid: Uint8Array): string => Buffer.from(cid).toString('base64url')

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* each(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

const joined = async (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}
