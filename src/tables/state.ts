import type { Change, HeadValue, Root, Segment } from './codec.ts'
import { decodeChanges, decodeRoot } from './codec.ts'
import { Tree } from './tree.ts'

export interface LoadedSegment extends Segment {
  readonly changes: readonly Change[]
}

/** A table at one position: what its parts are, and what they amount to. */
export interface State {
  readonly rootReference: Uint8Array | undefined
  readonly root: Root
  /** The log objects after the root, with what is in them. */
  readonly segments: readonly LoadedSegment[]
  readonly tree: Tree
  /** Keys that changed since the pages were written. */
  readonly dirty: Set<string>
}

export const EMPTY_ROOT: Root = { position: 0, pagesAt: 0, pages: [], runs: [], batches: [] }

export const emptyState = (): State => ({
  rootReference: undefined,
  root: EMPTY_ROOT,
  segments: [],
  tree: new Tree(),
  dirty: new Set()
})

export const positionOf = ({ root, segments }: Pick<State, 'root' | 'segments'>): number =>
  root.position + segments.length

/** Whether a batch went into the state, as far as it is still told. */
export const hasBatch = ({ root, segments }: State, batch: Uint8Array): boolean =>
  segments.some((segment) => sameBytes(segment.batch, batch)) ||
  root.batches.some((one) => sameBytes(one, batch))

/** The state with one more batch. The tree is changed in place: the earlier state must not be used any more. */
export const extended = (state: State, segment: LoadedSegment): State => {
  state.tree.apply(segment.changes)
  for (const [key] of segment.changes) state.dirty.add(key)
  return { ...state, segments: [...state.segments, segment] }
}

/** Reads an object of the store and opens it. */
export type Fetch = (reference: Uint8Array) => Promise<Uint8Array>

interface LoadComponents {
  readonly fetch: Fetch
  /** Lets other work have its turn. */
  readonly turn: () => Promise<void>
}

const FETCHES_AT_ONCE = 8

/**
 * The state that a head names. States follow one another in one line, so that only what `known` lacks is fetched.
 *
 * @throws TableError 'DAMAGED'; what `fetch` throws
 */
export const loadState = async (
  { root: named, segments }: Pick<HeadValue, 'root' | 'segments'>,
  known: State,
  { fetch, turn }: LoadComponents
): Promise<State> => {
  const isSameRoot =
    named === undefined
      ? known.rootReference === undefined
      : known.rootReference !== undefined && sameBytes(known.rootReference, named.reference)
  const root =
    named === undefined ? EMPTY_ROOT : isSameRoot ? known.root : decodeRoot(await fetch(named.reference))
  const at = positionOf(known)
  const isAhead = at > root.position + segments.length
  // From nothing, or from further back than the runs lead, the pages have to be read.
  const isFresh = at < root.pagesAt || isAhead
  const tree = isFresh ? new Tree() : known.tree.copy()
  const dirty = new Set(isFresh || root.pagesAt !== known.root.pagesAt ? [] : known.dirty)
  const apply = async (references: readonly Uint8Array[], isDirty: boolean): Promise<Change[][]> => {
    const all: Change[][] = []
    for await (const bytes of inOrder(references, fetch)) {
      const changes = decodeChanges(bytes)
      tree.apply(changes)
      if (isDirty) {
        for (const [key] of changes) dirty.add(key)
        all.push(changes)
      }
      await turn()
    }
    return all
  }
  if (isFresh)
    await apply(
      root.pages.map(({ reference }) => reference),
      false
    )
  const isKnown = isSameRoot && !isFresh
  const isNewCheckpoint = isFresh || root.pagesAt !== known.root.pagesAt
  // Keys of all runs have changed since the pages were written, also of those whose changes are known here.
  const runs = isKnown ? [] : root.runs.filter(({ to }) => isNewCheckpoint || to > at)
  await apply(
    runs.map(({ reference }) => reference),
    true
  )
  // Runs may have undone what came after them: then all log objects are applied again.
  const before = isKnown ? known.segments : []
  const after = segments.slice(before.length)
  const changes = await apply(
    after.map(({ reference }) => reference),
    true
  )
  const loaded = after.map((segment, index) => ({ ...segment, changes: changes[index] }))
  return { rootReference: named?.reference, root, segments: [...before, ...loaded], tree, dirty }
}

/** Fetches some at once, and gives them out in order. */
async function* inOrder(references: readonly Uint8Array[], fetch: Fetch): AsyncGenerator<Uint8Array> {
  const under: Array<Promise<Uint8Array>> = []
  let next = 0
  try {
    while (under.length > 0 || next < references.length) {
      while (under.length < FETCHES_AT_ONCE && next < references.length) {
        const fetching = fetch(references[next++])
        // It is awaited in its turn; until then a failure is nobody's.
        fetching.catch(() => {})
        under.push(fetching)
      }
      yield await under.shift()!
    }
  } finally {
    await Promise.allSettled(under)
  }
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
