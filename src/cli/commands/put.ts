import { stat } from 'node:fs/promises'
import type { Argv, CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import { unescapeDash } from '../dash.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { usageError } from '../errors.ts'
import type { FolderOutcome } from '../folders/put.ts'
import { linkText } from '../link-input.ts'
import { count, formatBytes, formatDuration, formatRate } from '../format.ts'
import type { Globals } from '../globals.ts'
import type { Io } from '../io.ts'
import type { BookEntry } from '../links-book.ts'
import type { NodeClient } from '../client.ts'
import type { PutArguments, PutOutcome } from '../objects/put.ts'
import { printJson, printLine, remark } from '../output.ts'

export interface PutFlags extends EndpointOptions {
  readonly public: boolean
  readonly name?: string
  readonly k?: number
  readonly n?: number
  readonly margin?: number
  readonly code?: 'rs8' | 'rs8p'
  readonly fewer?: boolean
  readonly lease?: string
}

/** What the flags ask for. */
export const putArguments = (flags: PutFlags & Globals): PutArguments => ({
  isPublic: flags.public,
  name: flags.name,
  k: flags.k,
  n: flags.n,
  margin: flags.margin,
  code: flags.code,
  fewer: flags.fewer,
  lease: flags.lease,
  quiet: flags.quiet || flags.json
})

/** The options of every command that puts. */
export const putOptions = <T>(yargs: Argv<T>): Argv<T> =>
  yargs.options({
    public: {
      type: 'boolean',
      default: false,
      describe: 'Do not seal: whoever has the id can read it'
    },
    name: { type: 'string', requiresArg: true, describe: 'Name in `thhe ls` and, sealed, in the object' },
    k: { type: 'number', requiresArg: true, describe: 'Shards that suffice to read it' },
    n: { type: 'number', requiresArg: true, describe: 'Shards in all' },
    margin: {
      type: 'number',
      requiresArg: true,
      describe: 'Shards over k that must be safe for success; half of n - k by default'
    },
    code: {
      choices: ['rs8', 'rs8p'] as const,
      describe: 'How parity is made; rs8p rebuilds one lost shard from fewer bytes'
    },
    fewer: { type: 'boolean', describe: 'Make do with fewer shards when there are fewer peers than n' },
    lease: {
      type: 'string',
      requiresArg: true,
      describe: 'How long to keep it without renewal, e.g. 30d'
    }
  }) as Argv<T>

interface PutFilesFlags extends PutFlags {
  readonly files: readonly string[]
  readonly update?: string
  readonly updateFile?: string
}

export const putCommand = (io: Io): CommandModule =>
  defineCommand<PutFilesFlags>({
    command: 'put <files..>',
    describe: 'Seal files or folders and spread them over the peers; prints a link to each',
    builder: (yargs) =>
      putOptions(withEndpoint(yargs))
        .positional('files', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'Files and folders, or - for standard input',
          coerce: (files: readonly string[]) => files.map(unescapeDash)
        })
        .options({
          update: {
            type: 'string',
            requiresArg: true,
            describe:
              'Link to an earlier version of the folder: files with the same size and time are not put again'
          },
          'update-file': {
            type: 'string',
            requiresArg: true,
            coerce: unescapeDash,
            describe: 'File with that link: other users see arguments, and the key in them'
          }
        })
        .example('thhe put photo.jpg', 'Prints a link with the key after #: keep it, nobody else has it')
        .example(
          'thhe put holiday',
          'A folder: `thhe get LINK` fetches it, `thhe ls LINK` shows what is in it'
        )
        .example('thhe put *.jpg', 'Several files: one link a line'),
    handler: async (flags) => {
      const { files } = flags
      if (files.length > 1 && flags.name !== undefined) {
        throw usageError(
          '--name is for one file or folder.',
          'Put them one by one, or all of them in one folder.'
        )
      }
      if (files.length > 1 && files.includes('-')) {
        throw usageError('Standard input is put alone.', 'Leave out - or the files beside it.')
      }
      for (const file of files) {
        if (await isFolder(file)) await putOneFolder(io, flags, file)
        else await putOneFile(io, flags, file)
      }
    }
  })

const isFolder = async (path: string): Promise<boolean> => {
  if (path === '-') return false
  const stats = await stat(path).catch(() => undefined)
  return stats?.isDirectory() === true
}

const putOneFile = async (io: Io, flags: PutFilesFlags & Globals, file: string): Promise<void> => {
  if (flags.update !== undefined || flags.updateFile !== undefined) {
    throw usageError(`--update is for folders, and ${file} is none.`)
  }
  const [{ openSource }, { putSource }] = await Promise.all([
    import('../objects/source.ts'),
    import('../objects/put.ts')
  ])
  const source = await openSource(file, io)
  let client
  let outcome
  try {
    client = await connect(flags, io)
    outcome = await putSource(client, io, putArguments(flags), source)
  } finally {
    await source.close()
  }
  await keepLink(io, client, outcome)
  await printLink(io, flags, outcome)
  if (flags.json) return
  if (!flags.quiet) remark(io, summary(outcome))
  if (outcome.warning !== undefined) remark(io, `Warning: ${outcome.warning}`)
}

const putOneFolder = async (io: Io, flags: PutFilesFlags & Globals, folder: string): Promise<void> => {
  const [{ putFolder }, { EarlierVersion }] = await Promise.all([
    import('../folders/put.ts'),
    import('../folders/earlier.ts')
  ])
  const { update, updateFile } = flags
  const link =
    update === undefined && updateFile === undefined
      ? undefined
      : await linkText({ link: update, linkFile: updateFile }, io)
  const client = await connect(flags, io)
  const earlier = link === undefined ? undefined : await EarlierVersion.read(client, link, flags.public)
  const outcome = await putFolder(client, io, putArguments(flags), folder, earlier)
  await keepLink(io, client, { ...outcome, name: `${outcome.name}/` })
  await printLink(io, flags, outcome)
  if (flags.json) return
  if (!flags.quiet) remark(io, folderSummary(outcome))
  if (outcome.warning !== undefined) remark(io, `Warning: ${outcome.warning}`)
}

/** The link is printed once, and nobody else has it: what standard output does not take goes to standard error. */
export const printLink = async (
  io: Io,
  { json }: Pick<Globals, 'json'>,
  outcome: { readonly link: string }
): Promise<void> => {
  try {
    await (json ? printJson(io, outcome) : printLine(io, outcome.link))
  } catch (error) {
    remark(io, 'Standard output did not take the link. It is')
    remark(io, outcome.link)
    throw error
  }
}

/** Adds the link to the book of links, where one is kept. The put has succeeded whatever comes of it. */
export const keepLink = async (
  io: Io,
  { dataFolder }: Pick<NodeClient, 'dataFolder'>,
  { link, cid, name, plainBytes }: Omit<BookEntry, 'putAtMs'>
): Promise<void> => {
  if (dataFolder === undefined) return
  const { LinksBook } = await import('../links-book.ts')
  try {
    await new LinksBook(dataFolder).add({ link, cid, name, plainBytes, putAtMs: Date.now() })
  } catch (error) {
    remark(io, `The link is not in the book of links: ${(error as Error).message}`)
  }
}

const folderSummary = (outcome: FolderOutcome): string => {
  const { files, reused, plainBytes, objects, elapsedMs, tolerates } = outcome
  const what = `${count(files, 'file')}, ${formatBytes(plainBytes)}, in ${formatDuration(elapsedMs)}`
  const again = reused === 0 ? '' : ` (${reused} of them unchanged)`
  return `${what}${again}; ${count(objects, 'object')}: ${count(tolerates, 'peer')} may be lost.`
}

const summary = (outcome: PutOutcome): string => {
  const { plainBytes, elapsedMs, stored, missing, k, n, inline, tolerates, resumed } = outcome
  const sum = `${formatBytes(plainBytes)} in ${formatDuration(elapsedMs)} (${formatRate(plainBytes, elapsedMs)})`
  const where = inline
    ? `${count(stored.length, 'copy').replace('copys', 'copies')} on as many peers`
    : `${stored.length} of ${n} shards safe on as many peers, any ${k} suffice`
  const later =
    missing.length === 0 ? '' : `; ${count(missing.length, 'more shard')} to follow in the background`
  return `${resumed ? 'Resumed: ' : ''}${sum}; ${where}: ${count(tolerates, 'peer')} may be lost${later}.`
}
