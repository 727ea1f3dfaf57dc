import { writeTo } from './io.ts'
import type { Io, OutputStream } from './io.ts'

const MAX_HELP_COLUMNS = 110
const COLUMNS_WHEN_UNKNOWN = 80

/** Columns that a text may take: those of the terminal, else 80. */
export const widthOf = ({ columns }: OutputStream): number =>
  Math.min(MAX_HELP_COLUMNS, columns === undefined || columns < 1 ? COLUMNS_WHEN_UNKNOWN : columns)

/** One JSON document on standard output. */
export const printJson = async ({ stdout }: Io, value: unknown): Promise<void> =>
  await writeTo(stdout, `${JSON.stringify(value, null, 2)}\n`)

export const printLine = async ({ stdout }: Io, line: string): Promise<void> =>
  await writeTo(stdout, `${line}\n`)

/** A remark beside the result, e.g. a summary. */
export const remark = ({ stderr }: Io, line: string): void => void stderr.write(`${line}\n`)

export interface Column<T> {
  readonly head: string
  readonly align?: 'left' | 'right'
  readonly cell: (row: T) => string | number
}

/** Columns set apart by blanks, as tables of the shell are: easy to read, to cut and to grep. */
export const renderTable = async <T>(
  rows: readonly T[],
  columns: ReadonlyArray<Column<T>>
): Promise<string> => {
  const { default: Table } = await import('cli-table3')
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: BLANKS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 }
  })
  for (const row of rows) table.push(columns.map(({ cell }) => String(cell(row))))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

const BLANKS = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle']
  ].map((name) => [name, ''])
)

/** Names and values one below the other. */
export const renderFields = (fields: ReadonlyArray<readonly [name: string, value: string]>): string => {
  const width = Math.max(...fields.map(([name]) => name.length))
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}
