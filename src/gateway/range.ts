import { GatewayError } from './problem.ts'

/** Half-open range of bytes. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Reads a Range header for a representation of `size` bytes (RFC 9110, section 14.2). Undefined where the whole is
 * to be sent: no header, another unit, malformed, several ranges, or an empty representation, of which Content-Range
 * can name no bytes.
 *
 * @throws GatewayError 'UNSATISFIABLE_RANGE'
 */
export const parseRange = (header: string | undefined, size: number): ByteRange | undefined => {
  const match = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)$/i.exec(header?.trim() ?? '')
  if (match === null || size === 0) return undefined
  const [, first, last] = match
  if (first === '' && last === '') return undefined
  const range = first === '' ? suffix(Number(last), size) : { start: Number(first), end: closed(last, size) }
  if (first !== '' && last !== '' && Number(first) > Number(last)) return undefined
  if (range.start >= range.end) {
    throw new GatewayError(
      'UNSATISFIABLE_RANGE',
      `The object has ${size} bytes; ${header} has none of them.`,
      {
        size
      }
    )
  }
  return range
}

const suffix = (length: number, size: number): ByteRange => ({ start: Math.max(0, size - length), end: size })

const closed = (last: string, size: number): number => (last === '' ? size : Math.min(size, Number(last) + 1))

/** The value of Content-Range. */
export const contentRange = ({ start, end }: ByteRange, size: number): string =>
  `bytes ${start}-${end - 1}/${size}`
