import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { NodeClient } from '../../src/cli/client.ts'
import { clusterKill } from '../../src/cli/cluster/cluster.ts'
import type { RunningPeer } from '../../src/cli/cluster/cluster.ts'
import { Prng } from '../sim/engine/index.ts'
import { inParallel } from './in-parallel.ts'
import { healTotals, since, type HealTotals } from './meter.ts'
import { isSame, putObject } from './objects.ts'
import type { ObjectPlan, StoredObject } from './objects.ts'

export interface AttritionSettings {
  readonly folder: string
  /** Sharded objects, of `minBytes` to `maxBytes`. */
  readonly objects: number
  readonly minBytes: number
  readonly maxBytes: number
  /** Objects so small that their manifest contains them. */
  readonly inline: number
  /** Codes of the objects, taken in turns. */
  readonly codes: ReadonlyArray<{ readonly k: number; readonly n: number }>
  readonly waves: number
  /** Peers killed in each wave. */
  readonly kills: number
  /** A wave that has not healed after so long ends the run. */
  readonly healTimeoutMs: number
  /** Decides the sizes of the objects and who is killed. */
  readonly seed: number
  readonly signal: AbortSignal
  /** One line about what happens. */
  readonly say: (line: string) => void
}

export interface WaveReport {
  /** Numbers of the peers that were killed. */
  readonly killed: readonly number[]
  readonly living: number
  /** What the killed peers had on disk. */
  readonly lostBytes: number
  /** From the kill until every object had all of its shards, or copies, again; null when it did not come to that in time. */
  readonly healedMs: number | null
  readonly readBytes: number
  readonly sentBytes: number
  /** (readBytes + sentBytes) / lostBytes. */
  readonly movedPerLostByte: number
  readonly repaired: number
  readonly rebuilt: number
  /** Rebuilt shards that their holder had already. */
  readonly repeated: number
  readonly yielded: number
  /** Objects that waited for repair somewhere when the wave ended. */
  readonly waiting: number
  readonly failures: number
  /** Objects that still missed something when the wave ended. */
  readonly unhealed: readonly string[]
}

export interface AttritionReport {
  readonly objects: number
  readonly inline: number
  readonly storedBytes: number
  /** The peer that every object was put through; it is among the first that are killed. */
  readonly owner: number
  readonly waves: readonly WaveReport[]
  /** Objects whose bytes came back as they were put. */
  readonly same: number
  readonly lost: ReadonlyArray<{ readonly cid: string; readonly reason: string }>
  readonly differing: readonly string[]
}

/** An inline object has at most 64 KiB (docs/reference/protocols.md). */
const MAX_INLINE_BYTES = 64 * 1024
const PUTS_AT_ONCE = 4
const QUESTIONS_AT_ONCE = 8
const READS_AT_ONCE = 3
const POLL_MS = 500
/** How long the last repair may take to be counted once all shards are live. */
const SETTLE_MS = 10_000
/** Peers through which an object is tried to be read before it counts as lost. */
const READERS = 3

/** Nothing is lost, nothing differs, and every wave healed in time. */
export const isGood = ({ waves, lost, differing }: AttritionReport): boolean =>
  lost.length === 0 && differing.length === 0 && waves.every(({ healedMs }) => healedMs !== null)

/** Puts objects, kills peers for good wave by wave, waits each time until the mesh has healed, and reads everything. */
export const runAttrition = async (
  peers: readonly RunningPeer[],
  settings: AttritionSettings
): Promise<AttritionReport> => {
  const random = new Prng(settings.seed)
  const owner = random.pick(peers)
  const objects = await putAll(owner, plans(settings, random), settings)
  const waves: WaveReport[] = []
  let living = peers
  while (waves.length < settings.waves) {
    const first = waves.length === 0 ? [owner] : []
    const others = living.filter((peer) => !first.includes(peer))
    const victims = [...first, ...random.sample(others, settings.kills - first.length)]
    living = living.filter((peer) => !victims.includes(peer))
    const wave = await runWave(victims, living, objects, settings)
    waves.push(wave)
    if (wave.healedMs === null) break
  }
  return {
    objects: objects.filter(({ inline }) => !inline).length,
    inline: objects.filter(({ inline }) => inline).length,
    storedBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    owner: owner.number,
    waves,
    ...(await readAll(living, objects, random, settings))
  }
}

const plans = (
  { objects, inline, minBytes, maxBytes, codes }: AttritionSettings,
  random: Prng
): ObjectPlan[] => [
  ...Array.from({ length: objects }, (_, index) => ({
    ...codes[index % codes.length],
    sizeBytes: minBytes + random.below(maxBytes - minBytes + 1)
  })),
  ...Array.from({ length: inline }, (_, index) => ({
    ...codes[index % codes.length],
    sizeBytes: 1 + random.below(MAX_INLINE_BYTES)
  }))
]

const putAll = async (
  { client, number }: RunningPeer,
  planned: readonly ObjectPlan[],
  { say, signal }: AttritionSettings
): Promise<StoredObject[]> => {
  const startedMs = performance.now()
  const stored = await inParallel(planned, PUTS_AT_ONCE, async (plan) => {
    signal.throwIfAborted()
    return await putObject(client, plan)
  })
  const megabytes = stored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6
  say(
    `put ${stored.length} objects, ${megabytes.toFixed(1)} MB, through peer ${number} in ${seconds(performance.now() - startedMs)}`
  )
  return stored
}

const runWave = async (
  victims: readonly RunningPeer[],
  living: readonly RunningPeer[],
  objects: readonly StoredObject[],
  settings: AttritionSettings
): Promise<WaveReport> => {
  const { folder, say, healTimeoutMs } = settings
  const clients = living.map(({ client }) => client)
  const usages = await Promise.all(victims.map(async ({ client }) => (await client.status()).usage))
  const lostBytes = usages.reduce((sum, { usedBytes }) => sum + usedBytes, 0)
  const before = await healTotals(clients)
  const killed = victims.map(({ number }) => number)
  await clusterKill(folder, killed)
  const killedMs = performance.now()
  say(`killed peers ${killed.join(', ')}, with ${(lostBytes / 1e6).toFixed(1)} MB`)

  const unhealed = await waitForFullRedundancy(clients, objects, killedMs + healTimeoutMs, settings)
  const healedMs = unhealed.length === 0 ? Math.round(performance.now() - killedMs) : null
  const done = since(before, await settledTotals(clients, before, settings.signal))
  const { readBytes, sentBytes } = done
  const movedPerLostByte = (readBytes + sentBytes) / Math.max(1, lostBytes)
  say(
    healedMs === null
      ? `not healed after ${seconds(healTimeoutMs)}: ${unhealed.length} objects miss shards or copies`
      : `all objects have all shards after ${seconds(healedMs)}; ${movedPerLostByte.toFixed(2)} bytes moved per byte lost`
  )
  return {
    killed,
    living: living.length,
    lostBytes,
    healedMs,
    ...done,
    movedPerLostByte,
    unhealed: unhealed.map(({ cid }) => cid)
  }
}

/**
 * A peer counts a repair when it has ended it, after the last shard is live and this program has seen all shards: the totals
 * are those that have not changed for a while, and have some repair in them unless none comes.
 */
const settledTotals = async (
  clients: readonly NodeClient[],
  before: HealTotals,
  signal: AbortSignal
): Promise<HealTotals> => {
  const deadlineMs = performance.now() + SETTLE_MS
  let totals = await healTotals(clients)
  while (performance.now() < deadlineMs) {
    await delay(POLL_MS, undefined, { signal })
    const later = await healTotals(clients)
    if (later.repaired > before.repaired && isDeepStrictEqual(later, totals)) return later
    totals = later
  }
  return totals
}

/** @returns the objects that still miss something at the deadline; none when all are whole */
const waitForFullRedundancy = async (
  clients: readonly NodeClient[],
  objects: readonly StoredObject[],
  deadlineMs: number,
  { signal }: AttritionSettings
): Promise<StoredObject[]> => {
  let missing = [...objects]
  for (let round = 0; ; round++) {
    const whole = await inParallel(missing, QUESTIONS_AT_ONCE, async (object, index) => {
      signal.throwIfAborted()
      return await isWhole(clients[(round + index) % clients.length], object, clients.length)
    })
    missing = missing.filter((_, index) => !whole[index])
    if (missing.length === 0 || performance.now() > deadlineMs) return missing
    await delay(POLL_MS, undefined, { signal })
  }
}

/** All of its shards are live; or all of its copies, or one at every peer. A failed question counts as no. */
const isWhole = async (client: NodeClient, object: StoredObject, living: number): Promise<boolean> => {
  try {
    const { live } = await client.stat(object.cid)
    return live >= (object.inline ? Math.min(object.pieces, living) : object.pieces)
  } catch {
    return false
  }
}

const readAll = async (
  living: readonly RunningPeer[],
  objects: readonly StoredObject[],
  random: Prng,
  { say, signal }: AttritionSettings
): Promise<Pick<AttritionReport, 'same' | 'lost' | 'differing'>> => {
  const lost: Array<{ cid: string; reason: string }> = []
  const differing: string[] = []
  let same = 0
  await inParallel(objects, READS_AT_ONCE, async (object) => {
    signal.throwIfAborted()
    const outcome = await readThroughAny(random.sample(living, READERS), object)
    if (outcome === 'same') same++
    else if (outcome === 'differs') differing.push(object.cid)
    else lost.push({ cid: object.cid, reason: outcome.reason })
  })
  say(`read ${objects.length} objects: ${same} are the same, ${lost.length} lost, ${differing.length} differ`)
  return { same, lost, differing }
}

/** An object is lost only when none of several peers can read it. */
const readThroughAny = async (
  readers: readonly RunningPeer[],
  object: StoredObject
): Promise<'same' | 'differs' | { readonly reason: string }> => {
  const reasons: string[] = []
  for (const { number, client } of readers) {
    try {
      return (await isSame(client, object)) ? 'same' : 'differs'
    } catch (error) {
      reasons.push(`peer ${number}: ${(error as Error).message}`)
    }
  }
  return { reason: reasons.join(' ') }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
