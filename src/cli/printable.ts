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

/** JSON escapes ASCII by its nature; what else steers a terminal may stand in it as it is. */
export const asciiControls = (json: string): string =>
  json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, unit) => unicodeEscape(character.charCodeAt(unit))).join('')
  )

const unicodeEscape = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`
