import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import { unescapeDash } from '../dash.ts'
import type { OwnedObjectJson } from '../../gateway/index.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { usageError } from '../errors.ts'
import { linkText } from '../link-input.ts'
import type { Globals } from '../globals.ts'
import { count, formatAge, formatBytes, shortId } from '../format.ts'
import { FULL_OPTION } from '../globals.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark, renderTable, widthOf } from '../output.ts'

/** Begins the names of what an S3 service keeps. */
const OF_S3 = 's3:'

interface LsOptions extends EndpointOptions {
  readonly filter?: string
  readonly check: boolean
  readonly full: boolean
  readonly links: boolean
  readonly linkFile?: string
}

const listFolder = async (io: Io, flags: LsOptions & Globals): Promise<void> => {
  const { folderEntries, folderText } = await import('../folders/list.ts')
  const text = await linkText({ link: flags.filter, linkFile: flags.linkFile }, io)
  const client = await connect(flags, io)
  const entries = await folderEntries(client, text)
  if (flags.json) return await printJson(io, entries)
  if (entries.length > 0) await printLine(io, folderText(entries, flags.links))
  else if (!flags.quiet) remark(io, 'The folder is empty.')
}

export const lsCommand = (io: Io): CommandModule =>
  defineCommand<LsOptions>({
    command: 'ls [filter]',
    describe: 'List the objects that were put through this node, or what is in a folder',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('filter', {
          type: 'string',
          describe:
            'Part of a name, or of an id; * stands for anything. Or a link to a folder, with /PATH behind it',
          coerce: unescapeDash
        })
        .options({
          check: {
            type: 'boolean',
            default: false,
            describe: 'Ask the holders of every object now whether they have their shards'
          },
          'link-file': {
            type: 'string',
            requiresArg: true,
            coerce: unescapeDash,
            describe: 'File with the link to a folder: other users see arguments, and the key in them'
          },
          links: {
            type: 'boolean',
            default: false,
            describe: 'Of what is in a folder: a link to each, which opens that alone'
          },
          ...FULL_OPTION
        })
        .example('thhe ls "*.jpg" -l', 'Lists pictures, with their whole ids')
        .example('thhe ls LINK/holiday', 'Lists what is in a folder of a folder'),
    handler: async (flags) => {
      if (
        flags.linkFile !== undefined ||
        flags.filter === '-' ||
        flags.filter?.startsWith('thhe:') === true
      ) {
        return await listFolder(io, flags)
      }
      if (flags.links) throw usageError('--links is for what is in a folder: name its link.')
      const client = await connect(flags, io)
      const matches = matcherOf(flags.filter)
      const objects: OwnedObjectJson[] = []
      let others = 0
      for await (const object of client.list({ check: flags.check })) {
        if (matches(object)) objects.push(object)
        else others++
      }
      objects.sort((a, b) => a.createdAtMs - b.createdAtMs)
      if (flags.json) return await printJson(io, objects)
      // What an S3 service consists of is not for its user to handle piece by piece.
      const shown =
        flags.filter === undefined ? objects.filter(({ name }) => !name.startsWith(OF_S3)) : objects
      const left = objects.length - shown.length
      if (shown.length > 0) {
        const { unsealedObjectBytes } = await import('../../seal/index.ts')
        const width = flags.full ? undefined : widthOf(io.stdout)
        await printLine(io, listText(shown, Date.now(), unsealedObjectBytes, width))
      }
      if (left > 0 && !flags.quiet) {
        remark(io, `${count(left, 'object')} of the S3 service left out: thhe ls '${OF_S3}*' lists them.`)
      }
      if (objects.length > 0) {
        for (const { cid, name, warning } of objects) {
          if (warning !== undefined && !flags.quiet) remark(io, `${name} (${shortId(cid)}): ${warning}`)
        }
      } else if (!flags.quiet) {
        remark(
          io,
          others === 0
            ? 'Nothing has been put through this node yet.'
            : `None of ${count(others, 'object')} matches "${flags.filter}".`
        )
      }
    }
  })

/** A filter without * matches anywhere in a name; one with * the whole of it. Case does not count. */
export const matcherOf = (
  filter: string | undefined
): ((object: Pick<OwnedObjectJson, 'name' | 'cid'>) => boolean) => {
  if (filter === undefined) return () => true
  const literal = (text: string): string => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')
  const parts = filter.split('*').map(literal)
  const pattern = new RegExp(parts.length === 1 ? parts[0] : `^${parts.join('[^]*')}$`, 'iu')
  return ({ name, cid }) => pattern.test(name) || pattern.test(cid)
}

/**
 * @param plainBytesOf - size of what was put, by the size of what is stored; may throw
 * @param width - columns to fit into, with short ids; undefined for whole ids and all columns
 */
export const listText = (
  objects: readonly OwnedObjectJson[],
  nowMs: number,
  plainBytesOf: (sealedBytes: number) => number,
  width?: number
): string =>
  renderTable(
    objects,
    [
      { head: 'NAME', least: 12, cell: ({ name }) => name },
      {
        head: 'SIZE',
        align: 'right',
        cell: ({ sizeBytes, sealed }) =>
          sealed ? plainSize(sizeBytes, plainBytesOf) : formatBytes(sizeBytes)
      },
      { head: 'CODE', spare: 2, cell: ({ k, n }) => `${k} of ${n}` },
      { head: 'SEALED', spare: 3, cell: ({ sealed }) => (sealed ? 'yes' : 'no') },
      { head: 'AGE', align: 'right', cell: ({ createdAtMs }) => formatAge(Math.max(0, nowMs - createdAtMs)) },
      {
        head: 'LEASE',
        align: 'right',
        cell: ({ leaseExpiresAtMs: end }) => (end > nowMs ? formatAge(end - nowMs) : 'ended')
      },
      { head: 'MISSING', align: 'right', cell: ({ missing }) => missing ?? '?' },
      {
        head: 'CHECKED',
        align: 'right',
        spare: 1,
        cell: ({ checkedMs }) =>
          checkedMs === 0 ? 'never' : `${formatAge(Math.max(0, nowMs - checkedMs))} ago`
      },
      { head: 'ID', cell: ({ cid }) => (width === undefined ? cid : shortId(cid)) }
    ],
    width
  )

/** Sealing adds a header, and a little to each chunk. */
const plainSize = (sizeBytes: number, plainBytesOf: (sealedBytes: number) => number): string => {
  try {
    return formatBytes(plainBytesOf(sizeBytes))
  } catch {
    // The layers of a tensor are sealed one by one: how many there are stands in its manifest.
    return formatBytes(sizeBytes)
  }
}
