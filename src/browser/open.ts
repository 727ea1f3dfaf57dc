import type { CID } from 'multiformats/cid'
import {
  FolderReader,
  MAX_ITEM_BYTES,
  MAX_NODE_BYTES,
  openItem,
  parsePlace,
  storedBytes
} from '../folders/index.ts'
import type { Entry, Place } from '../folders/index.ts'
import type { StatusJson } from '../gateway/types.ts'
import { HEADER_BYTES, sealedForm } from '../seal/index.ts'
import { BrowserError } from './errors.ts'
import type { Gateway } from './gateway.ts'
import { needCryptography } from './put.ts'
import { collected, fetchStored } from './stored.ts'
import type { ByteRange } from './stored.ts'

export interface OpenOptions {
  readonly signal?: AbortSignal
}

/** A file that can be read. Nothing is fetched beyond what is asked for. */
export interface OpenFile {
  readonly type: 'file'
  /** Of the object that it lies in. */
  readonly cid: string
  /** Sealed with it, or as it stands in its folder; undefined when it has none. */
  readonly name: string | undefined
  /** Of a sealed file its last chunk has been opened: the size is known. Of others it is the word of the node. */
  readonly sizeBytes: number
  readonly isSealed: boolean
  /** Throws at the first byte that is not the file's; never ends early in silence. @param range - half-open. @default all */
  read: (range?: ByteRange, signal?: AbortSignal) => AsyncGenerator<Uint8Array>
}

export interface OpenFolder {
  readonly type: 'folder'
  readonly name: string | undefined
  /** In order of names. */
  entries: () => AsyncGenerator<Entry>
}

export interface OpenSymlink {
  readonly type: 'symlink'
  readonly name: string
  /** As it was stored; it is never followed. */
  readonly target: string
}

/** Links of names say k51…: to follow one takes signatures, which this package leaves to the command line. */
const NAME_LINK = /^(?:thhe:[0-9a-f]{8}\/)?k[0-9a-z]{50,70}(?:[/#]|$)/

/**
 * Finds what a link leads to, with a path in it if it has one, and checks that its key opens it.
 *
 * @throws BrowserError 'NOT_SEALED' | 'BAD_KEY' | 'IS_TENSOR' | 'NAME_LINK' | 'NO_CRYPTO', and with the node's own code; SealError
 *   'BAD_LINK' | 'WRONG_NETWORK' | 'BAD_KEY' | 'WRONG_KEY' | 'CORRUPT' | 'TRUNCATED'; FolderError
 */
export const openLink = async (
  gateway: Gateway,
  link: string,
  { signal }: OpenOptions = {}
): Promise<OpenFile | OpenFolder | OpenSymlink> => {
  if (NAME_LINK.test(link.trim())) {
    throw new BrowserError({
      code: 'NAME_LINK',
      message: 'This link is a name, which leads to the newest of several links.',
      hint: 'Run `thhe name resolve` with it, and open the link that it prints.'
    })
  }
  const { network } = await gateway.json<StatusJson>('GET', '/v1/status', { signal })
  const { place, isFolder, path } = parsePlace(fromHex(network.id), link)
  if (path.length === 0) {
    return isFolder
      ? openFolder(gateway, place, undefined, signal)
      : await openFile(gateway, place, undefined, signal)
  }
  const entry = await folderReader(gateway, signal).find(place, path)
  if (entry.type === 'symlink') return { type: 'symlink', name: entry.name, target: entry.target }
  return entry.type === 'folder'
    ? openFolder(gateway, entry.place, entry.name, signal)
    : await openFile(gateway, entry.place, entry.name, signal)
}

/** The link to something in the folder that a link leads to. */
export const linkInto = (link: string, name: string): string => {
  const base = link.trim()
  const hash = base.indexOf('#')
  const folder = base.replace(/\/$/, '')
  return hash < 0 ? `${folder}/${encodeURIComponent(name)}` : `${folder}/${name}`
}

const openFolder = (
  gateway: Gateway,
  place: Place,
  name: string | undefined,
  signal: AbortSignal | undefined
): OpenFolder => ({
  type: 'folder',
  name,
  entries: () => folderReader(gateway, signal).entries(place)
})

const openFile = async (
  gateway: Gateway,
  place: Place,
  name: string | undefined,
  signal: AbortSignal | undefined
): Promise<OpenFile> => {
  const { cid, key, slice } = place
  if (slice === undefined) {
    const object = await openObject(gateway, cid, key, signal)
    return { ...object, name: name ?? object.name }
  }
  const bytes = await itemBytes(gateway, place, signal)
  return {
    ...{ type: 'file', cid: cid.toString(), name, isSealed: key !== undefined },
    sizeBytes: bytes.byteLength,
    read: async function* ({ start, end } = { start: 0, end: bytes.byteLength }) {
      if (end > start) yield bytes.subarray(start, end)
    }
  }
}

/** What the node says of an object counts for nothing until its key has opened it. */
const openObject = async (
  gateway: Gateway,
  cid: CID,
  key: Uint8Array | undefined,
  signal: AbortSignal | undefined
): Promise<OpenFile> => {
  const id = cid.toString()
  const head = await fetchStored(gateway, id, { start: 0, end: HEADER_BYTES }, signal)
  const common = { type: 'file', cid: id } as const
  try {
    if (head.isSealed && head.kind === 'tensor') {
      throw new BrowserError({
        code: 'IS_TENSOR',
        message: 'This is a tensor, whose layers are sealed one by one.',
        hint: 'Fetch it with `thhe tensor get`.'
      })
    }
    checkKey(head.isSealed, key)
    const stored = async function* (range: ByteRange, reading = signal): AsyncGenerator<Uint8Array> {
      if (range.end > range.start) yield* (await fetchStored(gateway, id, range, reading)).bytes
    }
    const { objectBytes } = head
    if (key === undefined) {
      const read: OpenFile['read'] = (range = { start: 0, end: objectBytes }, reading) =>
        stored(range, reading)
      return { ...common, name: undefined, sizeBytes: objectBytes, isSealed: false, read }
    }
    needCryptography()
    const form = await sealedForm(key, await collected(head.bytes, HEADER_BYTES))
    const sizeBytes = form.plainBytes(objectBytes)
    const read: OpenFile['read'] = (range = { start: 0, end: sizeBytes }, reading) => {
      const sealed = form.range(range.start, range.end, objectBytes)
      return form.unsealRange(sealed)(stored(sealed, reading))
    }
    // The end of a sealed object says that it is the end: the size is right when it opens where it should be.
    await read({ start: sizeBytes, end: sizeBytes }).next()
    return { ...common, name: form.name, sizeBytes, isSealed: true, read }
  } finally {
    head.close()
  }
}

/**
 * A link with a key promises a sealed object: bytes that open under no key could come from anybody.
 *
 * @throws BrowserError 'BAD_KEY' | 'NOT_SEALED'
 */
const checkKey = (isSealed: boolean, key: Uint8Array | undefined): void => {
  if (isSealed && key === undefined) {
    throw new BrowserError({
      code: 'BAD_KEY',
      message: 'This is sealed, and the link has no key.',
      hint: 'Use the whole link, with what stands behind its last #.',
      data: { reason: 'missing' }
    })
  }
  if (!isSealed && key !== undefined) {
    throw new BrowserError({
      code: 'NOT_SEALED',
      message:
        'The link has a key, but what the node has is said to be unsealed: these are not the bytes that the link was made for.',
      hint: 'Ask for the link again, or try another node.'
    })
  }
}

const folderReader = (gateway: Gateway, signal: AbortSignal | undefined): FolderReader =>
  new FolderReader(async (place) => {
    if (place.slice !== undefined) {
      if (place.slice.plainBytes > MAX_NODE_BYTES) throw otherLength()
      return await itemBytes(gateway, place, signal)
    }
    const object = await openObject(gateway, place.cid, place.key, signal)
    if (object.sizeBytes > MAX_NODE_BYTES) {
      throw new BrowserError({
        code: 'NOT_A_FOLDER',
        message: 'This is a file, not a folder.',
        hint: 'Take the slash out of the link.'
      })
    }
    return await collected(object.read(), object.sizeBytes)
  })

/** Something small that shares an object with others: read and opened as a whole. */
const itemBytes = async (
  gateway: Gateway,
  { cid, key, slice }: Place,
  signal: AbortSignal | undefined
): Promise<Uint8Array> => {
  const { start, plainBytes } = slice!
  if (plainBytes > MAX_ITEM_BYTES) throw otherLength()
  const length = storedBytes(plainBytes, key !== undefined)
  if (length === 0) return new Uint8Array(0)
  const stored = await fetchStored(gateway, cid.toString(), { start, end: start + length }, signal)
  try {
    checkKey(stored.isSealed, key)
    if (key !== undefined) needCryptography()
    const bytes = await openItem(await collected(stored.bytes, length), key)
    if (bytes.byteLength !== plainBytes) throw otherLength()
    return bytes
  } finally {
    stored.close()
  }
}

const otherLength = (): BrowserError =>
  new BrowserError({
    code: 'BAD_FOLDER',
    message: 'This folder cannot be read: a place in it has another length than it says.',
    hint: 'Ask for the link again.'
  })

const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
