import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { deadlineIn } from '../../../clock/index.ts'
import { HologramError, isHologramError } from '../../errors.ts'
import { Layout } from '../../records/layout.ts'
import { damagedShardsOf } from '../../records/damaged-shards.ts'
import { isLive, openLease } from '../../records/lease.ts'
import type { Lease } from '../../records/lease.ts'
import { shapeOf } from '../../records/shape.ts'
import { neededShards } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { ObjectStat, ShardStatus } from '../../objects.ts'
import { manifestHomes } from '../../placement/placement.ts'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'
import { survive } from '../survive.ts'
import { locateManifest, noteSilence } from './locate-manifest.ts'
import type { ManifestAnswer } from './locate-manifest.ts'
import { ShardMap } from './shard-map.ts'
import { untilAbort } from '../wire/until-abort.ts'
import { weakestCut } from '../../wedge/index.ts'
import type { Cut } from '../../wedge/index.ts'

/** What the peers that answered hold of an object. */
interface Census {
  /** Holders of each shard that answered for it. */
  readonly holders: ReadonlyMap<number, readonly PeerId[]>
  /** Holders whose copy of a shard is damaged. */
  readonly damaged: ReadonlyMap<number, readonly PeerId[]>
  /** Peers that have the object at all. */
  readonly keepers: readonly PeerId[]
  /** The newest lease of each lessee. */
  readonly leases: readonly Lease[]
  /** Peers that are rebuilding it, and for how long already. */
  readonly repairs: ReadonlyArray<{ readonly peer: PeerId; readonly forMs: number }>
  readonly asked: number
  readonly answered: number
}

/** Share of the time after which everybody else is asked as well, when the likely holders have not all answered. */
const LIKELY_SHARE = 1 / 3

/**
 * Asks peers what they hold of an object. Answers within `statTimeoutMs` with what has arrived by then.
 *
 * @throws HologramError 'NOT_FOUND' when nobody that answered knows the object, 'TIMEOUT' when too many did not answer to
 *   tell
 */
export async function statObject(context: ClientContext, cid: CID, signal: AbortSignal): Promise<ObjectStat> {
  const { clock, settings } = context
  const checkedMs = clock.nowMs()
  using deadline = deadlineIn(clock, settings.statTimeoutMs, signal)
  const locating = locateManifest(context, cid, deadline.signal)
  const answer = await untilAbort(locating, deadline.signal).catch((error: unknown) => {
    signal.throwIfAborted()
    if (!deadline.signal.aborted) throw error
    const afterMs = settings.statTimeoutMs
    throw new HologramError(
      'TIMEOUT',
      `the peers that may know ${cid.toString()} did not answer in ${afterMs} ms`,
      {
        afterMs,
        what: 'stat'
      }
    )
  })
  const found = { ...answer, manifest: shapeOf(answer.manifest, answer.leases).manifest }
  const census = await takeCensus(context, cid, found, deadline.signal)
  signal.throwIfAborted()
  const kept = census.leases.filter((lease) => isLive(lease, checkedMs))
  const { manifest } = shapeOf(answer.manifest, kept)
  const shards = manifest.inline === undefined ? shardsOf(manifest, census) : copiesOf(manifest, census)
  const live = shards.filter((shard) => shard.live).length
  return {
    cid,
    manifest,
    shards,
    live,
    damaged: shards.filter((shard) => shard.damaged).length,
    spare: live - neededShards(manifest),
    asked: census.asked,
    answered: census.answered,
    checkedMs,
    overhead: overheadOf(manifest),
    leases: census.leases.map(({ lessee, expiresAtMs, tombstone }) => ({
      lessee: lessee.toString(),
      expiresAtMs,
      tombstone
    })),
    weakest: weakestOf(context, manifest, census),
    repairs: census.repairs.map(({ peer, forMs }) => ({ peer, sinceMs: checkedMs - forMs }))
  }
}

/** Asks the likely holders; everybody else as well when not all shards are found with them. Ends with `signal`. */
async function takeCensus(
  context: ClientContext,
  cid: CID,
  answer: ManifestAnswer,
  signal: AbortSignal
): Promise<Census> {
  const { clock, mesh, settings } = context
  const { manifest } = answer
  const map = new ShardMap(context, cid, answer)
  const homes = manifestHomes(cid, manifest.n, mesh.placement().peers).map(({ id }) => id)
  const count = new Count(context, cid, signal)
  const shards = manifest.inline === undefined ? [...map.known()].flatMap(([, peers]) => peers) : []
  const likely = count.ask([mesh.self, ...homes, ...shards])
  const lateMs = settings.statTimeoutMs * LIKELY_SHARE
  await Promise.race([likely, clock.sleep(lateMs, signal).catch(() => {})])
  if (manifest.inline === undefined && count.shards < manifest.n && !signal.aborted) {
    const found = await untilAbort(map.discover(signal), signal).catch(() => [])
    await count.ask([...found].flatMap(([, peers]) => peers))
  }
  await likely
  return count.result
}

/** What peers say that they hold, as they are asked one after another. */
class Count {
  readonly #context: ClientContext
  readonly #cid: CID
  readonly #signal: AbortSignal
  readonly #asked = new Set<string>()
  readonly #holders = new Map<number, PeerId[]>()
  readonly #damaged = new Map<number, PeerId[]>()
  readonly #keepers: PeerId[] = []
  readonly #repairs: Array<{ peer: PeerId; forMs: number }> = []
  readonly #leases = new Map<string, Lease>()
  #answered = 0

  constructor(context: ClientContext, cid: CID, signal: AbortSignal) {
    this.#context = context
    this.#cid = cid
    this.#signal = signal
  }

  /** Shards that somebody has. */
  get shards(): number {
    return new Set([...this.#holders.keys(), ...this.#damaged.keys()]).size
  }

  get result(): Census {
    return {
      holders: this.#holders,
      damaged: this.#damaged,
      keepers: this.#keepers,
      leases: [...this.#leases.values()],
      repairs: this.#repairs,
      asked: this.#asked.size,
      answered: this.#answered
    }
  }

  /** Asks those of `peers` that have not been asked; resolves when each has answered or failed, or the signal fires. */
  async ask(peers: readonly PeerId[]): Promise<void> {
    const fresh = uniquePeers(peers).filter((peer) => !this.#asked.has(peer.toString()))
    for (const peer of fresh) this.#asked.add(peer.toString())
    await Promise.all(fresh.map(async (peer) => this.#askOne(peer)))
  }

  async #askOne(peer: PeerId): Promise<void> {
    const { objects } = this.#context
    const status = this.#cid.bytes.slice()
    try {
      const reply = await untilAbort(objects.request(peer, { status }, this.#signal), this.#signal)
      this.#answered++
      this.#keepers.push(peer)
      if (reply.repairingMs > 0) this.#repairs.push({ peer, forMs: reply.repairingMs })
      const damaged = new Set(damagedShardsOf(reply))
      for (const shard of reply.shards) {
        const known = damaged.has(shard) ? this.#damaged : this.#holders
        known.set(shard, [...(known.get(shard) ?? []), peer])
      }
      for (const signed of reply.leases) await this.#note(peer, signed)
    } catch (error) {
      if (isHologramError(error, 'REMOTE')) this.#answered++
      noteSilence(this.#context, this.#cid, peer, error)
    }
  }

  async #note(peer: PeerId, signed: Uint8Array): Promise<void> {
    const { mesh, clock } = this.#context
    const lease = await openLease(mesh.networkId, signed, clock.nowMs()).catch((error: unknown) => {
      survive(this.#context, 'lease', { cid: this.#cid, peer, error })
    })
    if (lease === undefined || !lease.cid.equals(this.#cid)) return
    const known = this.#leases.get(lease.lessee.toString())
    if (known === undefined || known.sequence < lease.sequence) {
      this.#leases.set(lease.lessee.toString(), lease)
    }
  }
}

function shardsOf({ n }: Manifest, { holders, damaged }: Census): ShardStatus[] {
  return Array.from({ length: n }, (_, shard) => {
    const whole = holders.get(shard)?.[0]
    const peer = whole ?? damaged.get(shard)?.[0]
    return { shard, peer, live: peer !== undefined, damaged: peer !== undefined && whole === undefined }
  })
}

/** Copies of an inline object count as its shards. */
function copiesOf({ n }: Manifest, { keepers }: Census): ShardStatus[] {
  return Array.from({ length: Math.max(n, keepers.length) }, (_, shard) => {
    const peer = keepers[shard]
    return { shard, peer, live: peer !== undefined, damaged: false }
  })
}

/** What must be lost before the object is. Whole shards only: a damaged one may miss just the block that is needed. */
function weakestOf(
  { mesh }: ClientContext,
  manifest: Manifest,
  { holders, keepers }: Census
): ObjectStat['weakest'] {
  const domains = new Map(mesh.peers().map(({ id, failureDomain }) => [id.toString(), failureDomain]))
  const held =
    manifest.inline === undefined
      ? [...holders].flatMap(([shard, peers]) => peers.map((peer) => ({ peer: peer.toString(), shard })))
      : // One copy is enough, and all copies are alike.
        keepers.map((peer) => ({ peer: peer.toString(), shard: 0 }))
  const k = manifest.inline === undefined ? neededShards(manifest) : 1
  const cut = (nameOf: (peer: string) => string): Cut =>
    weakestCut(
      k,
      held.map(({ peer, shard }) => ({ name: nameOf(peer), shards: [shard] }))
    )
  return { hosts: cut((peer) => peer), domains: cut((peer) => domains.get(peer) ?? peer) }
}

function overheadOf(manifest: Manifest): number {
  if (manifest.inline !== undefined) return manifest.n
  return (manifest.n * new Layout(manifest).shardBytes) / manifest.size
}
