// The bytes of a folder's nodes (docs/reference/protocols.md, "Folders").
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { equals } from 'uint8arrays/equals'
import { shapeFault } from '../../protocols/cbor-shape.ts'
import { FolderError } from './errors.ts'
import { compareNames, nameFault } from './names.ts'
import type { Place, Slice } from './place.ts'

interface Common {
  readonly name: string
  /** Milliseconds since 1970; negative before. */
  readonly mtimeMs: number
}

export interface FileEntry extends Common {
  readonly type: 'file'
  /** Permission bits, 0 to 0o777. */
  readonly mode: number
  readonly bytes: number
  readonly place: Place
}

export interface FolderEntry extends Common {
  readonly type: 'folder'
  readonly mode: number
  /** Of all files below. */
  readonly bytes: number
  readonly place: Place
}

export interface SymlinkEntry extends Common {
  readonly type: 'symlink'
  /** As it stood on the disk; never followed here. */
  readonly target: string
}

export type Entry = FileEntry | FolderEntry | SymlinkEntry

/** A node under another one of the same folder. */
export interface Branch {
  /** Its first name. */
  readonly first: string
  readonly place: Place
}

/** A folder is one node of entries, or a tree of nodes with the entries in its leaves. Both lists are in order of names. */
export type FolderNode =
  | { readonly kind: 'leaf'; readonly entries: readonly Entry[] }
  | { readonly kind: 'branches'; readonly branches: readonly Branch[] }

/** Longest node that is read. */
export const MAX_NODE_BYTES = 262_144
/** Longest file that is read out of a pack: read and opened as a whole. */
export const MAX_ITEM_BYTES = 16_777_216
/** As far as dates of ECMAScript go. */
const MAX_TIME_MS = 8.64e15
/** Longest text of a symbolic link, in bytes: PATH_MAX of Linux. */
const MAX_TARGET_BYTES = 4096
const MAX_ITEMS = 16_384
const MAX_MODE = 0o777

const MAGIC = new TextEncoder().encode('thhe/folder/1\n')
const [LEAF, BRANCHES] = [0, 1]
const [FILE, FOLDER, SYMLINK] = [0, 1, 2]

/** Whether bytes begin as a node does. */
export const startsAsNode = (bytes: Uint8Array): boolean =>
  bytes.byteLength >= MAGIC.byteLength && MAGIC.every((byte, index) => bytes[index] === byte)

/** The canonical bytes of a node. @throws FolderError 'BAD_FOLDER' for names out of order and the like */
export function encodeNode(node: FolderNode): Uint8Array {
  const cids = new CidTable()
  const items =
    node.kind === 'leaf'
      ? node.entries.map((entry) => packEntry(entry, cids))
      : node.branches.map(({ first, place }) => [first, ...packPlace(place, cids)])
  const kind = node.kind === 'leaf' ? LEAF : BRANCHES
  checkNode(node)
  const body = dagCbor.encode([kind, cids.list, items])
  const bytes = new Uint8Array(MAGIC.byteLength + body.byteLength)
  bytes.set(MAGIC)
  bytes.set(body, MAGIC.byteLength)
  return bytes
}

/** @throws FolderError 'BAD_FOLDER' for anything but what `encodeNode` writes */
export function decodeNode(bytes: Uint8Array): FolderNode {
  if (bytes.byteLength > MAX_NODE_BYTES) throw bad(`a node has more than ${MAX_NODE_BYTES} bytes`)
  if (!startsAsNode(bytes)) throw bad('this is no node of a folder')
  const body = bytes.subarray(MAGIC.byteLength)
  const fault = shapeFault(body, { maxItems: MAX_ITEMS, maxDepth: 4 })
  if (fault !== undefined) throw bad(`a node ${fault}`)
  const [kind, cidList, itemList] = list(decoded(body), 3)
  const cids = list(cidList).map(cidOf)
  const items = list(itemList)
  const node: FolderNode =
    kind === LEAF
      ? { kind: 'leaf', entries: items.map((item) => unpackEntry(item, cids)) }
      : kind === BRANCHES
        ? { kind: 'branches', branches: items.map((item) => unpackBranch(item, cids)) }
        : fail('a node is of an unknown kind')
  checkNode(node)
  if (!equals(encodeNode(node), bytes)) throw bad('a node is not in its canonical form')
  return node
}

/** The object ids that a node names, each once: many files lie in one pack. */
class CidTable {
  readonly list: CID[] = []
  readonly #index = new Map<string, number>()

  indexOf(cid: CID): number {
    const text = cid.toString()
    const known = this.#index.get(text)
    if (known !== undefined) return known
    this.list.push(cid)
    this.#index.set(text, this.list.length - 1)
    return this.list.length - 1
  }
}

type Packed = readonly unknown[]

const packPlace = ({ cid, slice, key }: Place, cids: CidTable): Packed => [
  cids.indexOf(cid),
  slice === undefined ? null : [slice.start, slice.plainBytes],
  key ?? null
]

function packEntry(entry: Entry, cids: CidTable): Packed {
  const { name, mtimeMs } = entry
  if (entry.type === 'symlink') return [SYMLINK, name, mtimeMs, entry.target]
  const type = entry.type === 'file' ? FILE : FOLDER
  return [type, name, mtimeMs, entry.mode, entry.bytes, ...packPlace(entry.place, cids)]
}

function unpackPlace([index, slice, key]: Packed, cids: readonly CID[]): Place {
  const cid = cids[whole(index, 'a place')] ?? fail('a place names no object')
  if (key !== null && !(key instanceof Uint8Array && key.byteLength === 32))
    throw bad('a key is not 32 bytes')
  return { cid, ...(slice !== null && { slice: unpackSlice(slice) }), ...(key !== null && { key }) }
}

function unpackSlice(value: unknown): Slice {
  const [start, plainBytes] = list(value, 2)
  return { start: whole(start, 'a slice'), plainBytes: whole(plainBytes, 'a slice') }
}

function unpackEntry(value: unknown, cids: readonly CID[]): Entry {
  const [type, name, mtimeMs, ...rest] = list(value)
  const common = { name: text(name), mtimeMs: integer(mtimeMs) }
  if (type === SYMLINK && rest.length === 1) return { type: 'symlink', ...common, target: text(rest[0]) }
  if ((type !== FILE && type !== FOLDER) || rest.length !== 5) throw bad('an entry is of an unknown kind')
  const [mode, bytes, ...place] = rest
  return {
    type: type === FILE ? 'file' : 'folder',
    ...common,
    mode: whole(mode, 'a mode'),
    bytes: whole(bytes, 'a size'),
    place: unpackPlace(place, cids)
  }
}

function unpackBranch(value: unknown, cids: readonly CID[]): Branch {
  const [first, ...place] = list(value, 4)
  return { first: text(first), place: unpackPlace(place, cids) }
}

function checkNode(node: FolderNode): void {
  const names =
    node.kind === 'leaf' ? node.entries.map(({ name }) => name) : node.branches.map(({ first }) => first)
  for (const name of names) {
    const fault = nameFault(name)
    if (fault !== undefined) throw bad(`a name ${fault}`)
  }
  for (let i = 1; i < names.length; i++) {
    if (compareNames(names[i - 1], names[i]) >= 0) throw bad('names are not in order')
  }
  if (node.kind === 'branches') {
    if (node.branches.length < 2) throw bad('a node has fewer than two branches')
    for (const { place } of node.branches) checkNodePlace(place)
    return
  }
  node.entries.forEach(checkEntry)
}

function checkEntry(entry: Entry): void {
  if (Math.abs(entry.mtimeMs) > MAX_TIME_MS) throw bad('a time is out of range')
  if (entry.type === 'symlink') return checkTarget(entry.target)
  if (entry.mode > MAX_MODE) throw bad('a mode has more than permission bits')
  const { slice } = entry.place
  if (entry.type === 'folder') return checkNodePlace(entry.place)
  if (slice !== undefined && (slice.plainBytes !== entry.bytes || slice.plainBytes > MAX_ITEM_BYTES)) {
    throw bad('a place has another length than its file')
  }
}

function checkNodePlace({ slice }: Place): void {
  if (slice !== undefined && slice.plainBytes > MAX_NODE_BYTES)
    throw bad(`a node has more than ${MAX_NODE_BYTES} bytes`)
}

function checkTarget(target: string): void {
  const isSound = target !== '' && target.isWellFormed() && !target.includes('\0')
  if (!isSound || new TextEncoder().encode(target).byteLength > MAX_TARGET_BYTES) {
    throw bad('a symbolic link leads nowhere')
  }
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return dagCbor.decode(bytes)
  } catch {
    throw bad('a node is not dag-cbor')
  }
}

function list(value: unknown, length?: number): unknown[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    throw bad('a node has another shape')
  }
  return value
}

function cidOf(value: unknown): CID {
  return CID.asCID(value) ?? fail('a place is no object id')
}

function whole(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(`${what} is no whole number`)
  return value as number
}

function integer(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw bad('a time is no whole number')
  return value as number
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw bad('a name is no text')
  return value
}

function fail(what: string): never {
  throw bad(what)
}

function bad(what: string): FolderError {
  return new FolderError('BAD_FOLDER', `This folder cannot be read: ${what}.`)
}
