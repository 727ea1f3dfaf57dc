import { FolderError } from './errors.ts'
import { compareNames } from './names.ts'
import { decodeNode } from './node.ts'
import type { Branch, Entry, FolderNode } from './node.ts'
import type { Place } from './place.ts'

/** Nodes under each other within one folder: far more than a folder of any size needs. */
const MAX_BRANCH_DEPTH = 8

/** Reads folders, one node at a time. */
export class FolderReader {
  readonly #fetch: (place: Place) => Promise<Uint8Array>

  /** @param fetch - the plaintext of a node, of at most `MAX_NODE_BYTES` bytes; throws otherwise */
  constructor(fetch: (place: Place) => Promise<Uint8Array>) {
    this.#fetch = fetch
  }

  /** What is in a folder, in order of names. @throws FolderError 'BAD_FOLDER'; what `fetch` throws */
  async *entries(place: Place): AsyncGenerator<Entry> {
    let last: string | undefined
    for await (const entry of this.#under(place, undefined, 0)) {
      if (last !== undefined && compareNames(last, entry.name) >= 0) throw outOfOrder()
      last = entry.name
      yield entry
    }
  }

  /**
   * What a path leads to, from the folder at `place` on. Symbolic links are not followed.
   *
   * @param names - at least one
   * @throws FolderError 'NOT_IN_FOLDER' | 'NOT_A_FOLDER' | 'BAD_FOLDER'; what `fetch` throws
   */
  async find(place: Place, names: readonly string[]): Promise<Entry> {
    let folder = place
    for (let depth = 0; ; depth++) {
      const entry = await this.#findIn(folder, names[depth])
      const path = names.slice(0, depth + 1).join('/')
      if (entry === undefined)
        throw new FolderError('NOT_IN_FOLDER', `There is no ${path} in the folder.`, { path })
      if (depth === names.length - 1) return entry
      if (entry.type !== 'folder') {
        throw new FolderError('NOT_A_FOLDER', `${path} is no folder, so nothing is in it.`, { path })
      }
      folder = entry.place
    }
  }

  async *#under(place: Place, first: string | undefined, depth: number): AsyncGenerator<Entry> {
    const node = await this.#node(place, depth)
    checkFirst(node, first)
    if (node.kind === 'leaf') yield* node.entries
    else for (const branch of node.branches) yield* this.#under(branch.place, branch.first, depth + 1)
  }

  async #findIn(place: Place, name: string): Promise<Entry | undefined> {
    let node = await this.#node(place, 0)
    for (let depth = 1; node.kind === 'branches'; depth++) {
      const branch = branchOf(node.branches, name)
      if (branch === undefined) return undefined
      node = await this.#node(branch.place, depth)
      checkFirst(node, branch.first)
    }
    return node.entries.find((entry) => entry.name === name)
  }

  async #node(place: Place, depth: number): Promise<FolderNode> {
    if (depth > MAX_BRANCH_DEPTH)
      throw new FolderError('BAD_FOLDER', 'This folder has too many levels of nodes.')
    return decodeNode(await this.#fetch(place))
  }
}

/** The branch that a name is under: the last one that begins at or before it. */
function branchOf(branches: readonly Branch[], name: string): Branch | undefined {
  let found: Branch | undefined
  for (const branch of branches) {
    if (compareNames(branch.first, name) > 0) return found
    found = branch
  }
  return found
}

function checkFirst(node: FolderNode, first: string | undefined): void {
  if (first === undefined) return
  const actual = node.kind === 'leaf' ? node.entries.at(0)?.name : node.branches[0].first
  if (actual !== first) throw outOfOrder()
}

function outOfOrder(): FolderError {
  return new FolderError('BAD_FOLDER', 'This folder cannot be read: its nodes are not in order.')
}
