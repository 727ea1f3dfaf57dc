import { MAX_ADDED_SHARDS, MAX_SHARDS } from '../../../protocols/limits.ts'
import { equals } from 'uint8arrays/equals'
import { MAX_CODED_SEGMENT_BYTES } from './layout.ts'
import { neededShards } from './manifest.ts'
import type { Manifest } from './manifest.ts'

// How many shards an object has now. Its manifest never changes, since its hash is the object's id; what lessees ask for
// stands in their leases. Pure.

/** The number of shards that one lessee asks for. */
export interface LeasedShape {
  readonly n: number
  /** Merkle roots of the rows from the manifest's n on, when there are to be more than it has. */
  readonly roots: readonly Uint8Array[]
}

export interface ShapedLease {
  readonly shape?: LeasedShape
}

export interface ObjectShape {
  /** The manifest with as many shards as the lessees ask for together, and their roots. */
  readonly manifest: Manifest
  /** As `manifest`, but never with fewer shards than were put: what may be read. */
  readonly readable: Manifest
  /** Rows from this one on are wanted by no lessee. */
  readonly wanted: number
}

/**
 * What the live leases make of an object: each lessee asks for a number of shards, or for as many as the manifest has, and the
 * largest number counts. So no lessee can take shards from another. Rows of which two lessees state different roots cannot be
 * told apart: they are neither rebuilt nor read, and their holders keep them. A lease that asks for what cannot be asks for
 * the manifest's number.
 *
 * @param leases - live ones
 */
export function shapeOf(manifest: Manifest, leases: Iterable<ShapedLease>): ObjectShape {
  const shapes = [...leases].map(({ shape }) => validShape(manifest, shape))
  if (shapes.every(({ n }) => n === manifest.n)) {
    return { manifest, readable: manifest, wanted: manifest.n }
  }
  const wanted = Math.max(...shapes.map(({ n }) => n))
  const added = agreedRoots(shapes.map(({ roots }) => roots))
  const n = Math.min(wanted, manifest.n + added.length)
  const withRows = (rows: number): Manifest => ({
    ...manifest,
    n: rows,
    roots: [...manifest.roots, ...added].slice(0, rows)
  })
  return { manifest: withRows(n), readable: withRows(Math.max(n, manifest.n)), wanted }
}

/** The manifest with the shards that one lessee asks for. */
export function shapedBy(manifest: Manifest, shape: LeasedShape | undefined): Manifest {
  return shapeOf(manifest, [{ shape }]).manifest
}

/** Most shards that an object can be given. */
export function maxShardsOf({ n, blockBytes }: Pick<Manifest, 'n' | 'blockBytes'>): number {
  return Math.min(MAX_SHARDS, n + MAX_ADDED_SHARDS, Math.floor(MAX_CODED_SEGMENT_BYTES / blockBytes))
}

function validShape(manifest: Manifest, shape: LeasedShape | undefined): LeasedShape {
  const asPut = { n: manifest.n, roots: [] }
  if (shape === undefined || manifest.inline !== undefined) return asPut
  const { n, roots } = shape
  if (n < neededShards(manifest) || n > maxShardsOf(manifest)) return asPut
  return roots.length === Math.max(0, n - manifest.n) ? shape : asPut
}

/** The longest list, up to the first row in which another one differs. */
function agreedRoots(lists: ReadonlyArray<readonly Uint8Array[]>): readonly Uint8Array[] {
  const longest = lists.reduce((longer, list) => (list.length > longer.length ? list : longer), [])
  const disputed = longest.findIndex((root, row) =>
    lists.some((list) => row < list.length && !equals(list[row], root))
  )
  return disputed < 0 ? longest : longest.slice(0, disputed)
}
