// Whether the peers' coordinates predict what ping measures, all pairs, while they settle.
import { setTimeout as delay } from 'node:timers/promises'
import { pingAll } from '../delay-switch.ts'
import { quantile, rounded } from '../report.ts'
import { patiently } from '../peers.ts'
import { peersOf } from './lab.ts'
import type { ScenarioReport } from '../report.ts'
import type { Lab } from './lab.ts'

const PINGS = 3
const LOOKS = 4
/** Nearest peers whose recall is counted. */
const NEAREST = 5

export const coordinates = async (lab: Lab): Promise<ScenarioReport> => {
  const { program, namespaces, settings, signal } = lab
  const peers = peersOf(lab)
  const pings = await pingAll(program, namespaces, PINGS)
  const pinged = new Map(
    pings.filter(({ received }) => received > 0).map(({ from, to, minMs }) => [`${from}/${to}`, minMs])
  )
  const startedMs = performance.now()
  const rows: ScenarioReport['rows'][number][] = []
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await delay((settings.seconds * 1000) / (LOOKS - 1), undefined, { signal })
    const predictions: Prediction[] = []
    for (const { number, client } of peers.running) {
      const { peers: known } = await patiently(client.peers)
      for (const { id, predictedRttMicros } of known) {
        const to = peers.numberOf(id)
        const pingMs = pinged.get(`${number}/${to}`)
        if (to === undefined || pingMs === undefined || predictedRttMicros === undefined) continue
        predictions.push({ from: number, to, pingMs, predictedMs: predictedRttMicros / 1000 })
      }
    }
    rows.push(row((performance.now() - startedMs) / 1000, predictions, pinged.size))
  }
  return {
    scenario: 'coordinates',
    about: `round-trip times by the peers' coordinates against ping, ${pinged.size} pairs`,
    isGood: true,
    rows,
    notes: []
  }
}

interface Prediction {
  readonly from: number
  readonly to: number
  readonly pingMs: number
  readonly predictedMs: number
}

const row = (seconds: number, predictions: readonly Prediction[], pairs: number) => {
  const errors = predictions.map(({ pingMs, predictedMs }) => Math.abs(predictedMs - pingMs) / pingMs)
  const number = (value: number): number | string => (Number.isNaN(value) ? '-' : rounded(value, 3))
  return {
    'after s': rounded(seconds, 0),
    'pairs predicted': `${predictions.length} of ${pairs}`,
    'error p50': number(quantile(errors, 0.5)),
    'error p90': number(quantile(errors, 0.9)),
    [`${NEAREST} nearest found`]: number(recall(predictions))
  }
}

/** Share of each peer's nearest by ping that are among its nearest by coordinates. */
const recall = (predictions: readonly Prediction[]): number => {
  const shares = [...new Set(predictions.map(({ from }) => from))].map((peer) => {
    const own = predictions.filter(({ from }) => from === peer)
    const nearest = (key: 'pingMs' | 'predictedMs'): number[] =>
      [...own]
        .sort((a, b) => a[key] - b[key])
        .slice(0, NEAREST)
        .map(({ to }) => to)
    const found = nearest('predictedMs')
    const wanted = nearest('pingMs')
    return wanted.filter((to) => found.includes(to)).length / wanted.length
  })
  return shares.length === 0 ? Number.NaN : shares.reduce((sum, share) => sum + share, 0) / shares.length
}
