import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { peerIdFromString } from '@libp2p/peer-id'
import { signedBytes } from '../../fba/index.ts'
import { Journal } from '../../src/agreement/journal.ts'
import { clusterKill } from '../../src/cli/cluster/cluster.ts'
import type { RunningPeer } from '../../src/cli/cluster/cluster.ts'
import { networkFile, peerFolder } from '../../src/cli/cluster/state.ts'
import { verifyNow } from '../../src/node/agreement/rules.ts'
import { networkId, parseDescriptor } from '../../src/node/network.ts'
import { openStore } from '../../src/store/index.ts'
import type { Store } from '../../src/store/index.ts'
import { Prng } from '../sim/engine/index.ts'
import { Listener } from './listener.ts'
import { Statements } from './statements.ts'
import type { Contradiction, Forgotten } from './statements.ts'

export interface ValidatorsSettings {
  readonly folder: string
  readonly rounds: number
  /** Most validators that are killed in one round. */
  readonly kills: number
  readonly epochMs: number
  /** After the last restart, a new map must be agreed on within this time. */
  readonly healTimeoutMs: number
  /** Decides who is killed and when. */
  readonly seed: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** Starts the killed peers again, and waits until all know all. */
  readonly restart: () => Promise<readonly RunningPeer[]>
}

export interface ValidatorsReport {
  readonly rounds: number
  readonly killed: number
  /** Kills right after a statement of the victim had been heard. */
  readonly killedSpeaking: number
  /** Different statements that were heard or read from disks. */
  readonly statements: number
  /** Slot records that were read from the disks of killed validators. */
  readonly records: number
  readonly lastSlot: number
  /** Whether a slot was decided after the last restart. */
  readonly continues: boolean
  /** Statements that do not bear their validator's signature. */
  readonly unsigned: number
  readonly contradictions: readonly Contradiction[]
  readonly forgotten: readonly Forgotten[]
}

/** Nobody contradicts itself, nobody forgot what it said, there was something to look at, and agreement continues. */
export const neverContradicts = (report: ValidatorsReport): boolean =>
  report.contradictions.length === 0 &&
  report.forgotten.length === 0 &&
  report.unsigned === 0 &&
  report.records > 0 &&
  report.statements > 0 &&
  report.continues

const POLL_MS = 250
const OPEN_TRIES = 40
/** A validator that is to be killed when it speaks is killed anyway after so many epochs. */
const SPEAKS_WITHIN_EPOCHS = 4

/** Kills validators of a cluster without warning and starts them again, and holds all that they say against itself. */
export const runValidators = async (
  first: readonly RunningPeer[],
  settings: ValidatorsSettings
): Promise<ValidatorsReport> => {
  const { folder, rounds, signal, say } = settings
  const random = new Prng(settings.seed)
  const descriptor = parseDescriptor(await readFile(networkFile(folder), 'utf8'))
  const id = networkId(descriptor)
  const statements = new Statements(({ statement, signature }) =>
    verifyNow(peerIdFromString(statement.nodeId), signedBytes(id, statement), signature)
  )
  const listener = await Listener.start(descriptor, statements)
  let [killed, killedSpeaking, records] = [0, 0, 0]
  try {
    let peers = await meet(listener, first)
    let slot = await waitForSlotAbove(listener, peers, 0, settings)
    for (let round = 1; round <= rounds; round++) {
      signal.throwIfAborted()
      const victims = random.sample(peers, 1 + random.below(Math.min(settings.kills, peers.length - 1)))
      const [{ peerId }] = victims
      if (random.chance(0.5)) {
        const patience = AbortSignal.timeout(SPEAKS_WITHIN_EPOCHS * settings.epochMs)
        const spoke = await statements.nextOf(peerId, patience).then(
          () => true,
          () => false
        )
        if (spoke) killedSpeaking++
      } else {
        await delay(random.below(2 * settings.epochMs), undefined, { signal })
      }
      await clusterKill(
        folder,
        victims.map(({ number }) => number)
      )
      killed += victims.length
      for (const victim of victims) records += await readRecords(folder, victim, statements)
      say(
        `round ${round} of ${rounds}: killed ${victims.map(({ number }) => number).join(', ')} at slot ` +
          `${statements.lastSlotOf(peerId)}; ${statements.count} statements, ` +
          `${statements.contradictions.length} contradictions, ${statements.forgotten.length} forgotten`
      )
      peers = await meet(listener, await settings.restart())
      await askAll(listener, peers, slot)
      slot = Math.max(slot, ...peers.map((peer) => statements.lastSlotOf(peer.peerId)))
    }
    const last = await waitForSlotAbove(listener, peers, slot, settings)
    return {
      rounds,
      killed,
      killedSpeaking,
      statements: statements.count,
      records,
      lastSlot: last,
      continues: last > slot,
      unsigned: statements.unsigned,
      contradictions: statements.contradictions,
      forgotten: statements.forgotten
    }
  } finally {
    await listener.stop()
  }
}

type Validator = RunningPeer & { readonly peerId: string }

const meet = async (listener: Listener, peers: readonly RunningPeer[]): Promise<Validator[]> =>
  await Promise.all(
    peers.map(async (peer) => {
      const { peerId, multiaddrs } = await peer.client.status()
      await listener.connect(multiaddrs)
      return { ...peer, peerId }
    })
  )

/** @returns how many slot records it had */
const readRecords = async (folder: string, victim: Validator, statements: Statements): Promise<number> => {
  const store = await openWhenFree(join(peerFolder(folder, victim.number), 'store'))
  try {
    const { slots, decision } = await new Journal(store.notes('agreement')).read()
    statements.checkRecords(victim.peerId, slots, decision?.slot ?? 0)
    return slots.length
  } finally {
    await store.close()
  }
}

/** The system may close the files of a killed process a little after it says that the process has ended. */
const openWhenFree = async (path: string): Promise<Store> => {
  for (let tries = 1; ; tries++) {
    try {
      return await openStore({ path, quotaBytes: 2 ** 40 })
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'LOCKED' || tries === OPEN_TRIES) throw error
      await delay(POLL_MS)
    }
  }
}

/** @returns the highest slot that a peer works on; 0 when none answers */
const askAll = async (listener: Listener, peers: readonly Validator[], fromSlot: number): Promise<number> => {
  // A peer that has just been started may be busy: the others answer.
  const slots = await Promise.all(
    peers.map(async ({ peerId }) => await listener.ask(peerId, fromSlot).catch(() => 0))
  )
  return Math.max(...slots)
}

/** @returns the slot that is worked on: above `slot` unless the time ran out */
const waitForSlotAbove = async (
  listener: Listener,
  peers: readonly Validator[],
  slot: number,
  { healTimeoutMs, signal }: ValidatorsSettings
): Promise<number> => {
  const deadlineMs = performance.now() + healTimeoutMs
  for (;;) {
    const now = await askAll(listener, peers, slot)
    if (now > slot + 1 || performance.now() > deadlineMs) return now
    await delay(POLL_MS, undefined, { signal })
  }
}
