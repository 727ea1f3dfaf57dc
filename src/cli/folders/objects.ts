import type { NodeClient } from '../client.ts'
import { readFolderLink } from './reader.ts'
import { walkFolder } from './walk.ts'

/** Ids of the objects that a folder lies in. */
export interface FolderObjects {
  /** Of its topmost node. */
  readonly root: string
  /** All of them. */
  readonly objects: ReadonlySet<string>
}

/** @param text - link to the whole folder @throws what reading a folder throws */
export const folderObjects = async (
  client: NodeClient,
  text: string,
  signal: AbortSignal
): Promise<FolderObjects> => {
  const { place } = await readFolderLink(client, text)
  const { objects } = await walkFolder(client, place, signal)
  return { root: place.cid.toString(), objects }
}
