import { usageError } from '../errors.ts'

/** A range as it was asked for; `end` exclusive, undefined for the end of the object; `suffix` counts from there. */
export type AskedRange = { readonly start: number; readonly end?: number } | { readonly suffix: number }

/** Reads FIRST-LAST, FIRST- or -LENGTH, both ends included, as in HTTP and curl. @throws CliError 'USAGE' */
export const parseRangeArgument = (text: string): AskedRange => {
  const match = /^(\d{0,15})-(\d{0,15})$/.exec(text)
  const [, first = '', last = ''] = match ?? []
  if (first === '' && last === '') throw badRange(text)
  if (first === '') return { suffix: Number(last) }
  if (last === '') return { start: Number(first) }
  if (Number(first) > Number(last)) throw badRange(text)
  return { start: Number(first), end: Number(last) + 1 }
}

/** The asked range within an object of `size` bytes; one that lies beyond its end is refused. */
export const resolveRange = (asked: AskedRange, size: number): { start: number; end: number } => {
  const { start, end } =
    'suffix' in asked
      ? { start: Math.max(0, size - asked.suffix), end: size }
      : { start: asked.start, end: Math.min(asked.end ?? size, size) }
  // Of an empty object every range that starts at its first byte, or counts from its end, is all there is of it.
  if (start < end || (size === 0 && start === 0)) return { start, end }
  throw usageError(`The object has ${size} bytes: the range lies beyond them.`, 'The first byte is byte 0.')
}

const badRange = (text: string): Error =>
  usageError(`"${text}" is no range of bytes.`, 'Write FIRST-LAST, FIRST- or -LENGTH, as in --range 0-99.')
