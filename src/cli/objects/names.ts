import { cleanName } from '../../seal/clean-name.ts'

export { cleanName }

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
