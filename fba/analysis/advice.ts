// Advice for operators from the results of an analysis.

import { hasMinorityThreshold } from '../quorum-set.ts'
import type { NodeId, QuorumSet } from '../types.ts'
import type { NetworkAnalysis } from './analyze.ts'
import type { SetFamily } from './family.ts'

export interface Advice {
  /** danger: agreement can fail as it is, or because of one party; warning: because of two, or unknown. */
  readonly level: 'danger' | 'warning' | 'good'
  readonly text: string
}

/** Number of parties that are still likely to fail together: warn up to this number. */
const LIKELY_TOGETHER = 2

/** Maximum nodes named in one sentence. */
const MAX_NAMED = 10

/**
 * @param quorumSets the sets in use, to check for thresholds of half or less
 * @param label gives the name of a node
 * @returns sentences, the most severe first
 */
export function adviseOn(
  analysis: NetworkAnalysis,
  quorumSets: readonly QuorumSet[] = [],
  label: (id: NodeId) => string = (id) => id
): Advice[] {
  const list = (ids: readonly NodeId[]): string =>
    ids.slice(0, MAX_NAMED).map(label).join(', ') +
    (ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : '')
  const { intersection, minimalBlockingSets, minimalSplittingSets, dead } = analysis
  const advice: Advice[] = []
  switch (intersection.status) {
    case 'no-quorum':
      advice.push({ level: 'danger', text: 'There is no quorum: these nodes can never agree on anything.' })
      break
    case 'splits': {
      const [one, other] = intersection.quorums.map(list)
      const text = `You can be split as you are: (${one}) and (${other}) can each decide alone, and differently.`
      advice.push({ level: 'danger', text: `${text} Raise thresholds until every two quorums share a node.` })
      break
    }
    case 'undecided':
      advice.push({ level: 'warning', text: 'Whether you can be split was not decided within the limit.' })
      break
    case 'intersects':
      advice.push({
        level: 'good',
        text: 'Every two quorums share a node: while all tell the truth, none can disagree.'
      })
  }
  if (intersection.status === 'intersects' || intersection.status === 'undecided') {
    advice.push(...adviseOnFailure(analysis, minimalSplittingSets, 'lying together', 'split you', list))
  }
  if (intersection.status !== 'no-quorum') {
    advice.push(...adviseOnFailure(analysis, minimalBlockingSets, 'failing together', 'halt you', list))
  }
  for (const set of quorumSets.filter(hasMinorityThreshold)) {
    const entries = set.validators.length + set.innerSets.length
    const which = `The quorum set that asks for ${set.threshold} of ${entries}`
    advice.push({
      level: 'warning',
      text: `${which} is content, there or further in, with half of its entries or fewer: two halves could decide apart.`
    })
  }
  if (dead.length > 0) {
    const [have, count] = dead.length === 1 ? ['node has', 'counts'] : ['nodes have', 'count']
    advice.push({
      level: 'warning',
      text: `${dead.length} ${have} no usable quorum set and ${count} as dead: ${list(dead)}.`
    })
  }
  const order: Advice['level'][] = ['danger', 'warning', 'good']
  return advice.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level))
}

/** "2 organisations failing together can halt you": the smallest number of parties, and an example. */
function adviseOnFailure(
  analysis: NetworkAnalysis,
  family: SetFamily,
  failing: string,
  effect: string,
  list: (ids: readonly NodeId[]) => string
): Advice[] {
  const { fewestOrganisations: fewest, complete } = family
  if (fewest === undefined) {
    const text = `How few failures could ${effect} was not decided within the limit.`
    return complete ? [] : [{ level: 'warning', text }]
  }
  const organised = analysis.organisations.some((members) => members.length > 1)
  const party = organised ? 'organisation' : 'node'
  const parties = fewest.count === 1 ? `1 ${party}` : `${fewest.count} ${party}s`
  const together = fewest.count === 1 ? failing.replace(' together', '') : failing
  const certainty = complete ? '' : ' (perhaps fewer: the limit ended the search)'
  const level =
    fewest.count === 1 ? 'danger' : fewest.count <= LIKELY_TOGETHER || !complete ? 'warning' : 'good'
  const text = `${parties} ${together} can ${effect}${certainty}: for example ${list(fewest.example)}.`
  return [{ level, text: level === 'good' ? `It takes ${text.replace(' can ', ' to ')}` : text }]
}
