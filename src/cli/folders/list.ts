import { formatPlace } from '../../folders/index.ts'
import type { Entry } from '../../folders/index.ts'
import type { NodeClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { formatBytes } from '../format.ts'
import { renderTable } from '../table.ts'
import { findPlace, folderReader } from './reader.ts'

/** One line of a listing. */
export interface EntryJson {
  readonly type: Entry['type']
  readonly name: string
  /** ISO 8601. */
  readonly changed: string
  /** Permissions in octal digits; absent for symbolic links. */
  readonly mode?: string
  /** Of a file, or of all files in a folder. */
  readonly bytes?: number
  /** What a symbolic link leads to. */
  readonly target?: string
  /** Opens this alone, not the folder around it. */
  readonly link?: string
}

/** @throws what finding and reading a folder throw */
export const folderEntries = async (client: NodeClient, text: string): Promise<EntryJson[]> => {
  const found = await findPlace(client, text)
  if (found.type === 'symlink') {
    throw new CliError(
      'IS_SYMLINK',
      `${found.name} is a symbolic link to ${found.target}.`,
      'List that folder.'
    )
  }
  const network = Buffer.from((await client.network()).id, 'hex')
  const entries: EntryJson[] = []
  for await (const entry of folderReader(client).entries(found.place)) entries.push(jsonOf(network, entry))
  return entries
}

const jsonOf = (network: Uint8Array, entry: Entry): EntryJson => {
  const { type, name, mtimeMs } = entry
  const common = { type, name, changed: new Date(mtimeMs).toISOString() }
  if (entry.type === 'symlink') return { ...common, target: entry.target }
  const { mode, bytes, place } = entry
  const link = formatPlace(network, place, entry.type === 'folder')
  return { ...common, mode: mode.toString(8).padStart(3, '0'), bytes, link }
}

/** @param withLinks - links in place of times: a link and more do not fit on a line */
export const folderText = (entries: readonly EntryJson[], withLinks: boolean): string =>
  renderTable(entries, [
    {
      head: 'SIZE',
      align: 'right',
      cell: ({ bytes }) => (bytes === undefined ? '-' : formatBytes(bytes))
    },
    withLinks
      ? { head: 'LINK', cell: ({ link }) => link ?? '-' }
      : { head: 'CHANGED', cell: ({ changed }) => changed.slice(0, 16).replace('T', ' ') },
    { head: 'NAME', cell: (entry) => shownName(entry) }
  ])

const shownName = ({ type, name, target }: EntryJson): string => {
  if (type === 'folder') return `${name}/`
  return type === 'symlink' ? `${name} -> ${target}` : name
}
