import { createHash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { HologramError } from '../../errors.ts'
import { Layout } from '../../records/layout.ts'
import type { Segment } from '../../records/layout.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { GetOptions, OpenObject } from '../../objects.ts'
import type { ClientContext } from '../context.ts'
import { locateManifest } from '../find/locate-manifest.ts'
import type { ManifestAnswer } from '../find/locate-manifest.ts'
import { shapeOf } from '../../records/shape.ts'
import { readSegments } from './read-segments.ts'
import type { ReadableObject } from './read-segments.ts'
import { ShardMap } from '../find/shard-map.ts'

export interface LayeredGetOptions extends GetOptions {
  /** Layers to read, by index, ascending; the range then counts in the whole object all the same. @default all */
  readonly layers?: readonly number[]
}

/** An object whose layers can be read apart. */
export interface LayeredObject extends OpenObject {
  /** @throws HologramError 'BAD_RANGE' */
  read: (options?: Omit<LayeredGetOptions, 'signal'>) => AsyncIterable<Uint8Array>
}

/** An object whose manifest has been found, and whose bytes can be read any number of times. */
export class OpenedObject implements LayeredObject {
  readonly cid: CID
  readonly manifest: Manifest
  readonly #context: ClientContext
  readonly #answer: ManifestAnswer
  readonly #layout: Layout
  readonly #signal: AbortSignal

  constructor(context: ClientContext, cid: CID, answer: ManifestAnswer, signal: AbortSignal) {
    this.cid = cid
    this.manifest = answer.manifest
    this.#context = context
    this.#answer = answer
    this.#layout = new Layout(answer.manifest)
    this.#signal = signal
  }

  read({ range, layers }: Omit<LayeredGetOptions, 'signal'> = {}): AsyncIterable<Uint8Array> {
    const { manifest } = this
    const wanted = range ?? { start: 0, end: manifest.size }
    const segments = this.#layout.segmentsOf(wanted.start, wanted.end)
    const chosen = segmentsBetween(this.#layout, segments, layers)
    if (manifest.inline !== undefined) return inlineBytes(manifest.inline, chosen, wanted)
    const isWhole = layers === undefined && wanted.start === 0 && wanted.end === manifest.size
    const bytes = this.#bytesOf(chosen, wanted, isWhole)
    return isWhole ? verified(bytes, manifest) : bytes
  }

  async *#bytesOf(
    segments: Iterable<Segment>,
    wanted: { start: number; end: number },
    isWhole: boolean
  ): AsyncGenerator<Uint8Array> {
    const { locations, object } = this.#source()
    let proofs: readonly Uint8Array[] | undefined
    const source = readSegments(this.#context, object, locations, segments, this.#signal)
    for await (const { segment, rows, isProved } of source) {
      if (!isProved && !isWhole) {
        proofs ??= await this.#proveSegments()
        if (Buffer.compare(hashOf(segment, rows), proofs[segment.index]) !== 0) throw notThatOfManifest()
      }
      yield* within(segment, rows, wanted)
    }
  }

  #source(): { locations: ShardMap; object: ReadableObject } {
    const { cid, manifest } = this
    const { readable: known } = shapeOf(manifest, this.#answer.leases)
    const locations = new ShardMap(this.#context, cid, { ...this.#answer, manifest: known })
    const readable = (): Manifest => shapeOf(manifest, locations.leases).readable
    return { locations, object: { cid, manifest, readable, layout: this.#layout } }
  }

  /**
   * SHA-256 of each segment, of an object that as a whole has the digest of its manifest. A part that was read from shards with
   * no root in the manifest can only be trusted by reading all: lessees may lie.
   */
  async #proveSegments(): Promise<Uint8Array[]> {
    const { manifest } = this
    const { locations, object } = this.#source()
    const hash = createHash('sha256')
    const proofs: Uint8Array[] = []
    const all = segmentsBetween(this.#layout, { first: 0, end: this.#layout.segments }, undefined)
    for await (const { segment, rows } of readSegments(this.#context, object, locations, all, this.#signal)) {
      for (const piece of within(segment, rows, { start: 0, end: manifest.size })) hash.update(piece)
      proofs.push(hashOf(segment, rows))
    }
    if (Buffer.compare(hash.digest(), manifest.digest) !== 0) throw notThatOfManifest()
    return proofs
  }
}

/** Finds an object: the one look-up for all that is read of it. @throws HologramError 'NOT_FOUND' */
export async function openObject(
  context: ClientContext,
  cid: CID,
  signal: AbortSignal
): Promise<OpenedObject> {
  return new OpenedObject(context, cid, await locateManifest(context, cid, signal), signal)
}

function* segmentsBetween(
  layout: Layout,
  { first, end }: { first: number; end: number },
  layers: readonly number[] | undefined
): Generator<Segment> {
  for (let index = first; index < end; index++) {
    const segment = layout.segment(index)
    if (layers === undefined || layers.includes(segment.layer)) yield segment
  }
}

/** The bytes of a segment that lie within the range, without the padding. */
function* within(
  { offset, length, blockBytes }: Segment,
  rows: readonly Uint8Array[],
  { start, end }: { start: number; end: number }
): Generator<Uint8Array> {
  const from = Math.max(0, start - offset)
  const to = Math.min(length, end - offset)
  for (let row = Math.floor(from / blockBytes); row * blockBytes < to; row++) {
    const base = row * blockBytes
    yield rows[row].subarray(Math.max(0, from - base), Math.min(blockBytes, to - base))
  }
}

/**
 * Passes on the bytes of a whole object. Holds the last piece back until the digest of all bytes is right, so that a reader
 * that gets to the end has what was put. Each block has been proved before; the digest catches a writer whose shards do not
 * agree.
 */
async function* verified(
  source: AsyncIterable<Uint8Array>,
  { digest }: Manifest
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let last: Uint8Array | undefined
  for await (const piece of source) {
    hash.update(piece)
    if (last !== undefined) yield last
    last = piece
  }
  if (Buffer.compare(hash.digest(), digest) !== 0) {
    throw notThatOfManifest()
  }
  if (last !== undefined) yield last
}

const notThatOfManifest = (): HologramError =>
  new HologramError('CORRUPT', 'the object does not have the digest of its manifest', { what: 'object' })

function hashOf({ length, blockBytes }: Segment, rows: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  rows.forEach((row, i) =>
    hash.update(row.subarray(0, Math.max(0, Math.min(blockBytes, length - i * blockBytes))))
  )
  return hash.digest()
}

async function* inlineBytes(
  bytes: Uint8Array,
  segments: Iterable<Segment>,
  { start, end }: { start: number; end: number }
): AsyncGenerator<Uint8Array> {
  for (const { offset, length } of segments) {
    yield bytes.subarray(Math.max(start, offset), Math.min(end, offset + length))
  }
}
