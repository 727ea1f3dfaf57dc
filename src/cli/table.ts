import { printable } from './printable.ts'

export interface Column<T> {
  readonly head: string
  readonly align?: 'left' | 'right'
  readonly cell: (row: T) => string | number
  /** May be cut to so many characters, with … in the middle, where the terminal is narrow. */
  readonly least?: number
  /** Left out where the terminal is narrow; the greatest number first. */
  readonly spare?: number
}

const GAP = 2

/**
 * Columns set apart by blanks, as tables of the shell are: easy to read, to cut and to grep.
 *
 * @param width - columns of the terminal; Infinity for whatever it takes
 */
export const renderTable = <T>(
  rows: readonly T[],
  columns: ReadonlyArray<Column<T>>,
  width = Number.POSITIVE_INFINITY
): string => {
  let kept = columns.map((column) => ({
    column,
    texts: [column.head, ...rows.map((row) => printable(String(column.cell(row))))]
  }))
  for (;;) {
    const widths = fitted(
      kept.map(({ column, texts }) => ({
        width: texts.reduce((widest, text) => Math.max(widest, columnsOf(text)), 0),
        least: Math.max(column.least ?? Number.POSITIVE_INFINITY, columnsOf(column.head))
      })),
      width
    )
    const spare = Math.max(0, ...kept.map(({ column }) => column.spare ?? 0))
    if (widths !== undefined || spare === 0) return lines(kept, widths ?? kept.map(() => width))
    kept = kept.filter(({ column }) => column.spare !== spare)
  }
}

interface Filled<T> {
  readonly column: Column<T>
  readonly texts: readonly string[]
}

const lines = <T>(columns: ReadonlyArray<Filled<T>>, widths: readonly number[]): string =>
  (columns[0]?.texts ?? [])
    .map((_, line) =>
      columns
        .map(({ column, texts }, index) => {
          const text = cut(texts[line], widths[index])
          const blanks = ' '.repeat(Math.max(0, widths[index] - columnsOf(text)))
          return column.align === 'right' ? blanks + text : text + blanks
        })
        .join(' '.repeat(GAP))
        .trimEnd()
    )
    .join('\n')

/** Widths that fit, the widest column that may be cut first; undefined when that is not enough. */
const fitted = (
  columns: ReadonlyArray<{ readonly width: number; readonly least: number }>,
  width: number
): readonly number[] | undefined => {
  const widths = columns.map((column) => column.width)
  let excess = widths.reduce((sum, one) => sum + one, 0) + GAP * (columns.length - 1) - width
  while (excess > 0) {
    const widest = widths.reduce(
      (best, one, index) => (one > columns[index].least && one > (widths[best] ?? 0) ? index : best),
      -1
    )
    if (widest < 0) return undefined
    const taken = Math.min(excess, widths[widest] - columns[widest].least, Math.max(1, excess >> 1))
    widths[widest] -= taken
    excess -= taken
  }
  return widths
}

/** Keeps the end of a text as well as its beginning: files differ in their endings, ids in both. */
const cut = (text: string, width: number): string => {
  if (columnsOf(text) <= width) return text
  const characters = [...text]
  const tail: string[] = []
  const head: string[] = []
  const room = width - 1
  while (
    characters.length > 0 &&
    columnsOf(tail.join('')) + columnsOf(characters.at(-1) as string) <= room / 2
  ) {
    tail.unshift(characters.pop() as string)
  }
  const headRoom = room - columnsOf(tail.join(''))
  for (const character of characters) {
    if (columnsOf(head.join('')) + columnsOf(character) > headRoom) break
    head.push(character)
  }
  return `${head.join('')}…${tail.join('')}`
}

/** Columns of a terminal that a text takes (Unicode Standard Annex 11: East Asian wide characters take two). */
export const columnsOf = (text: string): number => {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let columns = 0
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue
    columns += WIDE.test(character) ? 2 : 1
  }
  return columns
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u

/** Breaks a text into lines of at most `width` columns, at blanks where there are some. */
export const wrapText = (text: string, width: number): string[] => {
  const found: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columnsOf(longer) <= width) {
      line = longer
      continue
    }
    if (line !== '') found.push(line)
    line = word
    while (columnsOf(line) > width) {
      found.push(line.slice(0, width))
      line = line.slice(width)
    }
  }
  return [...found, line]
}

/** Names and values one below the other; a long value goes on under its beginning. */
export const renderFields = (
  fields: ReadonlyArray<readonly [name: string, value: string]>,
  width = Number.POSITIVE_INFINITY
): string => {
  const indent = Math.max(...fields.map(([name]) => name.length)) + GAP
  return fields
    .flatMap(([name, value]) =>
      wrapText(printable(value), Math.max(20, width - indent)).map(
        (line, index) => (index === 0 ? name : '').padEnd(indent) + line
      )
    )
    .join('\n')
}
