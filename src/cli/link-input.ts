import { open } from 'node:fs/promises'
import type { Argv } from 'yargs'
import { closeFile } from './objects/close-file.ts'
import { unescapeDash } from './dash.ts'
import { usageError } from './errors.ts'
import { orAborted } from './io.ts'
import type { Io } from './io.ts'

/** A link is some 120 characters; whoever names another file by mistake shall not have it read whole. */
const MAX_LINK_BYTES = 4096

export interface LinkFlags {
  readonly link?: string
  readonly linkFile?: string
}

/** The link of every command that takes one. Arguments show in the list of processes, and the key with them. */
export const withLink = <T>(yargs: Argv<T>): Argv<T & LinkFlags> =>
  yargs
    .positional('link', {
      type: 'string',
      describe:
        'Link as `thhe put` printed it, with /PATH behind it for what is in a folder; an id; - for standard input',
      coerce: unescapeDash
    })
    .option('link-file', {
      type: 'string',
      requiresArg: true,
      coerce: unescapeDash,
      describe: 'File with the link: other users see arguments, and the key in them'
    }) as unknown as Argv<T & LinkFlags>

/** The link that the flags name. @throws CliError 'USAGE' */
export const linkText = async (
  { link, linkFile }: LinkFlags,
  { stdin, signal }: Pick<Io, 'stdin' | 'signal'>
): Promise<string> => {
  if (link !== undefined && linkFile !== undefined) {
    throw usageError('There are two links: leave out one of LINK and --link-file.')
  }
  if (linkFile !== undefined && linkFile !== '-') {
    return firstLine(await startOfFile(linkFile, signal), linkFile)
  }
  if (link === undefined && linkFile === undefined) {
    throw usageError('Which link?', 'Give it as an argument, as - for standard input, or with --link-file.')
  }
  if (link !== undefined && link !== '-') return link
  return firstLine(await orAborted(signal, startOf(stdin)), 'Standard input')
}

const startOfFile = async (path: string, signal: AbortSignal): Promise<string> => {
  const file = await orAborted(signal, open(path, 'r'))
  try {
    return await orAborted(signal, startOf(file.createReadStream({ autoClose: false })))
  } finally {
    await closeFile(file, signal)
  }
}

/** Reads up to the end of the first line, so that a person may type it. */
const startOf = async (stream: AsyncIterable<Uint8Array | string>): Promise<string> => {
  let text = ''
  for await (const part of stream) {
    text += Buffer.from(part).toString('latin1')
    if (text.length > MAX_LINK_BYTES || text.trimStart().includes('\n')) break
  }
  return text
}

const firstLine = (text: string, where: string): string => {
  const [line] = text.trimStart().split('\n')
  if (text.length <= MAX_LINK_BYTES && line.trim() !== '') return line.trim()
  throw usageError(`${where} does not begin with a link.`, 'It is the line that `thhe put` printed.')
}
