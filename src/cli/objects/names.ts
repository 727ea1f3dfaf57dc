/** What may steer a terminal, break a line, or turn round what stands beside it. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

/** The name of a file as it travels and stands in lists: a file may be called anything. */
export const cleanName = (name: string): string => name.replace(UNPRINTABLE, '_')

/**
 * A name to write a file under, from a name that somebody else chose: one part of a path, neither hidden nor an option.
 * Undefined when nothing is left of it.
 */
export const safeFileName = (name: string | undefined): string | undefined => {
  const safe = cleanName(name ?? '')
    .replace(/[/\\]/g, '_')
    .trim()
    .replace(/^[.-]/, '_')
  return safe === '' ? undefined : safe
}

/** The longest start of `text` that has at most `maxBytes` bytes of UTF-8. */
export const cutToBytes = (text: string, maxBytes: number): string => {
  let bytes = 0
  let cut = ''
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    cut += character
  }
  return cut
}
