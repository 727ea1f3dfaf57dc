import type { Entry, FileEntry, FolderEntry, Place, SymlinkEntry } from '../../folders/index.ts'
import type { NodeClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { atOnce } from './at-once.ts'
import { folderReader } from './reader.ts'

/** An entry with its path within the folder that is walked. */
export type Walked<T extends Entry = Entry> = T & { readonly inside: string }

export interface WalkedFolder {
  readonly files: ReadonlyArray<Walked<FileEntry>>
  /** The outer ones before those in them. */
  readonly folders: ReadonlyArray<Walked<FolderEntry>>
  readonly symlinks: ReadonlyArray<Walked<SymlinkEntry>>
  readonly bytes: number
  /** Ids of all objects that its files and nodes lie in. */
  readonly objects: ReadonlySet<string>
}

const NODES_AT_ONCE = 8
/** A few small nodes can name each other so often that they make a folder of any size. */
const MAX_ENTRIES = 2_000_000

/** All that is in a folder, level by level. @throws FolderError 'BAD_FOLDER'; CliError 'FOLDER_TOO_LARGE' */
export const walkFolder = async (
  client: NodeClient,
  place: Place,
  signal: AbortSignal
): Promise<WalkedFolder> => {
  const files: Array<Walked<FileEntry>> = []
  const folders: Array<Walked<FolderEntry>> = []
  const symlinks: Array<Walked<SymlinkEntry>> = []
  let bytes = 0
  let level: Array<{ readonly place: Place; readonly inside: string }> = [{ place, inside: '' }]
  const objects = new Set<string>()
  const reader = folderReader(client, ({ cid }) => objects.add(cid.toString()))
  let found = 0
  while (level.length > 0) {
    const next: Array<Walked<FolderEntry>> = []
    await atOnce(NODES_AT_ONCE, level, async (folder) => {
      for await (const entry of reader.entries(folder.place)) {
        signal.throwIfAborted()
        if (++found > MAX_ENTRIES) throw tooLarge()
        const inside = folder.inside === '' ? entry.name : `${folder.inside}/${entry.name}`
        if (entry.type === 'symlink') symlinks.push({ ...entry, inside })
        else if (entry.type === 'folder') next.push({ ...entry, inside })
        else {
          files.push({ ...entry, inside })
          objects.add(entry.place.cid.toString())
          bytes += entry.bytes
        }
      }
    })
    folders.push(...next)
    level = next
  }
  return { files, folders, symlinks, bytes, objects }
}

const tooLarge = (): CliError =>
  new CliError(
    'FOLDER_TOO_LARGE',
    `The folder has more than ${MAX_ENTRIES} entries.`,
    'Fetch its folders one by one: `thhe ls LINK` shows them.'
  )
