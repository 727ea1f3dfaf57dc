import { S3Error } from '../errors.ts'

/** Half-open range of bytes. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The range that a Range field asks for; undefined where the whole is sent: no field, another unit, malformed, several ranges.
 *
 * @throws S3Error 'InvalidRange' where none of the bytes are there
 */
export const rangeOf = (field: string | undefined, size: number): ByteRange | undefined => {
  const match = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)$/i.exec(field?.trim() ?? '')
  if (match === null) return undefined
  const [, first, last] = match
  if (first === '' && last === '') return undefined
  if (first !== '' && last !== '' && Number(first) > Number(last)) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  if (start < end) return { start, end }
  throw new S3Error('InvalidRange', 'The requested range is not satisfiable', {
    RangeRequested: field ?? '',
    ActualObjectSize: String(size)
  })
}

/**
 * The range of a copy: both ends are named, and all of its bytes exist.
 *
 * @throws S3Error 'InvalidArgument' | 'InvalidRange'
 */
export const copyRangeOf = (field: string | undefined, size: number): ByteRange => {
  if (field === undefined) return { start: 0, end: size }
  const match = /^bytes=(\d+)-(\d+)$/.exec(field.trim())
  const [start, end] = match === null ? [0, 0] : [Number(match[1]), Number(match[2]) + 1]
  if (start >= end) {
    throw new S3Error(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the ' +
        'zero-based offsets of the first and last bytes to copy',
      { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: field }
    )
  }
  if (end <= size) return { start, end }
  throw new S3Error('InvalidRange', `Range specified is not valid for source object of size: ${size}`)
}

export const contentRange = ({ start, end }: ByteRange, size: number): string =>
  `bytes ${start}-${end - 1}/${size}`
