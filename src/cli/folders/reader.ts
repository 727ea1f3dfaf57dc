import {
  FolderReader,
  MAX_ITEM_BYTES,
  MAX_NODE_BYTES,
  openItem,
  parsePlace,
  storedBytes
} from '../../folders/index.ts'
import type { Entry, FolderLink, Place } from '../../folders/index.ts'
import type { NodeClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { followName } from '../names/follow.ts'
import { download } from '../objects/download.ts'
import { keyFor, openObject } from '../objects/get.ts'
import type { OpenObject } from '../objects/get.ts'
import { resolveRange } from '../objects/range.ts'
import type { AskedRange } from '../objects/range.ts'

/** What a link leads to, once the path in it has been followed. */
export type Found =
  | { readonly type: 'folder'; readonly place: Place; readonly name: string | undefined }
  /** `bytes` is undefined when only the object itself knows. */
  | {
      readonly type: 'file'
      readonly place: Place
      readonly name: string | undefined
      readonly bytes?: number
    }
  | Extract<Entry, { type: 'symlink' }>

/** @param onNode - told of the place of every node that is read */
export const folderReader = (client: NodeClient, onNode: (place: Place) => void = () => {}): FolderReader =>
  new FolderReader(async (place) => {
    onNode(place)
    return await nodeBytes(client, place)
  })

/** Reads a link for the network of the node, and follows the link of a name. @throws SealError, FolderError; see `followName` */
export const readFolderLink = async (client: NodeClient, text: string): Promise<FolderLink> => {
  const network = await client.network()
  return parsePlace(Buffer.from(network.id, 'hex'), await followName(client, text))
}

/** @throws SealError; FolderError 'BAD_LINK' | 'NOT_IN_FOLDER' | 'NOT_A_FOLDER' | 'BAD_FOLDER' */
export const findPlace = async (client: NodeClient, text: string): Promise<Found> => {
  const { place, isFolder, path } = await readFolderLink(client, text)
  if (path.length === 0) return { type: isFolder ? 'folder' : 'file', place, name: undefined }
  return await folderReader(client).find(place, path)
}

/** Starts to read a file, be it an object of its own or packed with others. */
export const openPlace = async (
  client: NodeClient,
  place: Place,
  asked?: AskedRange
): Promise<OpenObject> => {
  const { cid, key, slice } = place
  if (slice === undefined) return await openObject(client, { cid, key }, asked)
  const whole = await itemBytes(client, place)
  const { start, end } =
    asked === undefined ? { start: 0, end: whole.length } : resolveRange(asked, whole.length)
  const bytes = whole.subarray(start, end)
  return {
    cid: cid.toString(),
    name: undefined,
    start,
    length: bytes.byteLength,
    bytes: (async function* () {
      if (bytes.byteLength > 0) yield bytes
    })(),
    close: () => {}
  }
}

const itemBytes = async (
  client: NodeClient,
  { cid, key, slice }: Required<Place> | Place
): Promise<Uint8Array> => {
  const { start, plainBytes } = slice!
  if (plainBytes > MAX_ITEM_BYTES) throw tooLong()
  const length = storedBytes(plainBytes, key !== undefined)
  if (length === 0) return new Uint8Array(0)
  const stored = await download(client, cid.toString(), { start, end: start + length })
  try {
    keyFor(cid.toString(), stored.sealed, key)
    const bytes = await openItem(await joined(stored.bytes, length), key)
    if (bytes.byteLength !== plainBytes) throw tooLong()
    return bytes
  } finally {
    stored.close()
  }
}

const nodeBytes = async (client: NodeClient, place: Place): Promise<Uint8Array> => {
  if (place.slice !== undefined) {
    if (place.slice.plainBytes > MAX_NODE_BYTES) throw tooLong()
    return await itemBytes(client, place)
  }
  const object = await openObject(client, place)
  try {
    if (object.length > MAX_NODE_BYTES) {
      throw new CliError(
        'NOT_A_FOLDER',
        `${object.cid} is a file, not a folder.`,
        'Fetch it with `thhe get`.'
      )
    }
    return await joined(object.bytes, object.length)
  } finally {
    object.close()
  }
}

const joined = async (source: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length)
  let at = 0
  for await (const part of source) {
    if (at + part.byteLength > length) throw tooLong()
    bytes.set(part, at)
    at += part.byteLength
  }
  if (at < length) throw tooLong()
  return bytes
}

const tooLong = (): CliError =>
  new CliError('BAD_FOLDER', 'This folder cannot be read: a place in it has another length than it says.')
