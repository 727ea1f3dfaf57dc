// How soon the first byte of an object comes, when holders are chosen by the map and when they are not. The same readers
// read the same objects in both ways; each reader is started anew before, so that it has no experience with the holders.
import { setTimeout as delay } from 'node:timers/promises'
import { seededDice } from '../../../src/manifold/simulation/index.ts'
import { putObject, readObject } from '../objects.ts'
import { quantile, rounded } from '../report.ts'
import { peersOf } from './lab.ts'
import type { StoredObject } from '../objects.ts'
import type { LabPeers } from '../peers.ts'
import type { ScenarioReport } from '../report.ts'
import type { Lab } from './lab.ts'

const READERS = 4
/** A reader that has just been started measures its peers for so long before it reads. */
const SETTLE_MS = 25_000
const WAYS = [
  { name: 'random holders', geodesic: 'false' },
  { name: 'by the map', geodesic: 'true' }
] as const

interface Sample {
  readonly firstByteMs: number
  readonly lastByteMs: number
}

export const reads = async (lab: Lab): Promise<ScenarioReport> => {
  const { settings, say } = lab
  const peers = peersOf(lab)
  const dice = seededDice(settings.seed)
  // Not the bootstrap peers, nor validators where others can be had: they go down and come up.
  const candidates = peers.running
    .map(({ number }) => number)
    .filter((number) => number > settings.validators)
  const readers = dice.sample(
    candidates.length >= READERS ? candidates : peers.running.slice(2).map(({ number }) => number),
    READERS
  )
  const writers = peers.running.filter(({ number }) => !readers.includes(number))
  const objects: StoredObject[] = []
  for (let index = 0; index < settings.objects; index++) {
    objects.push(await putObject(writers[index % writers.length].client, settings.objectBytes, settings))
  }
  say(`put ${objects.length} objects; readers are peers ${readers.join(', ')}`)
  const results = []
  for (const way of WAYS)
    results.push({ way, ...(await readAll(lab, peers, readers, objects, way.geodesic)) })
  const base = quantile(
    results[0].samples.map(({ firstByteMs }) => firstByteMs),
    0.5
  )
  const failures = results.reduce((sum, { failed }) => sum + failed, 0)
  return {
    scenario: 'reads',
    about: `${objects.length} objects of ${settings.objectBytes} bytes, code ${settings.k}/${settings.n}, read by ${readers.length} peers`,
    isGood: failures === 0,
    rows: results.map(({ way, samples }) => {
      const firstMs = samples.map(({ firstByteMs }) => firstByteMs)
      return {
        holders: way.name,
        reads: samples.length,
        'first byte p50 ms': rounded(quantile(firstMs, 0.5), 0),
        'first byte p90 ms': rounded(quantile(firstMs, 0.9), 0),
        'whole p50 ms': rounded(
          quantile(
            samples.map(({ lastByteMs }) => lastByteMs),
            0.5
          ),
          0
        ),
        'first byte p50': `${rounded((quantile(firstMs, 0.5) / base - 1) * 100, 0)} %`
      }
    }),
    notes: failures === 0 ? [] : [`${failures} reads failed or gave other bytes`]
  }
}

const readAll = async (
  { signal }: Lab,
  peers: LabPeers,
  readers: readonly number[],
  objects: readonly StoredObject[],
  geodesic: string
): Promise<{ samples: Sample[]; failed: number }> => {
  const size = peers.running.length
  for (const reader of readers) {
    await peers.kill(reader)
    await peers.startPeer(reader, { THHE_GEODESIC: geodesic })
  }
  await peers.untilAllSee(size)
  await delay(SETTLE_MS, undefined, { signal })
  const samples: Sample[] = []
  let failed = 0
  // One read at a time: what is measured is the way, not this machine's processors.
  for (const object of objects) {
    for (const reader of readers) {
      signal.throwIfAborted()
      const read = await readObject(peers.get(reader).client, object).catch(() => undefined)
      if (read?.isSame === true) samples.push(read)
      else failed++
    }
  }
  return { samples, failed }
}
