// yargs 18 turns a positional that is a lone dash into an empty string. No argument can hold a NUL, so the dash goes
// past yargs as one.
const ESCAPED = '\0'

export const escapeDashes = (argv: readonly string[]): string[] =>
  argv.map((word) => (word === '-' ? ESCAPED : word))

/** For `coerce` of whatever takes - as standard input or output. */
export const unescapeDash = (word: string): string => (word === ESCAPED ? '-' : word)
