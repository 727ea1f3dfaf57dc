// How long the validators take to agree on an epoch's map, from a proposal to the decision.
import { setTimeout as delay } from 'node:timers/promises'
import { quantile, rounded } from '../report.ts'
import { patiently } from '../peers.ts'
import { peersOf } from './lab.ts'
import type { ScenarioReport } from '../report.ts'
import type { Lab } from './lab.ts'

const POLL_MS = 1_000

export const epochs = async (lab: Lab): Promise<ScenarioReport> => {
  const { settings, signal } = lab
  const voters = peersOf(lab).running.slice(0, Math.min(settings.validators, 7))
  const about = `time from a validator's proposal to its decision, over ${settings.seconds} s`
  if (voters.length === 0) {
    return {
      scenario: 'epochs',
      about,
      isGood: true,
      rows: [],
      notes: ['there are no validators: --validators 0']
    }
  }
  const decisions = new Map<string, number>()
  const slots = new Set<number>()
  const untilMs = performance.now() + settings.seconds * 1000
  const firstMs = performance.now()
  while (performance.now() < untilMs) {
    await delay(POLL_MS, undefined, { signal })
    for (const { number, client } of voters) {
      const { slot, agreement } = await patiently(client.map)
      if (slot === 0 || agreement?.lastDecisionMs === undefined) continue
      slots.add(slot)
      decisions.set(`${number}/${slot}`, agreement.lastDecisionMs)
    }
  }
  const tookMs = [...decisions.values()]
  const seconds = (performance.now() - firstMs) / 1000
  return {
    scenario: 'epochs',
    about,
    isGood: slots.size > 1,
    rows: [
      {
        validators: settings.validators,
        epochs: slots.size,
        'seconds an epoch': rounded(seconds / Math.max(1, slots.size)),
        'decided p50 ms': rounded(quantile(tookMs, 0.5), 0),
        'decided p95 ms': rounded(quantile(tookMs, 0.95), 0)
      }
    ],
    notes: slots.size > 1 ? [] : ['fewer than two maps were agreed on']
  }
}
