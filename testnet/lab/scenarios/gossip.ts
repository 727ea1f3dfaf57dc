// How long a report takes to reach the other peers by gossip, and what the peers send, with random meshes and with meshes
// shaped by distance. All peers are started anew in each way. The peers' clocks are one machine's.
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { quantile, rounded } from '../report.ts'
import { patiently } from '../peers.ts'
import { peersOf } from './lab.ts'
import type { PairTraffic } from '../delay-switch.ts'
import type { LabPeer } from '../peers.ts'
import type { ScenarioReport } from '../report.ts'
import type { Lab } from './lab.ts'

/** Meshes take this long to settle: coordinates, then a few rounds of grafting. */
const SETTLE_MS = 90_000
const WAYS = [
  { name: 'plain', geodesic: 'false' },
  { name: 'geodesic', geodesic: 'true' }
] as const

/** Counts of a histogram by the upper end of each bucket, in seconds; cumulative, as Prometheus has them. */
type Buckets = ReadonlyMap<number, number>

export const gossip = async (lab: Lab): Promise<ScenarioReport> => {
  const { settings, signal, say, delaySwitch } = lab
  const peers = peersOf(lab)
  const numbers = peers.running.map(({ number }) => number)
  const rows: ScenarioReport['rows'][number][] = []
  for (const way of WAYS) {
    for (const number of numbers) await peers.kill(number)
    await Promise.all(
      numbers.map(async (number) => await peers.startPeer(number, { THHE_GEODESIC: way.geodesic }))
    )
    await peers.untilAllSee(numbers.length)
    say(`${way.name}: all peers are up`)
    await delay(SETTLE_MS, undefined, { signal })
    const before = await Promise.all(peers.running.map(figuresOf))
    const sentBefore = sentBytes(await delaySwitch.traffic(), numbers)
    await delay(settings.seconds * 1000, undefined, { signal })
    const sentAfter = sentBytes(await delaySwitch.traffic(), numbers)
    const after = await Promise.all(peers.running.map(figuresOf))
    const delays = sum(after.map(({ buckets }, index) => difference(buckets, before[index].buckets)))
    const links = after.reduce((total, { near, other }) => total + near + other, 0)
    rows.push({
      gossip: way.name,
      reports: delays.get(Infinity) ?? 0,
      'delay p50 ms': rounded(bucketQuantile(delays, 0.5) * 1000, 0),
      'delay p95 ms': rounded(bucketQuantile(delays, 0.95) * 1000, 0),
      'links a mesh': rounded(links / after.length / 2),
      'near links': `${rounded((100 * after.reduce((total, { near }) => total + near, 0)) / Math.max(1, links), 0)} %`,
      'sent p50 KB/s': rounded(
        quantile(
          sentAfter.map((bytes, index) => (bytes - sentBefore[index]) / settings.seconds / 1000),
          0.5
        ),
        1
      )
    })
  }
  return {
    scenario: 'gossip',
    about: `age of reports when they come by gossip, and all traffic of a peer, over ${settings.seconds} s`,
    isGood: true,
    rows,
    notes: [
      '"near links" counts only where peers know who is near; a plain mesh has about as many as chance gives'
    ]
  }
}

const figuresOf = async ({ client }: LabPeer): Promise<{ buckets: Buckets; near: number; other: number }> => {
  const page = await patiently(async () => await text(await client.send(client.open('GET', '/metrics'))))
  const buckets = new Map<number, number>()
  for (const [, le, count] of page.matchAll(/^thhe_report_delay_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)) {
    buckets.set(le === '+Inf' ? Infinity : Number(le), Number(count))
  }
  const links = (kind: string): number =>
    Number(new RegExp(`^thhe_gossip_links\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(page)?.[1] ?? 0)
  return { buckets, near: links('near'), other: links('other') }
}

const difference = (after: Buckets, before: Buckets): Buckets =>
  new Map([...after].map(([le, count]) => [le, count - (before.get(le) ?? 0)]))

const sum = (all: readonly Buckets[]): Buckets => {
  const total = new Map<number, number>()
  for (const buckets of all) for (const [le, count] of buckets) total.set(le, (total.get(le) ?? 0) + count)
  return total
}

/** As Prometheus' histogram_quantile: linear within a bucket. NaN without samples. */
export const bucketQuantile = (buckets: Buckets, q: number): number => {
  const rank = (buckets.get(Infinity) ?? 0) * q
  let [fromLe, fromCount] = [0, 0]
  for (const [le, count] of [...buckets].sort((a, b) => a[0] - b[0])) {
    if (count >= rank && count > 0) {
      if (le === Infinity) return fromLe
      return fromLe + ((le - fromLe) * (rank - fromCount)) / Math.max(1, count - fromCount)
    }
    ;[fromLe, fromCount] = [le, count]
  }
  return Number.NaN
}

const sentBytes = (traffic: readonly PairTraffic[], numbers: readonly number[]): number[] =>
  numbers.map((number) =>
    traffic
      .filter(({ from, to }) => from === number && to !== 0)
      .reduce((total, { bytes }) => total + bytes, 0)
  )
