// An analysis of quorums as text for a terminal and as JSON for a program.

import Table from 'cli-table3'
import type { Advice, FbaNode, NetworkAnalysis, SetFamily } from '../../fba/analysis/index.ts'

/** Sets of each family, and nodes of a list, that the text shows. JSON has more. */
const SHOWN_SETS = 12
const SHOWN_NODES = 40

/** How to call a node: by its name where it has one, else by its id. */
export const labelsOf = (nodes: readonly FbaNode[]): ((id: string) => string) => {
  const names = new Map(nodes.map(({ id, name }) => [id, name]))
  // Names come from a file that anybody may have written: what a terminal would obey is taken out.
  return (id) => (names.get(id) ?? id).replace(/\p{Cc}/gu, '?')
}

export const reportText = (
  analysis: NetworkAnalysis,
  advice: readonly Advice[],
  label: (id: string) => string
): string => {
  const { nodeCount, dead, organisations, topTier, deletion } = analysis
  const list = (ids: readonly string[]): string =>
    ids.length === 0
      ? 'none'
      : ids.slice(0, SHOWN_NODES).map(label).join(', ') + more(ids.length - SHOWN_NODES)
  const tier = topTier.complete ? '' : ' found so far'
  const lines = [
    `Nodes          ${nodeCount}, of which ${dead.length} have no usable quorum set and count as dead`,
    `Organisations  ${organisations.length}`,
    `Intersection   ${intersectionText(analysis, list)}`,
    `Top tier       ${topTier.members.length} nodes${tier}: ${list(topTier.members)}`
  ]
  if (deletion !== undefined) {
    const effect = deletion.quorumRemains ? 'a quorum remains' : 'no quorum remains'
    lines.push(
      `Deleted        ${list(deletion.nodes)}`,
      `  if silent    ${effect}; stalled with them: ${list(deletion.stalled)}`,
      '  if lying     as above and below: they support any quorum and are in none'
    )
  }
  const families: [string, SetFamily][] = [
    ['Minimal quorums', analysis.minimalQuorums],
    ['Minimal blocking sets', analysis.minimalBlockingSets],
    ['Minimal splitting sets', analysis.minimalSplittingSets]
  ]
  return [
    ...lines,
    familyTable(families),
    ...families.flatMap(([title, family]) => familyLines(title, family, label)),
    ...advice.map(({ level, text }) => `${MARKS[level]} ${text}`)
  ].join('\n')
}

const MARKS = { danger: 'DANGER ', warning: 'WARNING', good: 'OK     ' } as const

const intersectionText = (
  { intersection }: NetworkAnalysis,
  list: (ids: readonly string[]) => string
): string => {
  switch (intersection.status) {
    case 'intersects':
      return 'yes: every two quorums share a node'
    case 'splits':
      return `NO: (${list(intersection.quorums[0])}) and (${list(intersection.quorums[1])}) share none`
    case 'no-quorum':
      return 'there is no quorum'
    case 'undecided':
      return 'undecided within the limit'
  }
}

const familyTable = (families: readonly [string, SetFamily][]): string => {
  const table = new Table({
    head: ['', 'sets', 'smallest', 'largest', 'fewest organisations'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] }
  })
  for (const [title, { complete, count, sizes, fewestOrganisations }] of families) {
    table.push([
      title,
      complete ? `${count}` : `${count} or more (undecided)`,
      `${sizes[0]?.size ?? '-'}`,
      `${sizes.at(-1)?.size ?? '-'}`,
      `${fewestOrganisations?.count ?? '-'}`
    ])
  }
  return table.toString()
}

const familyLines = (title: string, family: SetFamily, label: (id: string) => string): string[] => {
  if (family.sets.length === 0) return []
  const shown = family.sets.slice(0, SHOWN_SETS)
  const represented = shown.reduce((sum, { alike }) => sum + alike, 0n)
  return [
    `${title}:`,
    ...shown.map(({ members, alike }) => {
      const others = alike === 1n ? '' : `  and ${alike - 1n} more by exchanging nodes or organisations alike`
      return `  {${members.map(label).join(', ')}}${others}`
    }),
    ...(represented < family.count ? [`  and ${family.count - represented} more`] : [])
  ]
}

const more = (count: number): string => (count > 0 ? ` and ${count} more` : '')

/** Counts above 2^53 - 1, which a JSON reader would round, become strings of digits. */
export const reportJson = (analysis: NetworkAnalysis, advice: readonly Advice[]): string =>
  JSON.stringify(
    { ...analysis, advice },
    (_, value: unknown) =>
      typeof value !== 'bigint' ? value : value <= Number.MAX_SAFE_INTEGER ? Number(value) : `${value}`,
    2
  )
