// The bytes of objects and parts, sealed, in the mesh.
import { CID } from 'multiformats/cid'
import type { RandomSource } from '../clock/index.ts'
import { generateKey, sealedStreamBytes, sealStream, streamForm } from '../seal/index.ts'
import type { Node } from '../node/index.ts'
import type { Piece } from './records.ts'

/** Bodies up to this size are packed: several of them go into one mesh object. */
export const MAX_PACKED_BYTES = 65_536
const MAX_PACK_BYTES = 2 ** 20
/** Packs on their way at once: bodies that come meanwhile wait for each other and share the next. */
const MAX_PACKS_AT_ONCE = 4
const LEASE_MS = 399 * 86_400_000

export interface BodiesComponents {
  readonly objects: Node['objects']
  readonly peerId: string
  readonly random: RandomSource
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
  #packsUnderWay = 0

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
    const form = streamForm(piece.key)
    const range = form.range(start, end, sealedStreamBytes(piece.bytes))
    const object = await this.#components.objects.open(CID.decode(piece.cid), { signal })
    const sealed = object.read({ range: { start: piece.start + range.start, end: piece.start + range.end } })
    yield* form.unsealRange(range)(sealed)
  }

  #pin(cid: Uint8Array): void {
    const id = idOf(cid)
    this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1)
  }

  #packNext(): void {
    while (this.#packsUnderWay < MAX_PACKS_AT_ONCE && this.#waiting.length > 0) {
      const pack: Waiting[] = []
      let bytes = 0
      while (
        this.#waiting.length > 0 &&
        (bytes === 0 || bytes + this.#waiting[0].sealed.byteLength <= MAX_PACK_BYTES)
      ) {
        const next = this.#waiting.shift()!
        pack.push(next)
        bytes += next.sealed.byteLength
      }
      this.#packsUnderWay++
      void this.#putPack(pack).finally(() => {
        this.#packsUnderWay--
        this.#packNext()
      })
    }
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
