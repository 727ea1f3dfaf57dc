import type { CommandModule } from 'yargs'
import { nearest } from '../node/config/nearest.ts'
import { usageError } from './errors.ts'

/** The name of a command, without its positionals. */
export const nameOf = ({ command }: Pick<CommandModule, 'command'>): string =>
  String([command].flat()[0]).split(' ')[0]

export const namesOf = (commands: readonly CommandModule[]): string[] => commands.map(nameOf)

/**
 * @param words - what stands where the name of a command should
 * @param group - the command whose members `known` are
 * @throws CliError 'USAGE' when the first word is none of `known`
 */
export const refuseUnknown = ([word]: readonly string[], known: readonly string[], group?: string): void => {
  if (word === undefined || known.includes(word)) return
  const near = nearest(word, known)
  throw usageError(
    `There is no command "${group === undefined ? '' : `${group} `}${word}".`,
    near === undefined ? `The commands are ${known.join(', ')}.` : `Did you mean "${near}"?`
  )
}
