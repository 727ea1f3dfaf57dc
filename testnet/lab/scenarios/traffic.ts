// What peers send when nobody puts or gets: reports, gossip, agreement, the DHT and pings, counted by the network.
import { setTimeout as delay } from 'node:timers/promises'
import { quantile, rounded } from '../report.ts'
import { peersOf } from './lab.ts'
import type { PairTraffic } from '../delay-switch.ts'
import type { ScenarioReport } from '../report.ts'
import type { Lab } from './lab.ts'

export const traffic = async (lab: Lab): Promise<ScenarioReport> => {
  const { delaySwitch, settings, signal } = lab
  const numbers = peersOf(lab).running.map(({ number }) => number)
  const before = await delaySwitch.traffic()
  await delay(settings.seconds * 1000, undefined, { signal })
  const after = await delaySwitch.traffic()
  const validators = numbers.filter((number) => number <= settings.validators)
  const others = numbers.filter((number) => number > settings.validators)
  const row = (who: string, group: readonly number[]) => {
    const sent = group.map((number) => sentBy(number, after).bytes - sentBy(number, before).bytes)
    const packets = group.map((number) => sentBy(number, after).packets - sentBy(number, before).packets)
    return {
      peers: `${group.length} ${who}`,
      'sent p50 KB/s': rounded(quantile(sent, 0.5) / settings.seconds / 1000, 2),
      'sent most KB/s': rounded(Math.max(...sent) / settings.seconds / 1000, 2),
      'packets p50 /s': rounded(quantile(packets, 0.5) / settings.seconds)
    }
  }
  return {
    scenario: 'traffic',
    about: `what each peer sends while nobody puts or gets, IP packets over ${settings.seconds} s`,
    isGood: true,
    rows: [
      ...(validators.length > 0 ? [row('validators', validators)] : []),
      ...(others.length > 0 ? [row('others', others)] : [])
    ],
    notes: []
  }
}

/** Without what goes to the lab itself, host 0. */
const sentBy = (number: number, traffic: readonly PairTraffic[]): { bytes: number; packets: number } => {
  const own = traffic.filter(({ from, to }) => from === number && to !== 0)
  return {
    bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
    packets: own.reduce((sum, { packets }) => sum + packets, 0)
  }
}
