import { writeTo } from './io.ts'
import type { Io, OutputStream } from './io.ts'
import { asciiControls, printable } from './printable.ts'

const MAX_TEXT_COLUMNS = 110
const MIN_COLUMNS = 40
const COLUMNS_WHEN_UNKNOWN = 80

/** Columns that a table may take: those of the terminal, else 80. */
export const widthOf = ({ columns }: OutputStream): number =>
  columns === undefined || columns < 1 ? COLUMNS_WHEN_UNKNOWN : Math.max(columns, MIN_COLUMNS)

/** Columns of a text to be read: long lines are hard to follow. */
export const textWidthOf = (stream: OutputStream): number => Math.min(MAX_TEXT_COLUMNS, widthOf(stream))

/** One JSON document on standard output. */
export const printJson = async ({ stdout }: Io, value: unknown): Promise<void> =>
  await writeTo(stdout, `${asciiControls(JSON.stringify(value, null, 2))}\n`)

/** One text of one or more lines on standard output. */
export const printLine = async ({ stdout }: Io, text: string): Promise<void> =>
  await writeTo(stdout, `${printable(text, '\n')}\n`)

/** A remark beside the result, e.g. a summary. */
export const remark = ({ stderr }: Io, text: string): void => void stderr.write(`${printable(text, '\n')}\n`)

export { renderFields, renderTable } from './table.ts'
export type { Column } from './table.ts'
