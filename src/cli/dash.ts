// yargs 18 turns a positional that is a lone dash into an empty string, and takes no positional from behind --. No
// argument can hold a NUL, so the dash goes past yargs as one; what stands behind -- goes as a path or a word.
const ESCAPED = '\0'

export const escapeDashes = (argv: readonly string[]): string[] => {
  const end = argv.indexOf('--')
  const options = end < 0 ? argv : argv.slice(0, end)
  const words = end < 0 ? [] : argv.slice(end + 1)
  return [
    // Not an alias of yargs: that would find the h of help in every word of letters, as in --name -dash.
    ...options.map((word) => (word === '-' ? ESCAPED : word === '-h' ? '--help' : word)),
    ...words.map((word) => (word === '-' ? ESCAPED : word.startsWith('-') ? `./${word}` : word))
  ]
}

/** For `coerce` of whatever takes - as standard input or output. */
export const unescapeDash = <T>(word: T): T | string => (word === ESCAPED ? '-' : word)
