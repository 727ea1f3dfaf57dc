// Whether the lab's network is what was asked for: ICMP echo between all pairs of hosts.
import { pingAll } from '../delay-switch.ts'
import { quantile, rounded } from '../report.ts'
import type { Ping } from '../delay-switch.ts'
import type { LinkTable } from '../links.ts'
import type { ScenarioReport } from '../report.ts'
import type { Lab } from './lab.ts'

const ROUNDS = 5
/** Asked round-trip times of the rows: from 0, then from each of these on. */
const BANDS_MS = [0, 20, 50, 100, 200]

export const ping = async ({ program, namespaces, links, settings }: Lab): Promise<ScenarioReport> => {
  const pings = await pingAll(program, namespaces, ROUNDS)
  const heard = pings.filter(({ received }) => received > 0)
  return {
    scenario: 'ping',
    about: `round-trip times asked for and got, ${pings.length} pairs, ${ROUNDS} pings each`,
    isGood: settings.lossPercent > 0 || heard.length === pings.length,
    rows: BANDS_MS.map((fromMs, band) => {
      const toMs = BANDS_MS[band + 1] ?? Number.POSITIVE_INFINITY
      return bandRow(fromMs, toMs, heard, links)
    }).filter(({ pairs }) => pairs > 0),
    notes: heard.length === pings.length ? [] : [`${pings.length - heard.length} pairs did not answer`]
  }
}

const bandRow = (fromMs: number, toMs: number, pings: readonly Ping[], links: LinkTable) => {
  const here = pings.filter(({ from, to }) => links.rttMs(from, to) >= fromMs && links.rttMs(from, to) < toMs)
  const late = here.map(({ from, to, medianMs }) => medianMs - links.rttMs(from, to))
  return {
    asked: toMs === Number.POSITIVE_INFINITY ? `${fromMs} ms and more` : `${fromMs} to ${toMs} ms`,
    pairs: here.length,
    'asked p50 ms': rounded(
      quantile(
        here.map(({ from, to }) => links.rttMs(from, to)),
        0.5
      ),
      2
    ),
    'got p50 ms': rounded(
      quantile(
        here.map(({ medianMs }) => medianMs),
        0.5
      ),
      2
    ),
    'late p50 ms': rounded(quantile(late, 0.5), 3),
    'late p95 ms': rounded(quantile(late, 0.95), 3)
  }
}
