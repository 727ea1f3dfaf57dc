import type { Argv, CommandModule } from 'yargs'
import type { NodeClient } from '../client.ts'
import { defineCommand } from '../command.ts'
import { unescapeDash } from '../dash.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { formatBytes, formatDuration, formatRate } from '../format.ts'
import type { Globals } from '../globals.ts'
import { writeTo } from '../io.ts'
import type { Io } from '../io.ts'
import { linkText, withLink } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import type { OpenObject } from '../objects/get.ts'
import type { FileTarget } from '../objects/part-file.ts'
import type { AskedRange } from '../objects/range.ts'
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
    describe: 'Fetch an object into a file; one that was broken off goes on',
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
  const [{ openObject, readLink }, { findTarget, targetIn, writeInto }, { safeFileName }] = await Promise.all(
    [import('../objects/get.ts'), import('../objects/target.ts'), import('../objects/names.ts')]
  )
  const asked = await rangeOf(flags)
  const text = await linkText(flags, io)
  const place = await findTarget(flags.output ?? '.', flags.force)
  const client = await connect(flags, io)
  const link = await readLink(client, text)
  const startedMs = performance.now()
  const object = await openObject(client, link, asked)
  try {
    const name = safeFileName(object.name) ?? object.cid
    const target = await targetIn(place, name, flags.force)
    if (target.kind === 'descriptor' && target.descriptor === 1) {
      await writeInto(target, object.bytes, io)
      return
    }
    const bytes =
      target.kind === 'file'
        ? await fetchInto(target, { client, link, object, io, quiet: flags.quiet || flags.json })
        : await writeInto(target, object.bytes, io)
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
    describe: 'Write an object, or some bytes of it, to standard output',
    builder: (yargs) => withRange(yargs),
    handler: async (flags) => {
      const { openObject, readLink } = await import('../objects/get.ts')
      const asked = await rangeOf(flags)
      const text = await linkText(flags, io)
      const client = await connect(flags, io)
      const { bytes, close } = await openObject(client, await readLink(client, text), asked)
      try {
        for await (const part of bytes) await writeTo(io.stdout, part)
      } finally {
        close()
      }
    }
  })

const rangeOf = async ({ range }: RangeFlags): Promise<AskedRange | undefined> =>
  range === undefined ? undefined : (await import('../objects/range.ts')).parseRangeArgument(range)
