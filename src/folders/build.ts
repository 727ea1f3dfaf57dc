import { compareNames, MAX_DEPTH } from './names.ts'
import { FolderError } from './errors.ts'
import { encodeNode } from './node.ts'
import type { Branch, Entry, FileEntry, FolderEntry, FolderNode, SymlinkEntry } from './node.ts'
import type { Place } from './place.ts'

/** A folder whose files have their places already. */
export interface FolderSource {
  readonly entries: ReadonlyArray<FileEntry | SymlinkEntry>
  readonly folders: ReadonlyArray<
    Pick<FolderEntry, 'name' | 'mode' | 'mtimeMs'> & { readonly source: FolderSource }
  >
}

export interface BuiltFolder {
  /** The bytes of its topmost node. */
  readonly root: Uint8Array
  /** Of all files. */
  readonly bytes: number
  readonly files: number
  /** Nodes, the topmost one included. */
  readonly nodes: number
}

/** A folder while its nodes are made. */
interface Growing {
  readonly entries: Entry[]
  bytes: number
  readonly depth: number
  /** What stands for it in the folder above; undefined for the topmost one. */
  readonly above?: { readonly folder: Growing; readonly as: Pick<FolderEntry, 'name' | 'mode' | 'mtimeMs'> }
  nodes: FolderNode[]
}

const MAX_ENTRIES = 512
/** Aim of the size of a node: one request fetches it, and a listing of a large folder needs few. */
const NODE_BYTES = 49_152
/** Of an entry beside its name: its place, key, times and sizes. */
const ENTRY_BYTES = 96

/**
 * Makes the nodes of a folder from the deepest ones up. All nodes of one depth are handed over together, so that they can
 * share objects.
 *
 * @param put - stores nodes, and returns where each lies
 * @throws FolderError 'BAD_FOLDER' | 'FOLDER_TOO_LARGE'; what `put` throws
 */
export async function buildFolder(
  source: FolderSource,
  put: (nodes: readonly Uint8Array[]) => Promise<Place[]>
): Promise<BuiltFolder> {
  const levels = levelsOf(source)
  let nodes = 1
  let files = 0
  const store = async (all: readonly FolderNode[]): Promise<Place[]> => {
    nodes += all.length
    return await put(all.map(encodeNode))
  }
  for (const level of levels.reverse()) {
    for (const folder of level) {
      folder.entries.sort((a, b) => compareNames(a.name, b.name))
      files += folder.entries.filter(({ type }) => type === 'file').length
      folder.nodes = leavesOf(folder.entries)
    }
    await joinNodes(level, store)
    const below = level.filter((folder) => folder.above !== undefined)
    if (below.length === 0) continue
    const places = await store(below.map((folder) => folder.nodes[0]))
    below.forEach((folder, index) => enter(folder, places[index]))
  }
  const [[top]] = levels.slice(-1)
  return { root: encodeNode(top.nodes[0]), bytes: top.bytes, files, nodes }
}

/** All folders by their depth, the topmost one first. */
function levelsOf(source: FolderSource): Growing[][] {
  const levels: Growing[][] = [[growing(source, 0)]]
  let sources = [source]
  for (let depth = 1; ; depth++) {
    const next: Growing[] = []
    const nextSources: FolderSource[] = []
    sources.forEach((one, index) => {
      for (const { source: inner, ...as } of one.folders) {
        next.push(growing(inner, depth, { folder: levels[depth - 1][index], as }))
        nextSources.push(inner)
      }
    })
    if (next.length === 0) return levels
    if (depth > MAX_DEPTH) {
      throw new FolderError('FOLDER_TOO_LARGE', `There are more than ${MAX_DEPTH} folders within each other.`)
    }
    levels.push(next)
    sources = nextSources
  }
}

function growing({ entries }: FolderSource, depth: number, above?: Growing['above']): Growing {
  const bytes = entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.bytes : 0), 0)
  return { entries: [...entries], bytes, depth, above, nodes: [] }
}

/** Puts the folders of more than one node under branches until each has one node at its top. */
async function joinNodes(
  level: readonly Growing[],
  store: (nodes: readonly FolderNode[]) => Promise<Place[]>
): Promise<void> {
  for (;;) {
    const large = level.filter(({ nodes }) => nodes.length > 1)
    if (large.length === 0) return
    const places = await store(large.flatMap(({ nodes }) => nodes))
    let at = 0
    for (const folder of large) {
      const branches = folder.nodes.map((node) => ({ first: firstOf(node), place: places[at++] }))
      folder.nodes = groups(branches, ({ first }) => first).map((some) => ({
        kind: 'branches',
        branches: some
      }))
    }
  }
}

function enter({ above, bytes }: Growing, place: Place): void {
  const { folder, as } = above!
  folder.bytes += bytes
  folder.entries.push({ type: 'folder', ...as, bytes, place })
}

function leavesOf(entries: readonly Entry[]): FolderNode[] {
  if (entries.length === 0) return [{ kind: 'leaf', entries: [] }]
  const weigh = (entry: Entry): string => (entry.type === 'symlink' ? entry.name + entry.target : entry.name)
  return groups(entries, weigh).map((some) => ({ kind: 'leaf', entries: some }))
}

/** Runs of things that fit into one node each. The last one never stands alone under branches. */
function groups<T extends Entry | Branch>(all: readonly T[], textOf: (one: T) => string): T[][] {
  const runs: T[][] = [[]]
  let bytes = 0
  for (const one of all) {
    const size = ENTRY_BYTES + 3 * textOf(one).length
    const run = runs[runs.length - 1]
    if (run.length === MAX_ENTRIES || (run.length > 1 && bytes + size > NODE_BYTES)) {
      runs.push([])
      bytes = 0
    }
    runs[runs.length - 1].push(one)
    bytes += size
  }
  const last = runs[runs.length - 1]
  if (runs.length > 1 && last.length === 1) last.unshift(runs[runs.length - 2].pop()!)
  return runs
}

function firstOf(node: FolderNode): string {
  return node.kind === 'leaf' ? node.entries[0].name : node.branches[0].first
}
