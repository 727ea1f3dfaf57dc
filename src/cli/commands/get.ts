import { join } from 'node:path'
import type { Argv, CommandModule } from 'yargs'
import type { NodeClient } from '../client.ts'
import { defineCommand } from '../command.ts'
import { unescapeDash } from '../dash.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { CliError, usageError } from '../errors.ts'
import type { Found } from '../folders/reader.ts'
import { count, formatBytes, formatDuration, formatRate } from '../format.ts'
import type { Globals } from '../globals.ts'
import { writeTo } from '../io.ts'
import type { Io } from '../io.ts'
import { linkText, withLink } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import type { OpenObject } from '../objects/get.ts'
import type { FileTarget } from '../objects/part-file.ts'
import type { AskedRange } from '../objects/range.ts'
import { exists } from '../objects/target.ts'
import type { Target } from '../objects/target.ts'
import type { Link } from '../../seal/index.ts'
import { printJson, remark } from '../output.ts'
import { startProgress } from '../progress.ts'

interface RangeFlags extends EndpointOptions, LinkFlags {
  readonly range?: string
}

interface GetFlags extends RangeFlags {
  readonly output?: string
  readonly force: boolean
}

const withRange = <T>(yargs: Argv<T>): Argv<T> =>
  withLink(withEndpoint(yargs)).option('range', {
    type: 'string',
    requiresArg: true,
    describe: 'Only these bytes: FIRST-LAST, FIRST- or -LENGTH'
  }) as unknown as Argv<T>

export const getCommand = (io: Io): CommandModule =>
  defineCommand<GetFlags>({
    command: 'get [link]',
    describe: 'Fetch a file or a folder; a file that was broken off goes on',
    builder: (yargs) =>
      withRange(yargs).options({
        output: {
          alias: 'o',
          type: 'string',
          requiresArg: true,
          coerce: unescapeDash,
          describe:
            'File or folder to write to, - for standard output; by default the name of the object, here'
        },
        force: { type: 'boolean', default: false, describe: 'Replace a file that exists' }
      }),
    handler: async (flags) => await getObject(io, flags)
  })

const getObject = async (io: Io, flags: GetFlags & Globals): Promise<void> => {
  const [{ findPlace, openPlace }, { findTarget, targetIn, writeInto }, { writeWhole }, { safeFileName }] =
    await Promise.all([
      import('../folders/reader.ts'),
      import('../objects/target.ts'),
      import('../objects/part-file.ts'),
      import('../objects/names.ts')
    ])
  const asked = await rangeOf(flags)
  const text = await linkText(flags, io)
  const place = await findTarget(flags.output ?? '.', flags.force)
  const client = await connect(flags, io)
  const found = await findPlace(client, text)
  if (found.type === 'symlink') throw isSymlink(found)
  if (found.type === 'folder') return await getWholeFolder(io, flags, { client, found, place })
  const startedMs = performance.now()
  const object = await openPlace(client, found.place, asked)
  try {
    const ownName = found.name ?? object.name
    if (ownName?.endsWith('/') === true) {
      object.close()
      return await getWholeFolder(io, flags, { client, found: { ...found, name: ownName }, place })
    }
    const name = safeFileName(ownName) ?? object.cid
    const target = await targetIn(place, name, flags.force)
    if (target.kind === 'descriptor' && target.descriptor === 1) {
      await writeInto(target, object.bytes, io)
      return
    }
    const { cid, key, slice } = found.place
    const fetch = { client, link: { cid, key }, object, io, quiet: flags.quiet || flags.json }
    const bytes =
      target.kind !== 'file'
        ? await writeInto(target, object.bytes, io)
        : slice === undefined
          ? await fetchInto(target, fetch)
          : await writeWhole(target, object.bytes)
    const elapsedMs = performance.now() - startedMs
    const file = flags.output === undefined ? name : target.path
    if (flags.json) await printJson(io, { cid: object.cid, file, bytes, elapsedMs })
    else if (!flags.quiet) {
      const sum = `${formatBytes(bytes)} in ${formatDuration(elapsedMs)} (${formatRate(bytes, elapsedMs)})`
      remark(io, `${file}: ${sum}.`)
    }
  } finally {
    object.close()
  }
}

interface FolderFound {
  readonly client: NodeClient
  readonly found: Pick<Extract<Found, { type: 'folder' }>, 'place' | 'name'>
  readonly place: Target
}

const getWholeFolder = async (
  io: Io,
  flags: GetFlags & Globals,
  { client, found, place }: FolderFound
): Promise<void> => {
  if (flags.range !== undefined) throw usageError('A folder has no range of bytes: leave out --range.')
  const [{ getFolder }, { findTarget }, { safeFileName }, { openObject }] = await Promise.all([
    import('../folders/get.ts'),
    import('../objects/target.ts'),
    import('../objects/names.ts'),
    import('../objects/get.ts')
  ])
  const startedMs = performance.now()
  const nameOf = async (): Promise<string> => {
    const { cid, key, slice } = found.place
    if (found.name !== undefined || key === undefined || slice !== undefined)
      return found.name ?? cid.toString()
    const object = await openObject(client, { cid, key })
    object.close()
    return object.name ?? cid.toString()
  }
  const target =
    place.kind === 'folder'
      ? await findTarget(
          join(place.path, safeFileName((await nameOf()).replace(/\/$/, '')) ?? 'folder'),
          false
        )
      : place
  if (target.kind === 'folder') throw exists(target.path)
  if (target.kind !== 'file') {
    throw usageError(
      `A folder cannot go into ${target.path}.`,
      'Name a folder that does not exist yet with -o.'
    )
  }
  if (target.replaces !== undefined)
    throw usageError(`${target.path} is a file: a folder does not replace it.`)
  const { path, realPath } = target
  const quiet = flags.quiet || flags.json
  const { files, bytes } = await getFolder(client, io, found.place, { path: realPath, quiet })
  const elapsedMs = performance.now() - startedMs
  if (flags.json) {
    await printJson(io, { cid: found.place.cid.toString(), folder: path, files, bytes, elapsedMs })
  } else if (!flags.quiet) {
    const sum = `${count(files, 'file')}, ${formatBytes(bytes)} in ${formatDuration(elapsedMs)}`
    remark(io, `${path}/: ${sum} (${formatRate(bytes, elapsedMs)}).`)
  }
}

const isSymlink = ({ name, target }: Extract<Found, { type: 'symlink' }>): CliError =>
  new CliError('IS_SYMLINK', `${name} is a symbolic link to ${target}.`, 'Ask for what it leads to.')

interface Fetch {
  readonly client: NodeClient
  readonly link: Link
  readonly object: OpenObject
  readonly io: Io
  readonly quiet: boolean
}

/** Fetches what a broken get of the same bytes has left to fetch. @returns bytes of the file */
const fetchInto = async (target: FileTarget, { client, link, object, io, quiet }: Fetch): Promise<number> => {
  const { PartFile } = await import('../objects/part-file.ts')
  const { cid, start, length } = object
  const content = `${cid} ${start} ${length}`
  const part = await PartFile.open(target, { content, length, env: io.env })
  const { kept } = part
  if (kept > 0) object.close()
  if (kept > 0 && !quiet) remark(io, `Goes on after the ${formatBytes(kept)} that are there.`)
  const progress = await startProgress(io, 'get', length, quiet)
  try {
    if (kept < length || length === 0) {
      const { bytes, close } = kept === 0 ? object : await reopen(client, link, start + kept, start + length)
      try {
        for await (const piece of bytes) {
          await part.append(piece)
          progress.update(part.written)
        }
      } finally {
        close()
      }
    }
    await part.finish()
    return part.written
  } catch (error) {
    const safe = await part.abandon(error)
    progress.stop()
    if (safe > 0 && !quiet) remark(io, `${formatBytes(safe)} are kept: the same command goes on from there.`)
    throw error
  } finally {
    progress.stop()
  }
}

const reopen = async (client: NodeClient, link: Link, start: number, end: number): Promise<OpenObject> => {
  const { openObject } = await import('../objects/get.ts')
  return await openObject(client, link, { start, end })
}

export const catCommand = (io: Io): CommandModule =>
  defineCommand<RangeFlags>({
    command: 'cat [link]',
    describe: 'Write a file, or some bytes of it, to standard output',
    builder: (yargs) => withRange(yargs),
    handler: async (flags) => {
      const { findPlace, openPlace } = await import('../folders/reader.ts')
      const asked = await rangeOf(flags)
      const text = await linkText(flags, io)
      const client = await connect(flags, io)
      const found = await findPlace(client, text)
      if (found.type === 'symlink') throw isSymlink(found)
      if (found.type === 'folder') throw isAFolder(found.name)
      const { bytes, close, name } = await openPlace(client, found.place, asked)
      try {
        if (name?.endsWith('/') === true) throw isAFolder(name)
        for await (const part of bytes) await writeTo(io.stdout, part)
      } finally {
        close()
      }
    }
  })

const isAFolder = (name: string | undefined): CliError =>
  new CliError(
    'IS_FOLDER',
    `${name ?? 'This'} is a folder.`,
    'Fetch it with `thhe get`, or name a file in it: LINK/path.'
  )

const rangeOf = async ({ range }: RangeFlags): Promise<AskedRange | undefined> =>
  range === undefined ? undefined : (await import('../objects/range.ts')).parseRangeArgument(range)
