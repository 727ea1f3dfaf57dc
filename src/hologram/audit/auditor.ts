import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { ClientContext } from '../client/context.ts'
import type { EventSink } from '../events.ts'
import type { IndexedObject, ObjectIndex } from '../heal/object-index.ts'
import type { Suspect } from '../heal/suspects.ts'
import { keptShape } from '../records/kept-shape.ts'
import { Layout } from '../records/layout.ts'
import { decodeStoredManifest } from '../records/manifest.ts'
import type { Manifest } from '../records/manifest.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import { challengeManifest, challengePeer } from './challenge.ts'
import type { BlockChallenge, Verdict } from './challenge.ts'
import { hasMoved } from './moved.ts'
import { newAuditCounts } from './counts.ts'
import type { AuditStats } from './counts.ts'
import { targetsOf, visitMs } from './rounds.ts'
import type { AuditSettings } from './settings.ts'

export interface AuditorComponents {
  readonly context: ClientContext
  /** Which peers hold shards of which objects. */
  readonly index: ObjectIndex
  /** Caps what audits read, and yields to what the user does. */
  readonly pace: Bandwidth
  readonly events: EventSink
  /** Takes what failed. */
  readonly onSuspects: (cid: CID, suspects: readonly Suspect[]) => void
  /** The peer does not keep the shard any more; its computed home does. */
  readonly onMoved: (cid: CID, shard: number, peer: PeerId) => void
}

/** Objects that are looked at between two turns of the event loop. */
const OBJECTS_PER_TURN = 64
/** Objects for which a peer is challenged on one stream. */
const OBJECTS_AT_ONCE = 16
/** Visits to one peer in a round before it is left to the next round. */
const MAX_ATTEMPTS = 4

/** One peer whose turn comes in this round. */
interface Visit {
  readonly peer: PeerId
  /** Milliseconds after the start of the round. */
  dueMs: number
  attempts: number
  /** Objects for which it has been challenged in this round. */
  readonly done: Set<string>
}

/** What a peer is challenged for of one object, and how it did. */
interface Target {
  readonly object: IndexedObject
  readonly manifest: Manifest
  readonly manifestBytes: number
  readonly challenges: readonly BlockChallenge[]
  readonly verdicts: Array<{ readonly shard: number | undefined; verdict: Verdict | 'moved' }>
}

/**
 * Challenges the other keepers of what this node keeps for random blocks and for manifests. Each round every keeper of every
 * object is challenged by two others. What fails goes to repair; a peer that is away, slow or busy is visited again later.
 */
export class Auditor {
  readonly #components: AuditorComponents
  readonly #settings: AuditSettings
  readonly #counts = newAuditCounts()
  readonly #stopping = new AbortController()
  /** What failed when it was challenged last: "cid shard peer". */
  readonly #failedBefore = new Set<string>()
  #round = -1
  #visits = new Map<string, Visit>()
  /** Peers whose visit in this round is over. */
  #visited = new Set<string>()
  #loop: Promise<void> | undefined

  constructor(components: AuditorComponents, settings: AuditSettings) {
    this.#components = components
    this.#settings = settings
  }

  get stats(): AuditStats {
    return { ...this.#counts, visitsLeft: this.#visits.size }
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { clock, logger } = this.#components.context
    while (!signal.aborted) {
      // To be stopped is not a failure.
      await clock.sleep(this.#settings.tickMs, signal).catch(() => {})
      if (signal.aborted) return
      try {
        this.#plan()
        await this.#visitDue(signal)
      } catch (error) {
        if (signal.aborted) return
        logger.warn('an audit failed', { error })
      }
    }
  }

  /** Begins a new round when it is time, and adds peers that have come. */
  #plan(): void {
    const { context, index } = this.#components
    const { roundMs } = this.#settings
    const round = Math.floor(context.clock.nowMs() / roundMs)
    if (round !== this.#round) this.#endRound(round)
    const self = context.mesh.self.toString()
    const keepers = new Set(index.peers())
    for (const { id } of context.mesh.peers()) {
      const peer = id.toString()
      if (peer === self || this.#visits.has(peer) || this.#visited.has(peer) || !keepers.has(peer)) continue
      const dueMs = visitMs(self, peer, round, roundMs)
      this.#visits.set(peer, { peer: id, dueMs, attempts: 0, done: new Set() })
    }
  }

  #endRound(round: number): void {
    if (this.#round >= 0) this.#counts.rounds++
    this.#counts.visitsMissed += this.#visits.size
    this.#round = round
    this.#visits = new Map()
    this.#visited = new Set()
  }

  async #visitDue(signal: AbortSignal): Promise<void> {
    const { context } = this.#components
    const { roundMs } = this.#settings
    const sinceMs = context.clock.nowMs() - this.#round * roundMs
    const live = new Set(context.mesh.peers().map(({ id }) => id.toString()))
    const due = [...this.#visits].filter(([peer, { dueMs }]) => dueMs <= sinceMs && live.has(peer))
    due.sort(([, a], [, b]) => a.dueMs - b.dueMs)
    for (const [peer, visit] of due) {
      const isDone = await this.#visit(visit, live, signal)
      if (!isDone && ++visit.attempts < MAX_ATTEMPTS) {
        visit.dueMs = context.clock.nowMs() - this.#round * roundMs + (visit.attempts * roundMs) / 20
        continue
      }
      if (!isDone) this.#counts.visitsMissed++
      this.#visits.delete(peer)
      this.#visited.add(peer)
    }
  }

  /** @returns whether every challenge was answered */
  async #visit(visit: Visit, live: ReadonlySet<string>, signal: AbortSignal): Promise<boolean> {
    const { context, index } = this.#components
    const self = context.mesh.self.toString()
    const peer = visit.peer.toString()
    let looked = 0
    let batch: IndexedObject[] = []
    for (const object of index.objectsOf(peer)) {
      signal.throwIfAborted()
      if (++looked % OBJECTS_PER_TURN === 0) await context.clock.turn()
      if (visit.done.has(object.cid.toString())) continue
      if (!targetsOf(object, self, this.#round, (one) => live.has(one)).includes(peer)) continue
      if (batch.push(object) < OBJECTS_AT_ONCE) continue
      if (!(await this.#challenge(visit, batch, signal))) return false
      batch = []
    }
    return await this.#challenge(visit, batch, signal)
  }

  /** Challenges a peer for all that it keeps of some objects. @returns whether it answered every challenge */
  async #challenge(visit: Visit, objects: readonly IndexedObject[], signal: AbortSignal): Promise<boolean> {
    const { context, pace, onSuspects } = this.#components
    const { peer } = visit
    const targets = (await Promise.all(objects.map(async (object) => this.#prepare(object, peer)))).flat()
    await challengePeer(
      context,
      peer,
      targets.flatMap(({ challenges }) => challenges),
      {
        pace,
        signal,
        onVerdict: ({ cid, shard }, verdict) => {
          const target = targets.find(({ object }) => object.cid.equals(cid))
          target?.verdicts.push({ shard, verdict })
        },
        onRead: (bytes) => {
          this.#counts.readBytes += bytes
        }
      }
    )
    for (const { object, manifest, manifestBytes, verdicts } of targets) {
      await this.#findMoved({ object, manifest, verdicts }, peer, signal)
      if (object.homes.includes(peer.toString()) && verdicts.every(({ verdict }) => verdict !== 'skipped')) {
        const challenge = { cid: object.cid, manifestBytes }
        const verdict = await challengeManifest(context, peer, challenge, { pace, signal })
        verdicts.push({ shard: undefined, verdict })
        if (verdict === 'passed') this.#counts.readBytes += manifestBytes
      }
      for (const { verdict } of verdicts) this.#counts.verdicts[verdict]++
      const suspects = verdicts.flatMap(({ shard, verdict }) =>
        verdict === 'skipped' || verdict === 'moved' ? [] : this.#judge(object, peer, shard, verdict)
      )
      if (suspects.length > 0) onSuspects(object.cid, suspects)
      if (verdicts.some(({ verdict }) => verdict === 'skipped')) return false
      visit.done.add(object.cid.toString())
    }
    return true
  }

  /** A shard that this peer does not have may have moved since, and not every keeper is told. */
  async #findMoved(
    { object, manifest, verdicts }: Pick<Target, 'object' | 'manifest' | 'verdicts'>,
    peer: PeerId,
    signal: AbortSignal
  ): Promise<void> {
    const { context, onMoved } = this.#components
    for (const entry of verdicts) {
      const { shard } = entry
      if (shard === undefined || entry.verdict !== 'missing') continue
      const moved = { cid: object.cid, manifest, shard, peer }
      if (!(await hasMoved(context, moved, signal))) continue
      entry.verdict = 'moved'
      onMoved(object.cid, shard, peer)
    }
  }

  /** A random block of each shard that the peer keeps of the object. Empty when the object is not kept here any more. */
  async #prepare(object: IndexedObject, peer: PeerId): Promise<Target[]> {
    const { holdings, random, clock } = this.#components.context
    const { cid } = object
    const bytes = await holdings.getManifest(cid)
    if (bytes === undefined) return []
    const nowMs = (): number => clock.nowMs()
    const { readable: manifest } = await keptShape({ holdings, nowMs }, cid, decodeStoredManifest(bytes))
    const blocks = new Layout(manifest).segments
    const held = object.holders.filter(
      (holder) => holder.peer === peer.toString() && holder.shard < manifest.n
    )
    const challenges = held.map(({ shard }) => {
      return { cid, manifest, shard, block: Math.floor(random.unit() * blocks) }
    })
    return [{ object, manifest, manifestBytes: bytes.byteLength, challenges, verdicts: [] }]
  }

  /** What a verdict means. A peer that fails twice in a row says that it has what it cannot give: its word is worth nothing. */
  #judge(
    { cid, holders }: IndexedObject,
    peer: PeerId,
    shard: number | undefined,
    verdict: Exclude<Verdict, 'skipped'>
  ): Suspect[] {
    const { context, events } = this.#components
    const key = `${cid.toString()} ${shard ?? ''} ${peer.toString()}`
    if (verdict === 'passed') {
      this.#failedBefore.delete(key)
      return []
    }
    const finding = shard !== undefined && this.#failedBefore.has(key) ? 'wrong' : verdict
    this.#failedBefore.add(key)
    if (finding === 'wrong') context.mesh.observe(peer, 'lied')
    else if (finding === 'damaged') context.mesh.observe(peer, 'slow')
    events.emit({
      room: 'audit',
      kind: 'failed',
      reason: REASONS[finding],
      cid: cid.toString(),
      peer: peer.toString(),
      ...(shard !== undefined && { data: { shard } })
    })
    const named = holders.find((holder) => holder.shard === shard && holder.peer === peer.toString())
    return [{ peer, shard, finding, isSaid: named?.isSaid === true }]
  }
}

const REASONS: Record<Suspect['finding'], string> = {
  missing: 'it does not have what it should keep',
  damaged: 'its copy is damaged',
  wrong: 'what it sent is not what it should keep'
}
