import type { CommandModule } from 'yargs'
import { defaultDataFolder } from '../../node/config/folders.ts'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { usageError } from '../errors.ts'
import type { CliError } from '../errors.ts'
import { count } from '../format.ts'
import type { Io } from '../io.ts'
import { LinksBook } from '../links-book.ts'
import { printJson, printLine, remark } from '../output.ts'
import { printable } from '../printable.ts'
import { matcherOf } from './ls.ts'

interface LinksFlags extends EndpointOptions {
  readonly filter?: string
  readonly keep: boolean
  readonly forget: boolean
}

export const linksCommand = (io: Io): CommandModule =>
  defineCommand<LinksFlags>({
    command: 'links [filter]',
    describe: 'List the links of earlier puts, where a book of them is kept',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('filter', { type: 'string', describe: 'Part of a name; * stands for anything' })
        .options({
          keep: {
            type: 'boolean',
            default: false,
            describe:
              'Keep a book from now on: links with their keys, in the data folder, for you alone (mode 0600)'
          },
          forget: { type: 'boolean', default: false, describe: 'Remove the book with all its links' }
        })
        .example('thhe links --keep', 'Keeps the link of every put from now on')
        .example('thhe links "*.jpg"', 'Lists the links to pictures'),
    handler: async (flags) => {
      if (flags.keep && flags.forget) throw usageError('--keep and --forget exclude each other.')
      const book = new LinksBook(await dataFolderOf(flags, io))
      if (flags.keep) {
        const isNew = await book.start()
        if (!flags.quiet)
          remark(
            io,
            `Links are kept in ${book.path}${isNew ? ' from now on' : ' already'}. Whoever reads it can read the objects.`
          )
        return
      }
      if (flags.forget) {
        await book.forget()
        if (!flags.quiet) remark(io, `${book.path} has been removed.`)
        return
      }
      const entries = await book.read()
      if (entries === undefined) {
        throw usageError('No book of links is kept here.', '`thhe links --keep` keeps one from now on.')
      }
      const matches = matcherOf(flags.filter)
      const found = entries.filter(matches)
      if (flags.json) return await printJson(io, found)
      for (const { link, name } of found) await printLine(io, `${link}  ${printable(name)}`)
      if (found.length === 0 && !flags.quiet) remark(io, `None of ${count(entries.length, 'link')} fits.`)
    }
  })

/** The data folder of the node that commands talk to; without one that runs, the folder that is named, or the default one. */
export const dataFolderOf = async (flags: EndpointOptions, io: Io): Promise<string> => {
  const named = flags.data ?? io.env.THHE_DATA
  if (named !== undefined && named !== '') return named
  try {
    const { dataFolder } = await connect(flags, io)
    if (dataFolder !== undefined) return dataFolder
  } catch (error) {
    const { code } = error as Partial<CliError>
    if (code !== 'NO_NODE' && code !== 'NODE_SILENT') throw error
  }
  return defaultDataFolder(io.env)
}
