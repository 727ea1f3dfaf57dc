import { setTimeout as delay } from 'node:timers/promises'
import { clusterKill } from '../../src/cli/cluster/cluster.ts'
import type { RunningPeer } from '../../src/cli/cluster/cluster.ts'
import type { ChangedJson, SlotChangeJson } from '../../src/gateway/index.ts'
import { Prng } from '../sim/engine/index.ts'

export interface SlotsSettings {
  readonly folder: string
  /** Times that all peers try to be the one that changes a slot. */
  readonly races: number
  /** Every so-many-th race a peer is killed while it is under way; 0 for never. */
  readonly killEvery: number
  readonly healTimeoutMs: number
  readonly seed: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** Starts the killed peers again, and waits until all know all. */
  readonly restart: () => Promise<readonly RunningPeer[]>
}

export interface SlotsReport {
  readonly races: number
  readonly kills: number
  /** Races in which one peer was told that it won, and all others that run which one that was. */
  readonly clean: number
  /** Races whose winner was killed before it was told, or was told too late. */
  readonly untold: number
  /** Races that two peers were told to have won, or whose losers were told of another winner. */
  readonly wrong: readonly string[]
  readonly seconds: number
  /** Additions that were tried, and that were acknowledged; the counter lies between the two. */
  readonly tried: number
  readonly acknowledged: number
  readonly counter: number
  /** Whether every peer has the same slots in the end. */
  readonly same: boolean
}

/** Nothing was won twice, acknowledged and lost, or made twice; and everybody agrees. */
export const isExact = ({ wrong, tried, acknowledged, counter, same, clean }: SlotsReport): boolean =>
  wrong.length === 0 && counter >= acknowledged && counter <= tried && same && clean > 0

type Told =
  | { readonly kind: 'won'; readonly id: string }
  | { readonly kind: 'lost'; readonly winner: unknown }
  /** Killed, or not decided in time. */
  | { readonly kind: 'unknown' }

const POLL_MS = 250

/** All peers race for a slot again and again, and add to a counter, while some of them are killed. */
export const runSlots = async (
  first: readonly RunningPeer[],
  settings: SlotsSettings
): Promise<SlotsReport> => {
  const { folder, races, killEvery, signal, say, restart } = settings
  const random = new Prng(settings.seed)
  let peers = first
  const [{ client }] = peers
  const race = (await create(client, 'race', 'bytes')).name
  const counter = (await create(client, 'counter', 'integer')).name
  await everybodySees(peers, [race, counter], settings)
  const wrong: string[] = []
  let [clean, untold, kills, tried, acknowledged, version] = [0, 0, 0, 0, 0, 1]
  const startedMs = performance.now()
  for (let round = 1; round <= races; round++) {
    signal.throwIfAborted()
    const isKill = killEvery > 0 && round % killEvery === 0
    const told = peers.map(async (peer, i) => {
      const value = Buffer.from(`${round} ${i}`).toString('base64url')
      return await outcome(peer, race, { type: 'set', expected: version, value })
    })
    const adds = peers.map(async (peer) => await outcome(peer, counter, { type: 'add', value: '1' }))
    tried += adds.length
    if (isKill) {
      const [victim] = random.sample(peers, 1)
      await delay(random.below(200), undefined, { signal })
      await clusterKill(folder, [victim.number])
      kills++
    }
    const outcomes = await Promise.all(told)
    acknowledged += (await Promise.all(adds)).filter(({ kind }) => kind === 'won').length
    if (isKill) peers = await restart()
    const problem = problemOf(outcomes)
    if (problem !== undefined) wrong.push(`race ${round}: ${problem}`)
    const isClean = outcomes.filter(({ kind }) => kind === 'won').length === 1
    if (isClean && outcomes.every(({ kind }) => kind !== 'unknown')) clean++
    else if (problem === undefined) untold++
    version = isClean && !isKill ? version + 1 : await newestVersion(peers, race, settings)
    if (round % 100 === 0) say(`${round} races: ${clean} clean, ${untold} untold, ${wrong.length} wrong`)
  }
  const seconds = (performance.now() - startedMs) / 1000
  const same = await everybodySees(peers, [race, counter], settings)
  const { agreed } = await peers[0].client.slot(counter)
  return {
    ...{ races, kills, clean, untold, wrong, tried, acknowledged, same },
    seconds: Math.round(seconds * 10) / 10,
    counter: Number(agreed?.value ?? -1)
  }
}

const create = async (
  client: RunningPeer['client'],
  name: string,
  kind: 'bytes' | 'integer'
): Promise<ChangedJson> =>
  await client.changeSlot(name, {
    type: 'create',
    kind,
    writers: 'anyone',
    value: kind === 'bytes' ? '' : '0'
  })

const outcome = async ({ client }: RunningPeer, name: string, change: SlotChangeJson): Promise<Told> => {
  try {
    return { kind: 'won', id: (await client.changeSlot(name, change)).id }
  } catch (error) {
    const { code, data } = error as { code?: unknown; data?: { refusal?: unknown; winner?: unknown } }
    return code === 'CHANGE_REFUSED' && data?.refusal === 'CONFLICT'
      ? { kind: 'lost', winner: data.winner }
      : { kind: 'unknown' }
  }
}

const problemOf = (outcomes: readonly Told[]): string | undefined => {
  const winners = outcomes.flatMap((one) => (one.kind === 'won' ? [one.id] : []))
  const named = new Set(outcomes.flatMap((one) => (one.kind === 'lost' ? [one.winner] : [])))
  if (winners.length > 1) return `${winners.length} winners`
  if (named.size > 1) return `losers were told of ${named.size} winners`
  const isOther = winners.length === 1 && named.size === 1 && !named.has(winners[0])
  return isOther ? 'losers were told of another winner' : undefined
}

/** After a kill a round may still be under way: the version that everybody has in the end. */
const newestVersion = async (
  peers: readonly RunningPeer[],
  name: string,
  settings: SlotsSettings
): Promise<number> => {
  await everybodySees(peers, [name], settings)
  return (await peers[0].client.slot(name, 1)).agreed?.version ?? 0
}

/** @returns whether all peers have the same slots within the time there is */
const everybodySees = async (
  peers: readonly RunningPeer[],
  names: readonly string[],
  { healTimeoutMs, signal }: SlotsSettings
): Promise<boolean> => {
  const deadlineMs = performance.now() + healTimeoutMs
  for (;;) {
    const seen = await Promise.all(
      peers.map(async ({ client }) => {
        const slots = await Promise.all(
          names.map(async (name) => await client.slot(name, 1).catch(() => undefined))
        )
        return slots.every((one) => one?.agreed) ? JSON.stringify(slots.map((one) => one?.agreed)) : 'missing'
      })
    )
    if (new Set(seen).size === 1 && seen[0] !== 'missing') return true
    if (performance.now() > deadlineMs) return false
    await delay(POLL_MS, undefined, { signal })
  }
}
