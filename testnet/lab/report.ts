// What a scenario found, for people and for programs.
import { renderTable } from '../../src/cli/table.ts'

export interface ScenarioReport {
  readonly scenario: string
  /** One sentence on what was measured and how. */
  readonly about: string
  /** False when something broke that must hold: an object lost or changed, peers that do not come back. */
  readonly isGood: boolean
  readonly rows: ReadonlyArray<Readonly<Record<string, string | number>>>
  readonly notes: readonly string[]
}

export const printed = ({ scenario, about, isGood, rows, notes }: ScenarioReport): string => {
  const heads = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const table = renderTable(
    rows,
    heads.map((head, index) => ({
      head: head.toUpperCase(),
      align: index === 0 ? ('left' as const) : ('right' as const),
      cell: (row) => row[head] ?? '-'
    }))
  )
  return [
    `${scenario}${isGood ? '' : ' FAILED'}: ${about}`,
    ...(rows.length > 0 ? [table] : []),
    ...notes
  ].join('\n')
}

/** The value below which the share `q` of the values lies; NaN for none. */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.length === 0 ? Number.NaN : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]
}

export const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits))
