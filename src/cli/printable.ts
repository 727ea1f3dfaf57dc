/**
 * Text for a terminal. Names of files and words of peers stand in what we print: characters that steer a terminal, or
 * that nobody sees, come out as escapes or as U+FFFD.
 *
 * @param kept - one such character that may stay, e.g. a newline in a text of several lines
 */
export const printable = (text: string, kept = ''): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === kept) return character
    const escaped = JSON.stringify(character).slice(1, -1)
    return escaped.startsWith('\\') ? escaped : '\ufffd'
  })
