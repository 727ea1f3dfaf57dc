import { mostFrequent } from './integers.ts'

/**
 * Merges domains whose operators say that they fail together. A label may merge domains but never splits one. A domain
 * takes the label that most of its peers report (of equals, the first in code unit order), so that a stranger with several
 * labels cannot chain the domains of others together.
 *
 * @param peers - each with its observed domain and the label that it reports, '' for none
 * @returns the failure domain of each, in the same order
 */
export function mergeByLabel(
  peers: ReadonlyArray<{ readonly domain: string; readonly label: string }>
): string[] {
  const votes = new Map<string, string[]>()
  for (const { domain, label } of peers) {
    if (label === '') continue
    const labels = votes.get(domain)
    if (labels === undefined) votes.set(domain, [label])
    else labels.push(label)
  }
  const chosen = new Map([...votes].map(([domain, labels]) => [domain, `label:${mostFrequent(labels)}`]))
  return peers.map(({ domain }) => chosen.get(domain) ?? domain)
}
