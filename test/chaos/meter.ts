import { text } from 'node:stream/consumers'
import type { NodeClient } from '../../src/cli/client.ts'

/** What repair has moved and done on some peers, since they started. */
export interface HealTotals {
  /** Block bytes that peers handed to others: what repair reads. */
  readonly readBytes: number
  /** Bytes of rebuilt shards, and of copies of inline objects, that were sent. */
  readonly sentBytes: number
  readonly repaired: number
  readonly rebuilt: number
  /** Shards sent to a holder that had them whole: two peers repaired the same. */
  readonly repeated: number
  /** Repairs left to another peer that was already at it. */
  readonly yielded: number
  readonly failures: number
  /** Objects that wait for repair, or for a peer to come back, added up over the peers. */
  readonly waiting: number
}

const METRICS: Readonly<Record<keyof HealTotals, string>> = {
  readBytes: 'thhe_holder_bytes_out_total',
  sentBytes: 'thhe_heal_sent_bytes_total',
  repaired: 'thhe_heal_repaired_total',
  rebuilt: 'thhe_heal_shards_rebuilt_total',
  repeated: 'thhe_holder_shards_repeated_total',
  yielded: 'thhe_heal_yielded_total',
  failures: 'thhe_heal_failures_total',
  waiting: 'thhe_heal_waiting_objects'
}
const NAMES = Object.keys(METRICS) as Array<keyof HealTotals>

/** Adds up the metrics of these peers. @throws CliError when one of them does not answer */
export const healTotals = async (clients: readonly NodeClient[]): Promise<HealTotals> => {
  const pages = await Promise.all(
    clients.map(async (client) => await text(await client.send(client.open('GET', '/metrics'))))
  )
  return totals((name) => pages.reduce((sum, page) => sum + metric(page, METRICS[name]), 0))
}

/** What came between two totals of the same peers; `waiting` is that of the later one. */
export const since = (before: HealTotals, after: HealTotals): HealTotals =>
  totals((name) => (name === 'waiting' ? after.waiting : after[name] - before[name]))

const totals = (valueOf: (name: keyof HealTotals) => number): HealTotals =>
  Object.fromEntries(NAMES.map((name) => [name, valueOf(name)])) as unknown as HealTotals

/** @throws Error when the page has no such metric: a renamed one must not read as 0 */
const metric = (page: string, name: string): number => {
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1]
  if (value !== undefined) return Number(value)
  throw new Error(`The node exports no metric ${name}; see src/node/metrics.ts.`)
}
