// The parts of a table as dag-cbor (docs/reference/protocols.md, "Tables"). Every decode is bounded, and refuses what no
// encoder here writes.
import * as dagCbor from '@ipld/dag-cbor'
import { shapeFault } from '../../protocols/cbor-shape.ts'
import { TableError } from './errors.ts'

/** Names an object of the store. */
export type Reference = Uint8Array
export type Change = readonly [key: string, value: Uint8Array | undefined]

/** What a head says: who wrote last, and where the state is. */
export interface HeadValue {
  /** A claim repeats the state before it; a write adds a batch, or merges. */
  readonly kind: 'claim' | 'write'
  /** 16 random bytes for each object of `SharedTable`. */
  readonly writer: Uint8Array
  /** Most keepers that a writer has met: as long as half of them are out of sight, nothing can be decided. */
  readonly keepers: number
  /** Undefined until there is one: the table begins with its log objects. */
  readonly root: { readonly reference: Reference; readonly position: number } | undefined
  /** Log objects after the root, each with one batch. */
  readonly segments: readonly Segment[]
}

export interface Segment {
  readonly reference: Reference
  /** Distinguishes the batch from all others. */
  readonly batch: Uint8Array
}

/** A state at a position: the number of batches since the table began. */
export interface Root {
  readonly position: number
  /** Position of the pages; the runs after it lead to the position of the root. */
  readonly pagesAt: number
  readonly pages: readonly Page[]
  readonly runs: readonly Run[]
  /** Batches that went into the newest runs: a writer may still have to find out that its own is among them. */
  readonly batches: readonly Uint8Array[]
}

export interface Page {
  /** Keys from this one on, up to the next page's. */
  readonly first: string
  readonly reference: Reference
  readonly bytes: number
}

/** The merged changes of the batches from one position to another. */
export interface Run {
  readonly reference: Reference
  readonly from: number
  readonly to: number
  readonly bytes: number
}

/** Longest object of a table that is read. */
export const MAX_PART_BYTES = 24 * 2 ** 20
/** Longest value of one key. */
export const MAX_TABLE_VALUE_BYTES = 4 * 2 ** 20
export const MAX_TABLE_KEY_BYTES = 2048
/** A binary CID has 36 bytes. */
export const MAX_REFERENCE_BYTES = 40
/** As many as a head's value carries. */
export const MAX_SEGMENTS = 32
/** Batches that are named in a root. */
export const MAX_NAMED_BATCHES = 1024
const MAX_ITEMS = 4_000_000
const ID_BYTES = 16
const [CLAIM, WRITE] = [0, 1]

export const encodeHead = ({ kind, writer, keepers, root, segments }: HeadValue): Uint8Array =>
  dagCbor.encode([
    kind === 'claim' ? CLAIM : WRITE,
    writer,
    keepers,
    root === undefined ? null : [root.reference, root.position],
    // Side by side: a list for each would not fit.
    segments.flatMap(({ reference, batch }) => [reference, batch])
  ])

/** @throws TableError 'DAMAGED' */
export const decodeHead = (bytes: Uint8Array): HeadValue => {
  const [kind, writer, keepers, root, flat] = list(decoded(bytes), 5)
  if (kind !== CLAIM && kind !== WRITE) throw damaged()
  const parts = list(flat)
  if (parts.length % 2 !== 0 || parts.length / 2 > MAX_SEGMENTS) throw damaged()
  const segments = Array.from({ length: parts.length / 2 }, (_, index) => ({
    reference: referenceOf(parts[2 * index]),
    batch: idOf(parts[2 * index + 1])
  }))
  return {
    kind: kind === CLAIM ? 'claim' : 'write',
    writer: idOf(writer),
    keepers: whole(keepers),
    root: root === null ? undefined : rootReference(root),
    segments
  }
}

const rootReference = (value: unknown): { reference: Reference; position: number } => {
  const [reference, position] = list(value, 2)
  return { reference: referenceOf(reference), position: whole(position) }
}

/** The bytes of a log object, a run or a page. */
export const encodeChanges = (changes: Iterable<Change>): Uint8Array =>
  dagCbor.encode([...changes].flatMap(([key, value]) => [key, value ?? null]))

/** @throws TableError 'DAMAGED' */
export const decodeChanges = (bytes: Uint8Array): Change[] => {
  const flat = list(decoded(bytes))
  if (flat.length % 2 !== 0) throw damaged()
  return Array.from({ length: flat.length / 2 }, (_, index) => {
    const [key, value] = [flat[2 * index], flat[2 * index + 1]]
    if (typeof key !== 'string' || !(value === null || value instanceof Uint8Array)) throw damaged()
    return [key, value ?? undefined] as const
  })
}

export const encodeRoot = ({ position, pagesAt, pages, runs, batches }: Root): Uint8Array =>
  dagCbor.encode([
    position,
    pagesAt,
    pages.map(({ first, reference, bytes }) => [first, reference, bytes]),
    runs.map(({ reference, from, to, bytes }) => [reference, from, to, bytes]),
    batches
  ])

/** @throws TableError 'DAMAGED' */
export const decodeRoot = (bytes: Uint8Array): Root => {
  const [position, pagesAt, pages, runs, batches] = list(decoded(bytes), 5)
  const root: Root = {
    position: whole(position),
    pagesAt: whole(pagesAt),
    pages: list(pages).map((page) => {
      const [first, reference, length] = list(page, 3)
      if (typeof first !== 'string') throw damaged()
      return { first, reference: referenceOf(reference), bytes: whole(length) }
    }),
    runs: list(runs).map((run) => {
      const [reference, from, to, length] = list(run, 4)
      return { reference: referenceOf(reference), from: whole(from), to: whole(to), bytes: whole(length) }
    }),
    batches: list(batches).map(idOf)
  }
  let at = root.pagesAt
  for (const { from, to } of root.runs) {
    if (from !== at || to <= from) throw damaged()
    at = to
  }
  if (at !== root.position || root.batches.length > MAX_NAMED_BATCHES) throw damaged()
  return root
}

const decoded = (bytes: Uint8Array): unknown => {
  if (
    bytes.byteLength > MAX_PART_BYTES ||
    shapeFault(bytes, { maxItems: MAX_ITEMS, maxDepth: 4 }) !== undefined
  ) {
    throw damaged()
  }
  try {
    return dagCbor.decode(bytes)
  } catch (cause) {
    throw new TableError('DAMAGED', 'A part of the table cannot be decoded.', { cause })
  }
}

const damaged = (): TableError =>
  new TableError(
    'DAMAGED',
    'A part of the table does not have its form: it is damaged, or of a newer version.'
  )

const list = (value: unknown, length?: number): unknown[] => {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) throw damaged()
  return value
}

const whole = (value: unknown): number => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw damaged()
  return value as number
}

const referenceOf = (value: unknown): Reference => {
  if (value instanceof Uint8Array && value.byteLength <= MAX_REFERENCE_BYTES) return value
  throw damaged()
}

const idOf = (value: unknown): Uint8Array => {
  if (value instanceof Uint8Array && value.byteLength === ID_BYTES) return value
  throw damaged()
}
