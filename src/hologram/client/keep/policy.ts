import type { OwnedObject } from '../../objects.ts'
import type { CID } from 'multiformats/cid'
import type { ShardHolder } from '../../records/placement-record.ts'
import { holderKey } from './owned.ts'
import type { LeasedHolder, OwnedRecord } from './owned.ts'
import type { PeerAnswer } from './presence.ts'

// What is due for an object that this node's user put, and how endangered it is. Pure: a record and the time in, a
// decision out. `keeper.ts` carries the decisions out.

/** A lease is renewed when a third of its life is left. */
export const RENEWAL_SHARE = 1 / 3
/** A holder that does not take the new lease is asked again after this share of what is left of its old one. */
const RETRY_SHARE = 1 / 10
/** Objects with short leases are checked at least this many times in a lease's life. */
const CHECKS_IN_A_LEASE = 6
/** Counts of shards older than this are not shown. */
export const MAX_COUNT_AGE_MS = 60 * 60 * 1000
/** Clocks of peers and ours may differ by this much without meaning anything. */
const SKEW_MS = 60_000

export interface KeepPolicy {
  /** Between two questions to the holders of one object whether they have their shards. */
  readonly checkEveryMs: number
}

/** When an object may be worked on again; kept in memory. */
export interface Pauses {
  readonly renewNotBeforeMs: number
  readonly repairNotBeforeMs: number
  /** Length of the last pause of repair, in intervals of the keeper. */
  readonly backoffIntervals: number
}

export const NO_PAUSES: Pauses = { renewNotBeforeMs: 0, repairNotBeforeMs: 0, backoffIntervals: 0 }

/** Holders whose lease runs: a peer that did not take a new lease is no holder once the old one has run out. */
export function holdersAt(record: OwnedRecord, nowMs: number): LeasedHolder[] {
  return record.holders.filter(({ leaseUntilMs }) => leaseUntilMs > nowMs)
}

/** Holders that answered at the last check and whose lease runs. */
export function answeringAt(record: OwnedRecord, nowMs: number): LeasedHolder[] {
  return holdersAt(record, nowMs).filter(({ seenMs }) => seenMs >= record.checkedMs)
}

/** Holders with damaged blocks, as of the last check: what is sound is read from them, and the shard is put there again. */
export function damagedAt(record: OwnedRecord, nowMs: number): LeasedHolder[] {
  return answeringAt(record, nowMs).filter(isDamaged)
}

/** Shards that no peer answers for, as of the last check. */
export function missingAt(record: OwnedRecord, nowMs: number): number {
  return Math.max(0, record.n - distinctShards(answeringAt(record, nowMs)))
}

/** Shards that answer and are whole, over those that are needed. */
export function spareAt(record: OwnedRecord, nowMs: number): number {
  return distinctShards(answeringAt(record, nowMs).filter(isWhole)) - record.k
}

/** Half of what may be lost has been lost. */
export function isEndangered(record: OwnedRecord, nowMs: number): boolean {
  return spareAt(record, nowMs) < Math.ceil((record.n - record.k) / 2)
}

/** Until when at least k shards are leased; 0 when fewer are. */
export function securedUntilMs(record: OwnedRecord): number {
  const untilByShard = new Map<number, number>()
  for (const { shard, leaseUntilMs } of record.holders) {
    untilByShard.set(shard, Math.max(untilByShard.get(shard) ?? 0, leaseUntilMs))
  }
  return [...untilByShard.values()].sort((a, b) => b - a)[record.k - 1] ?? 0
}

export function isCheckDue(record: OwnedRecord, nowMs: number, { checkEveryMs }: KeepPolicy): boolean {
  const everyMs = Math.min(checkEveryMs, record.leaseMs / CHECKS_IN_A_LEASE)
  // A check that lies in the future was noted before this clock was set back.
  return nowMs >= record.checkedMs + everyMs || record.checkedMs > nowMs + SKEW_MS
}

/** Holders that should be given a new lease now. */
export function toRenew(record: OwnedRecord, nowMs: number): LeasedHolder[] {
  return wantedHolders(record).filter(({ leaseUntilMs }) => isRenewalDue(leaseUntilMs, record, nowMs))
}

/**
 * The holders that are to go on holding: one for each shard. A second copy of a shard, left by a peer that came back
 * after its shard had been rebuilt, is let go by not renewing its lease, so that nothing is moved. A mesh of fewer peers
 * than shards keeps all copies: there each peer counts.
 */
export function wantedHolders(record: OwnedRecord): readonly LeasedHolder[] {
  const peers = new Set(record.holders.map(({ peer }) => peer.toString()))
  if (peers.size < record.n) return record.holders
  const byShard = new Map<number, LeasedHolder>()
  for (const holder of record.holders) {
    const other = byShard.get(holder.shard)
    if (other === undefined || (!answers(other, record) && answers(holder, record))) {
      byShard.set(holder.shard, holder)
    }
  }
  return [...byShard.values()]
}

/** The homes of the manifest need a new lease, or nobody has been given one yet. */
export function isPublicationDue(record: OwnedRecord, nowMs: number): boolean {
  return isRenewalDue(record.leaseExpiresAtMs, record, nowMs)
}

/** Never put off by anything but a renewal that was just tried. */
export function isRenewDue(record: OwnedRecord, pauses: Pauses, nowMs: number): boolean {
  if (nowMs < pauses.renewNotBeforeMs) return false
  return isPublicationDue(record, nowMs) || toRenew(record, nowMs).length > 0
}

/**
 * Shards that this node should see rebuilt now: those without any holder, and, once little is left to spare, those whose
 * holders do not answer. A damaged shard counts as lost. Holders that are away for now and not needed yet may come back; their co-holders watch them.
 */
export function toRebuild(record: OwnedRecord, nowMs: number): number[] {
  const shards = new Set(keptAt(record, nowMs).map(({ shard }) => shard))
  return Array.from({ length: record.n }, (_, shard) => shard).filter((shard) => !shards.has(shard))
}

/** Holders whose shard is whole, as far as this node knows, and that are worth waiting for. */
export function keptAt(record: OwnedRecord, nowMs: number): LeasedHolder[] {
  const kept = isEndangered(record, nowMs) ? answeringAt(record, nowMs) : holdersAt(record, nowMs)
  return kept.filter(isWhole)
}

export function isRebuildDue(record: OwnedRecord, pauses: Pauses, nowMs: number): boolean {
  if (nowMs < pauses.repairNotBeforeMs) return false
  return toRebuild(record, nowMs).length > 0 || damagedAt(record, nowMs).length > 0
}

/**
 * When to try those again that did not take the new lease: soon when their old one ends soon, and never so late that it
 * ends before.
 *
 * @param failed - holders that did not take it
 */
export function renewAgainMs(
  record: OwnedRecord,
  failed: readonly LeasedHolder[],
  nowMs: number,
  intervalMs: number
): number {
  const ends = [record.leaseExpiresAtMs, ...failed.map(({ leaseUntilMs }) => leaseUntilMs)]
  const leftMs = Math.min(...ends.filter((endMs) => endMs > nowMs).map((endMs) => endMs - nowMs))
  if (!Number.isFinite(leftMs)) return nowMs + intervalMs
  return nowMs + Math.max(intervalMs, Math.floor(leftMs * RETRY_SHARE))
}

/** The warning of `ls`: what will be lost if nothing changes, long before it is. Undefined when all is well. */
export function warningOf(record: OwnedRecord, nowMs: number): string | undefined {
  const { k, leaseMs } = record
  const untilMs = securedUntilMs(record)
  if (untilMs <= nowMs) return `fewer than ${k} holders have a lease that runs; put the object again`
  if (untilMs - nowMs < (leaseMs * RENEWAL_SHARE) / 2) {
    return `too few holders have taken a new lease; the old one ends on ${new Date(untilMs).toISOString()}`
  }
  const spare = spareAt(record, nowMs)
  const damaged = new Set(damagedAt(record, nowMs).map(({ shard }) => shard)).size
  if (damaged > 0 && spare < Math.ceil((record.n - k) / 2)) {
    return `${damaged} of ${record.n} shards have damaged blocks and are rebuilt, ${Math.max(0, spare + k)} are whole`
  }
  if (spare < 0) return `only ${spare + k} of the ${k} shards that a reader needs answer`
  if (isEndangered(record, nowMs)) return `${spare} more lost holders and the object is at its limit`
  return undefined
}

/**
 * The record after its holders were asked. A peer that says it lacks its shard is no holder; one that says nothing stays
 * one until its lease ends; what was found elsewhere is added. Copies of an inline object are numbered in the order in
 * which they are found.
 */
export function afterCheck(record: OwnedRecord, answers: readonly PeerAnswer[], nowMs: number): OwnedRecord {
  const { inline } = record
  const byPeer = new Map(answers.map((answer) => [answer.peer.toString(), answer]))
  const had = (answer: PeerAnswer, shard: number): boolean =>
    answer.outcome === 'has' && (inline || answer.shards.includes(shard))
  const holders: LeasedHolder[] = []
  for (const holder of record.holders) {
    const answer = byPeer.get(holder.peer.toString())
    if (answer === undefined || answer.outcome === 'silent') {
      if (holder.leaseUntilMs > nowMs) holders.push(holder)
    } else if (had(answer, holder.shard)) {
      const { leaseUntilMs } = answer
      holders.push(heldBy(answer, { shard: holder.shard, peer: holder.peer, leaseUntilMs, seenMs: nowMs }))
    }
  }
  const known = new Set(holders.map(holderKey))
  for (const answer of answers) {
    const { peer, outcome, shards, leaseUntilMs } = answer
    if (outcome !== 'has') continue
    const isKnown = inline && holders.some((holder) => holder.peer.equals(peer))
    const found = inline ? (isKnown ? [] : [nextNumber(holders)]) : shards
    for (const shard of found) {
      const isNew = shard < record.n || inline
      if (isNew && !known.has(holderKey({ shard, peer }))) {
        holders.push(heldBy(answer, { shard, peer, leaseUntilMs, seenMs: nowMs }))
      }
    }
  }
  const leaseSequence = Math.max(record.leaseSequence, ...answers.map(({ sequence }) => sequence))
  return { ...record, holders, leaseSequence, checkedMs: nowMs }
}

function heldBy({ damaged }: PeerAnswer, holder: LeasedHolder): LeasedHolder {
  return damaged.includes(holder.shard) ? { ...holder, damaged: true } : holder
}

/** The record after holders were sent their damaged shards anew. */
export function afterMending(record: OwnedRecord, mended: readonly ShardHolder[]): OwnedRecord {
  const keys = new Set(mended.map(holderKey))
  const holders = record.holders.map((holder) => {
    const { shard, peer, leaseUntilMs, seenMs } = holder
    return keys.has(holderKey(holder)) ? { shard, peer, leaseUntilMs, seenMs } : holder
  })
  return { ...record, holders }
}

/** The record after peers took a lease of ours. */
export function afterLease(
  record: OwnedRecord,
  takers: readonly ShardHolder[],
  lease: { readonly sequence: number; readonly expiresAtMs: number },
  nowMs: number
): OwnedRecord {
  const taken = new Map(takers.map((holder) => [holderKey(holder), holder]))
  const renewed = record.holders.map((holder) => {
    const isTaker = taken.delete(holderKey(holder))
    return isTaker ? { ...holder, leaseUntilMs: lease.expiresAtMs } : holder
  })
  const added = [...taken.values()].map(({ shard, peer }) => ({
    shard,
    peer,
    leaseUntilMs: lease.expiresAtMs,
    // It answered just now, and counts with those that answered at the last check.
    seenMs: Math.max(nowMs, record.checkedMs)
  }))
  const leaseSequence = Math.max(record.leaseSequence, lease.sequence)
  return { ...record, leaseSequence, holders: [...renewed, ...added] }
}

/** How an object whose record cannot be read is listed. */
export function damagedObjectOf(cid: CID): OwnedObject {
  return {
    cid,
    name: '',
    sealed: false,
    sizeBytes: 0,
    k: 0,
    n: 0,
    createdAtMs: 0,
    leaseExpiresAtMs: 0,
    missing: undefined,
    checkedMs: 0,
    warning: 'the record of this object is damaged, so its lease is not renewed; put it again'
  }
}

/** How an object is listed. The number of missing shards is left out when it is older than an hour. */
export function ownedObjectOf(cid: CID, record: OwnedRecord, nowMs: number): OwnedObject {
  const { name, sealed, size, k, n, createdAtMs, checkedMs } = record
  const ageMs = nowMs - checkedMs
  const isCurrent = ageMs <= MAX_COUNT_AGE_MS && ageMs >= -SKEW_MS
  return {
    cid,
    name,
    sealed,
    sizeBytes: size,
    k,
    n,
    createdAtMs,
    leaseExpiresAtMs: Math.min(record.leaseExpiresAtMs, securedUntilMs(record)),
    missing: isCurrent ? missingAt(record, nowMs) : undefined,
    checkedMs,
    warning: warningOf(record, nowMs)
  }
}

function isRenewalDue(untilMs: number, { leaseMs }: OwnedRecord, nowMs: number): boolean {
  return untilMs - nowMs <= leaseMs * RENEWAL_SHARE
}

function answers({ seenMs }: LeasedHolder, { checkedMs }: OwnedRecord): boolean {
  return seenMs >= checkedMs
}

function isDamaged({ damaged }: LeasedHolder): boolean {
  return damaged === true
}

function isWhole(holder: LeasedHolder): boolean {
  return !isDamaged(holder)
}

function nextNumber(holders: readonly LeasedHolder[]): number {
  const taken = new Set(holders.map(({ shard }) => shard))
  let number = 0
  while (taken.has(number)) number++
  return number
}

function distinctShards(holders: readonly LeasedHolder[]): number {
  return new Set(holders.map(({ shard }) => shard)).size
}
