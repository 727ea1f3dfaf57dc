import { MAX_BLOCK_BYTES, MAX_MANIFEST_BYTES, MAX_SHARDS } from '../../../protocols/limits.ts'
import { createHash } from 'node:crypto'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { objectCid } from './cid.ts'
import { HologramError } from '../errors.ts'
import { shapeFault } from '../../../protocols/cbor-shape.ts'
import {
  BLOCK_ALIGNMENT_BYTES,
  inlineLimit,
  Layout,
  MAX_CODED_SEGMENT_BYTES,
  MAX_SMALL_SEGMENTS,
  MIN_BLOCK_BYTES
} from './layout.ts'
import { placementSeed } from './seed.ts'

/** Items of the encoding: 13 fields, 256 roots, 64 layers of two fields, and keys. */
const SHAPE_LIMITS = { maxItems: 1024, maxDepth: 3 }
/** Scales of a tensor. */
export const MAX_LAYERS = 64

/** How the rows of a segment are made: docs/reference/protocols.md, "Code". */
export const CODES = ['rs8', 'rs8p'] as const
export type CodeName = (typeof CODES)[number]

/** One scale of a tensor, or the whole of a blob. */
export interface Layer {
  /** Blocks of a segment, i.e. shards needed to read the layer. */
  readonly k: number
  /** Stored bytes of the layer. */
  readonly length: number
}

/** What an object is and how its bytes lie on n shards; dag-cbor encoded, its CID is the object's id. */
export interface Manifest {
  /** Format version. */
  readonly version: 1
  readonly kind: 'blob' | 'tensor'
  /** Stored bytes: the sum of the layers' lengths. */
  readonly size: number
  /** Sealed by the client (docs/reference/protocols.md, "Sealing"); the key is in the link. */
  readonly sealed: boolean
  /** Code family, `encoder` id. */
  readonly code: CodeName
  readonly n: number
  /** Bytes of a full block. */
  readonly blockBytes: number
  readonly layers: readonly Layer[]
  /** RFC 9162 Merkle root of each shard, 32 bytes each; empty for an inline object. */
  readonly roots: readonly Uint8Array[]
  /** 32 bytes from which the shards' homes are computed. */
  readonly seed: Uint8Array
  /** SHA-256 of the stored bytes. */
  readonly digest: Uint8Array
  /** The bytes themselves, of an object of at most 64 KiB (and of at most one block). */
  readonly inline?: Uint8Array
  /** Set for tensors: element type, shape, per-layer transform parameters; dag-cbor, opaque here. */
  readonly tensor?: Uint8Array
}

const REQUIRED_FIELDS = [
  'version',
  'kind',
  'size',
  'sealed',
  'code',
  'n',
  'blockBytes',
  'layers',
  'roots',
  'seed',
  'digest'
]
const OPTIONAL_FIELDS = ['inline', 'tensor']

/**
 * The canonical dag-cbor bytes of a manifest.
 *
 * @throws HologramError 'BAD_MANIFEST' when `decodeManifest` would refuse them
 */
export function encodeManifest(manifest: Manifest): Uint8Array {
  checkManifest(manifest)
  const bytes = dagCbor.encode(withoutUndefined(manifest))
  checkSize(bytes)
  return bytes
}

/**
 * Reads a manifest that a peer sent. What it returns keeps every rule of docs/reference/protocols.md, "Manifest": all fields and
 * no others, each within its bounds and in agreement with the rest, in the one canonical encoding.
 *
 * @throws HologramError 'BAD_MANIFEST' naming the first field that is wrong
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  checkSize(bytes)
  const fault = shapeFault(bytes, SHAPE_LIMITS)
  if (fault !== undefined) throw bad('manifest', fault)
  const manifest: unknown = decodeCbor(bytes)
  checkManifest(manifest)
  if (Buffer.compare(dagCbor.encode(manifest), bytes) !== 0)
    throw bad('manifest', 'is not canonical dag-cbor')
  return manifest
}

/**
 * Reads a manifest from this node's own disk: `decodeManifest` took it before it was stored, and the index checks what it
 * reads. So its encoding is not made again, and the bytes of a small object are not hashed again.
 *
 * @throws HologramError 'BAD_MANIFEST' when it is no manifest after all
 */
export function decodeStoredManifest(bytes: Uint8Array): Manifest {
  checkSize(bytes)
  const manifest: unknown = decodeCbor(bytes)
  checkUnhashed(manifest)
  return manifest
}

/** CIDv1 (dag-cbor, sha2-256) of encoded manifest bytes: the object's id. */
export function manifestCid(bytes: Uint8Array): CID {
  return objectCid(createHash('sha256').update(bytes).digest())
}

/** Shards needed to read the whole object: the largest k of its layers. */
export function neededShards(manifest: Pick<Manifest, 'layers'>): number {
  return manifest.layers.reduce((largest, { k }) => Math.max(largest, k), 0)
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw bad('manifest', `is ${bytes.byteLength} bytes long; at most ${MAX_MANIFEST_BYTES} are allowed`)
  }
}

function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return dagCbor.decode(bytes)
  } catch (cause) {
    throw bad('manifest', 'is not dag-cbor', cause)
  }
}

function withoutUndefined(manifest: Manifest): Record<string, unknown> {
  return Object.fromEntries(Object.entries(manifest).filter(([, value]) => value !== undefined))
}

function checkManifest(value: unknown): asserts value is Manifest {
  checkUnhashed(value)
  checkInline(value)
}

/** All that can be said without hashing the object's bytes. */
function checkUnhashed(value: unknown): asserts value is Manifest {
  if (!isRecord(value)) throw bad('manifest', 'is not a map')
  checkFields(value)
  const manifest = value as unknown as Manifest
  checkScalars(manifest)
  checkLayers(manifest)
  checkContent(manifest)
}

function checkFields(value: Record<string, unknown>): void {
  for (const field of REQUIRED_FIELDS) if (value[field] === undefined) throw bad(field, 'is missing')
  for (const field of Object.keys(value)) {
    if (!REQUIRED_FIELDS.includes(field) && !OPTIONAL_FIELDS.includes(field)) throw bad(field, 'is unknown')
  }
}

function checkScalars(manifest: Manifest): void {
  const { version, kind, size, sealed, code, n, blockBytes, seed, digest, tensor } = manifest
  if (version !== 1) throw bad('version', `is ${String(version)}; this software reads 1`)
  if (kind !== 'blob' && kind !== 'tensor') throw bad('kind', 'is neither blob nor tensor')
  if (!isCount(size, 0, Number.MAX_SAFE_INTEGER)) throw bad('size', 'is not a number of bytes')
  if (typeof sealed !== 'boolean') throw bad('sealed', 'is not a boolean')
  if (!CODES.includes(code)) throw bad('code', `${String(code)} is not known to this software`)
  if (!isCount(n, 1, MAX_SHARDS)) throw bad('n', `is not within 1 to ${MAX_SHARDS}`)
  if (
    !isCount(blockBytes, BLOCK_ALIGNMENT_BYTES, MAX_BLOCK_BYTES) ||
    blockBytes % BLOCK_ALIGNMENT_BYTES !== 0
  ) {
    throw bad('blockBytes', `is not a multiple of ${BLOCK_ALIGNMENT_BYTES} up to ${MAX_BLOCK_BYTES}`)
  }
  if (n * blockBytes > MAX_CODED_SEGMENT_BYTES) {
    throw bad('blockBytes', `times n is more than ${MAX_CODED_SEGMENT_BYTES} bytes`)
  }
  if (!isBytes(seed, 32)) throw bad('seed', 'is not 32 bytes')
  if (!isBytes(digest, 32)) throw bad('digest', 'is not 32 bytes')
  if (tensor !== undefined && !isBytes(tensor)) throw bad('tensor', 'is not bytes')
  if ((kind === 'tensor') !== (tensor !== undefined)) throw bad('tensor', 'contradicts the kind')
}

function checkLayers({ kind, layers, n, size }: Manifest): void {
  if (!Array.isArray(layers) || !isCount(layers.length, 1, MAX_LAYERS)) {
    throw bad('layers', `is not a list of 1 to ${MAX_LAYERS}`)
  }
  if (kind === 'blob' && layers.length !== 1) throw bad('layers', 'are several, but a blob has one')
  let sum = 0
  let largestK = 1
  for (const layer of layers as unknown[]) {
    if (!isRecord(layer) || Object.keys(layer).length !== 2)
      throw bad('layers', 'hold other than k and length')
    const { k, length } = layer
    if (!isCount(k, 1, n)) throw bad('layers', 'hold a k that is not within 1 to n')
    if (k < largestK) throw bad('layers', 'do not have ascending k')
    if (!isCount(length, size === 0 ? 0 : 1, size)) throw bad('layers', 'hold a length that cannot be')
    largestK = k
    sum += length
  }
  if (sum !== size) throw bad('size', `is ${size}, but the layers hold ${sum} bytes`)
}

function checkContent({ code, n, size, blockBytes, layers, roots, inline }: Manifest): void {
  if (!Array.isArray(roots) || !roots.every((root) => isBytes(root, 32))) {
    throw bad('roots', 'is not a list of 32-byte hashes')
  }
  if (size > inlineLimit(blockBytes)) {
    const { segments } = new Layout({ blockBytes, layers })
    if (segments > MAX_SMALL_SEGMENTS && blockBytes < MIN_BLOCK_BYTES) {
      throw bad('blockBytes', `is less than ${MIN_BLOCK_BYTES}, but there are ${segments} segments`)
    }
    if (inline !== undefined) throw bad('inline', 'is there although the object is too large for that')
    if (roots.length !== n) throw bad('roots', `are ${roots.length}, but n is ${n}`)
    return
  }
  if (!isBytes(inline, size)) throw bad('inline', `is not the ${size} bytes of the object`)
  if (roots.length !== 0) throw bad('roots', 'are given for an inline object')
  if (code !== 'rs8') throw bad('code', 'of an inline object is other than rs8')
  if (layers.some(({ k }) => k !== 1)) throw bad('layers', 'of an inline object have a k other than 1')
}

function checkInline({ seed, digest, inline }: Manifest): void {
  if (inline === undefined) return
  if (Buffer.compare(sha256(inline), digest) !== 0) throw bad('digest', 'is not that of the inline bytes')
  if (Buffer.compare(placementSeed(inline), seed) !== 0) throw bad('seed', 'is not that of the inline bytes')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function isCount(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
}

function isBytes(value: unknown, length?: number): value is Uint8Array {
  return value instanceof Uint8Array && (length === undefined || value.byteLength === length)
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

function bad(field: string, why: string, cause?: unknown): HologramError<'BAD_MANIFEST'> {
  return new HologramError('BAD_MANIFEST', `bad manifest: ${field} ${why}`, { field }, { cause })
}
