import type { Change, Page, Root, Run } from './codec.ts'
import { encodeChanges, encodeRoot, MAX_NAMED_BATCHES } from './codec.ts'
import { positionOf, type State } from './state.ts'
import { compareKeys } from './tree.ts'

export interface MergeComponents {
  /** Seals and stores one object. */
  readonly put: (plain: Uint8Array) => Promise<Uint8Array>
  /** Lets other work have its turn. */
  readonly turn: () => Promise<void>
}

export interface MergeSettings {
  readonly checkpointShare: number
  readonly pageBytes: number
}

/** Runs are read whole: with more of them than this, the pages are written anew. */
const MAX_RUNS = 64
/** Runs below this size in all are not worth writing pages for. */
const MIN_CHECKPOINT_BYTES = 2 ** 20
const PUTS_AT_ONCE = 4

/** A root for the position of `state`, and where it was put. */
export interface Merged {
  readonly root: Root
  readonly reference: Uint8Array
}

/**
 * Puts a root that stands for all of `state`: its log objects become one more run, or, when the runs have grown, pages.
 *
 * @param state - nobody changes it meanwhile: a copy
 */
export const mergeState = async (
  state: State,
  settings: MergeSettings,
  { put, turn }: MergeComponents
): Promise<Merged> => {
  const { root, segments } = state
  const position = positionOf(state)
  const batches = [...root.batches, ...segments.map(({ batch }) => batch)].slice(-MAX_NAMED_BATCHES)
  const run = encodeChanges(new Map(segments.flatMap(({ changes }) => changes)))
  const runBytes = root.runs.reduce((sum, { bytes }) => sum + bytes, run.byteLength)
  const pageBytes = root.pages.reduce((sum, { bytes }) => sum + bytes, 0)
  const isCheckpoint =
    root.runs.length >= MAX_RUNS ||
    runBytes > Math.max(MIN_CHECKPOINT_BYTES, pageBytes * settings.checkpointShare)
  const next: Root = isCheckpoint
    ? {
        position,
        pagesAt: position,
        pages: await writePages(state, settings, { put, turn }),
        runs: [],
        batches
      }
    : {
        position,
        pagesAt: root.pagesAt,
        pages: root.pages,
        runs: [...root.runs, await putRun(run, root.position, position, put)],
        batches
      }
  return { root: next, reference: await put(encodeRoot(next)) }
}

const putRun = async (
  run: Uint8Array,
  from: number,
  to: number,
  put: MergeComponents['put']
): Promise<Run> => ({ reference: await put(run), from, to, bytes: run.byteLength })

/** Pages in which no key has changed are kept as they are. */
const writePages = async (
  { root, tree, dirty }: State,
  { pageBytes }: MergeSettings,
  { put, turn }: MergeComponents
): Promise<Page[]> => {
  const changed = [...dirty].sort(compareKeys)
  const pages: Page[] = []
  const puts = new Set<Promise<void>>()
  const write = async (entries: readonly Change[]): Promise<void> => {
    const plain = encodeChanges(entries)
    const at = pages.push({ first: entries[0][0], reference: new Uint8Array(0), bytes: plain.byteLength }) - 1
    while (puts.size >= PUTS_AT_ONCE) await Promise.race(puts)
    const putting = put(plain).then((reference) => {
      pages[at] = { ...pages[at], reference }
    })
    putting.catch(() => {})
    const done = putting.finally(() => puts.delete(done))
    done.catch(() => {})
    puts.add(done)
    await turn()
  }
  let entries: Change[] = []
  let bytes = 0
  let nextChanged = 0
  const starts =
    root.pages.length === 0 ? [''] : root.pages.map(({ first }, index) => (index === 0 ? '' : first))
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1]
    const from = nextChanged
    while (nextChanged < changed.length && (end === undefined || compareKeys(changed[nextChanged], end) < 0))
      nextChanged++
    const isChanged = nextChanged > from || root.pages.length === 0
    // A page that became small takes in the next one.
    if (!isChanged && entries.length === 0) {
      pages.push(root.pages[index])
      continue
    }
    for (const entry of tree.range({ atLeast: start })) {
      if (end !== undefined && compareKeys(entry[0], end) >= 0) break
      entries.push(entry)
      bytes += entry[0].length + entry[1].byteLength
      if (bytes < pageBytes) continue
      await write(entries)
      entries = []
      bytes = 0
    }
    if (bytes < pageBytes / 2 && end !== undefined) continue
    if (entries.length > 0) await write(entries)
    entries = []
    bytes = 0
  }
  if (entries.length > 0) await write(entries)
  await Promise.all(puts)
  return pages
}
