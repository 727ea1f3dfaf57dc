// A partition that heals: a third of the peers is cut off for a while. Objects are compared by content before, during
// and after; a side that has too few shards may fail to read, but nobody may read wrong bytes, and nothing may be lost.
import { setTimeout as delay } from 'node:timers/promises'
import { seededDice } from '../../../src/manifold/simulation/index.ts'
import { inParallel, putObject, readObject } from '../objects.ts'
import { patiently } from '../peers.ts'
import { peersOf } from './lab.ts'
import type { StoredObject } from '../objects.ts'
import type { LabPeer } from '../peers.ts'
import type { ScenarioReport } from '../report.ts'
import type { Lab } from './lab.ts'

const READERS = 3
const READS_AT_ONCE = 12

interface Outcome {
  same: number
  differ: number
  unreadable: number
}

export const partition = async (lab: Lab): Promise<ScenarioReport> => {
  const { settings, links, delaySwitch, signal, say } = lab
  const peers = peersOf(lab)
  const dice = seededDice(settings.seed)
  const all = peers.running
  const minority = dice.sample(all, Math.floor(all.length / 3))
  const majority = all.filter((peer) => !minority.includes(peer))
  const rows: ScenarioReport['rows'][number][] = []
  const measure = async (
    when: string,
    where: string,
    readers: readonly LabPeer[],
    objects: readonly StoredObject[]
  ) => {
    const outcome = await readAll(dice.sample(readers, READERS), objects, signal)
    rows.push({ when, 'read at': where, objects: objects.length, ...outcome, map: await mapStates(readers) })
    return outcome
  }

  const objects: StoredObject[] = []
  for (let index = 0; index < settings.objects; index++) {
    objects.push(await putObject(all[index % all.length].client, settings.objectBytes, settings))
  }
  const before = await measure('before', 'all', all, objects)
  links.partition([minority.map(({ number }) => number)])
  delaySwitch.apply(links)
  say(`cut off peers ${minority.map(({ number }) => number).join(', ')}`)
  await delay(settings.seconds * 1000, undefined, { signal })
  const during = await measure('during', 'two thirds', majority, objects)
  const cutOff = await measure('during', 'one third', minority, objects)
  const written = await putObject(majority[0].client, settings.objectBytes, settings).catch(
    (error: unknown) => {
      say(`a put in the larger part failed: ${(error as Error).message}`)
      return undefined
    }
  )
  links.heal()
  delaySwitch.apply(links)
  say('healed')
  const healedMs = performance.now()
  await peers.untilAllSee(all.length)
  const togetherMs = performance.now() - healedMs
  const after = await measure('after', 'all', all, written === undefined ? objects : [...objects, written])
  const isGood =
    [before, during, cutOff, after].every(({ differ }) => differ === 0) &&
    before.unreadable + after.unreadable === 0
  return {
    scenario: 'partition',
    about: `${minority.length} of ${all.length} peers cut off for ${settings.seconds} s; each object read through ${READERS} peers and compared`,
    isGood,
    rows,
    notes: [
      `all peers saw each other ${(togetherMs / 1000).toFixed(1)} s after the partition healed`,
      written === undefined
        ? 'no object could be put in the larger part'
        : 'an object was put in the larger part meanwhile'
    ]
  }
}

const readAll = async (
  readers: readonly LabPeer[],
  objects: readonly StoredObject[],
  signal: AbortSignal
): Promise<Outcome> => {
  const outcome = { same: 0, differ: 0, unreadable: 0 }
  const reads = readers.flatMap(({ client }) => objects.map((object) => ({ client, object })))
  await inParallel(reads, READS_AT_ONCE, async ({ client, object }) => {
    signal.throwIfAborted()
    const read = await readObject(client, object).catch(() => undefined)
    if (read === undefined) outcome.unreadable++
    else if (read.isSame) outcome.same++
    else outcome.differ++
  })
  return outcome
}

/** What the peers say of their maps, such as '20 agreed'. */
const mapStates = async (peers: readonly LabPeer[]): Promise<string> => {
  const states = await Promise.all(peers.map(async ({ client }) => (await patiently(client.map)).state))
  return [...new Set(states)]
    .map((state) => `${states.filter((one) => one === state).length} ${state}`)
    .join(', ')
}
