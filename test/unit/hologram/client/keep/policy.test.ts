import { expect } from 'chai'
import type { PeerId } from '@libp2p/interface'
import * as dagCbor from '@ipld/dag-cbor'
import { decodeOwned, encodeOwned } from '../../../../../src/hologram/client/keep/owned.ts'
import type { LeasedHolder, OwnedRecord } from '../../../../../src/hologram/client/keep/owned.ts'
import {
  afterCheck,
  afterLease,
  afterMending,
  damagedAt,
  isCheckDue,
  isRebuildDue,
  isRenewDue,
  MAX_COUNT_AGE_MS,
  missingAt,
  NO_PAUSES,
  ownedObjectOf,
  renewAgainMs,
  securedUntilMs,
  spareAt,
  toRebuild,
  toRenew,
  warningOf
} from '../../../../../src/hologram/client/keep/policy.ts'
import type { PeerAnswer } from '../../../../../src/hologram/client/keep/presence.ts'
import { peerIds } from '../../../../support/peers.ts'
import { codedObject } from '../../support.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const START_MS = Date.UTC(2030, 0, 1)
const CHECKS = { checkEveryMs: 15 * MINUTE_MS }

/** Numbers in [0, 1), the same for the same seed (the minimal standard generator of Park and Miller, 1988). */
function seeded(seed: number): () => number {
  let state = seed + 1
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

describe('the policy of looking after owned objects', () => {
  let peers: PeerId[]
  before(async () => {
    peers = await peerIds(16)
  })

  const record = (init: Partial<OwnedRecord> = {}, holders = 12): OwnedRecord => ({
    name: 'a file',
    sealed: true,
    size: 10 ** 6,
    k: 6,
    n: 12,
    inline: false,
    createdAtMs: START_MS,
    leaseMs: 30 * DAY_MS,
    leaseSequence: START_MS,
    leaseExpiresAtMs: START_MS + 30 * DAY_MS,
    checkedMs: START_MS,
    holders: Array.from({ length: holders }, (_, shard) => holder(shard)),
    ...init
  })
  const holder = (shard: number, init: Partial<LeasedHolder> = {}): LeasedHolder => ({
    shard,
    peer: peers[shard],
    leaseUntilMs: START_MS + 30 * DAY_MS,
    seenMs: START_MS,
    ...init
  })
  const answer = (shard: number, init: Partial<PeerAnswer> = {}): PeerAnswer => ({
    peer: peers[shard],
    outcome: 'has',
    shards: [shard],
    damaged: [],
    leaseUntilMs: START_MS + 30 * DAY_MS,
    sequence: START_MS,
    ...init
  })

  it('has nothing to do for an object that was just put', () => {
    expect(isCheckDue(record(), START_MS + MINUTE_MS, CHECKS)).to.equal(false)
    expect(isRenewDue(record(), NO_PAUSES, START_MS + 19 * DAY_MS)).to.equal(false)
    expect(isRebuildDue(record(), NO_PAUSES, START_MS)).to.equal(false)
    expect(warningOf(record(), START_MS)).to.equal(undefined)
  })

  it('does not count a holder without the new lease once its old one has expired', () => {
    const lapsed = record({
      holders: [
        ...Array.from({ length: 9 }, (_, i) => holder(i, { leaseUntilMs: START_MS + 50 * DAY_MS })),
        ...[9, 10, 11].map((i) => holder(i))
      ]
    })
    expect(missingAt(lapsed, START_MS + 29 * DAY_MS)).to.equal(0)
    expect(missingAt(lapsed, START_MS + 31 * DAY_MS)).to.equal(3)
    expect(toRebuild(lapsed, START_MS + 31 * DAY_MS)).to.deep.equal([9, 10, 11])
  })

  it('checks far more often than it renews, and at least six times in the life of a short lease', () => {
    expect(isCheckDue(record(), START_MS + 15 * MINUTE_MS, CHECKS)).to.equal(true)
    const short = record({ leaseMs: 6 * MINUTE_MS })
    expect(isCheckDue(short, START_MS + MINUTE_MS, CHECKS)).to.equal(true)
  })

  it('checks again when the clock has been set back before the last check', () => {
    expect(isCheckDue(record(), START_MS - DAY_MS, CHECKS)).to.equal(true)
  })

  it('renews leases even while repair backs off', () => {
    const nowMs = START_MS + 21 * DAY_MS
    const pauses = { ...NO_PAUSES, repairNotBeforeMs: nowMs + DAY_MS, backoffIntervals: 64 }
    const incomplete = record({}, 7)
    expect(isRebuildDue(incomplete, pauses, nowMs)).to.equal(false)
    expect(isRenewDue(incomplete, pauses, nowMs)).to.equal(true)
  })

  it('waits for absent holders while there are spare shards, and rebuilds when few are left', () => {
    const nowMs = START_MS + DAY_MS
    const silent = (count: number): OwnedRecord =>
      record({
        checkedMs: nowMs,
        holders: Array.from({ length: 12 }, (_, i) => holder(i, { seenMs: i < count ? START_MS : nowMs }))
      })
    expect(missingAt(silent(3), nowMs)).to.equal(3)
    expect(toRebuild(silent(3), nowMs)).to.deep.equal([])
    expect(spareAt(silent(4), nowMs)).to.equal(2)
    expect(toRebuild(silent(4), nowMs)).to.deep.equal([0, 1, 2, 3])
  })

  it('removes a peer that reports no shard, and adds one with a shard that others rebuilt', () => {
    const nowMs = START_MS + HOUR_MS
    const checked = afterCheck(
      record(),
      [
        answer(0, { outcome: 'lacks', shards: [], leaseUntilMs: 0 }),
        answer(1, { outcome: 'silent', shards: [], leaseUntilMs: 0 }),
        ...Array.from({ length: 10 }, (_, i) => answer(i + 2)),
        answer(13, { shards: [0] })
      ],
      nowMs
    )
    expect(missingAt(checked, nowMs)).to.equal(1)
    expect(checked.holders.filter(({ shard }) => shard === 0).map(({ peer }) => peer)).to.deep.equal([
      peers[13]
    ])
    expect(checked.holders.some(({ peer }) => peer.equals(peers[1]))).to.equal(true)
  })

  it("trusts a holder's report of its lease, and signs above the highest sequence it learns of", () => {
    const nowMs = START_MS + HOUR_MS
    const answers = Array.from({ length: 12 }, (_, i) =>
      answer(i, { leaseUntilMs: START_MS + DAY_MS, sequence: START_MS + 7 * DAY_MS })
    )
    const checked = afterCheck(record(), answers, nowMs)
    expect(securedUntilMs(checked)).to.equal(START_MS + DAY_MS)
    expect(checked.leaseSequence).to.equal(START_MS + 7 * DAY_MS)
    expect(toRenew(checked, nowMs)).to.have.length(12)
  })

  it('drops the second copy of a shard by not renewing it, unless the mesh is small', () => {
    const twice = record({ holders: [...record().holders, { ...holder(0), peer: peers[13] }] })
    expect(toRenew(twice, START_MS + 21 * DAY_MS)).to.have.length(12)
    const small = record({ n: 4, k: 2, holders: [0, 1, 0, 1].map((i, at) => holder(i, { shard: at })) })
    expect(toRenew(small, START_MS + 21 * DAY_MS)).to.have.length(4)
  })

  it('keeps holders of damaged shards, counts their shards as lost, and rebuilds them', () => {
    const nowMs = START_MS + HOUR_MS
    const answers = Array.from({ length: 12 }, (_, shard) =>
      answer(shard, { damaged: shard < 2 ? [shard] : [] })
    )
    const checked = afterCheck(record(), answers, nowMs)
    expect(missingAt(checked, nowMs)).to.equal(0)
    expect(spareAt(checked, nowMs)).to.equal(4)
    expect(toRebuild(checked, nowMs)).to.deep.equal([0, 1])
    expect(damagedAt(checked, nowMs).map(({ shard }) => shard)).to.deep.equal([0, 1])
    expect(decodeOwned(encodeOwned(checked))).to.deep.equal(checked)
    expect(damagedAt(afterMending(checked, [holder(0)]), nowMs)).to.have.length(1)
    const whole = afterCheck(
      checked,
      answers.map((said) => ({ ...said, damaged: [] })),
      nowMs + 1
    )
    expect(isRebuildDue(whole, NO_PAUSES, nowMs + 1)).to.equal(false)
  })

  it('numbers the copies of an inline object', () => {
    const inline = record({ k: 1, n: 3, inline: true }, 3)
    const answers = [
      answer(0, { shards: [] }),
      answer(1, { outcome: 'lacks', shards: [] }),
      answer(2, { shards: [] }),
      answer(9, { shards: [] })
    ]
    const checked = afterCheck(inline, answers, START_MS + HOUR_MS)
    expect(checked.holders.map(({ shard }) => shard).sort()).to.deep.equal([0, 1, 2])
    expect(checked.holders.map(({ peer }) => peer)).to.have.deep.members([peers[0], peers[2], peers[9]])
  })

  it('shows no count that is older than an hour, and always its age', () => {
    const { cid } = codedObject()
    const listed = ownedObjectOf(cid, record(), START_MS + MAX_COUNT_AGE_MS)
    expect(listed).to.include({ missing: 0, checkedMs: START_MS })
    expect(ownedObjectOf(cid, record(), START_MS + MAX_COUNT_AGE_MS + 1)).to.include({
      missing: undefined,
      checkedMs: START_MS
    })
  })

  it('warns long before an unrenewed lease ends', () => {
    expect(warningOf(record(), START_MS + 26 * DAY_MS)).to.match(/too few holders have taken a new lease/)
    expect(warningOf(record(), START_MS + 31 * DAY_MS)).to.match(/fewer than 6 holders/)
  })

  it('renews every reachable holder at least a sixth of its lease before the end, whichever others are away', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = seeded(seed)
      const leaseMs = [6 * MINUTE_MS, 2 * HOUR_MS, 3 * DAY_MS, 30 * DAY_MS][seed % 4]
      const stepMs = Math.max(MINUTE_MS, leaseMs / 1000)
      let now = START_MS
      let kept = record({
        leaseMs,
        leaseExpiresAtMs: START_MS + leaseMs,
        holders: Array.from({ length: 12 }, (_, i) => holder(i, { leaseUntilMs: START_MS + leaseMs }))
      })
      const upFromMs = peers.map(() => START_MS + leaseMs * (2 / 3 + random() / 6))
      let pausedUntilMs = 0
      for (; now < START_MS + leaseMs; now += stepMs) {
        const pauses = { ...NO_PAUSES, renewNotBeforeMs: pausedUntilMs, repairNotBeforeMs: Infinity }
        if (!isRenewDue(kept, pauses, now)) continue
        const due = toRenew(kept, now)
        const takers = due.filter(({ shard }) => now >= upFromMs[shard])
        const lease = { sequence: kept.leaseSequence + 1, expiresAtMs: now + leaseMs }
        kept = { ...afterLease(kept, takers, lease, now), leaseExpiresAtMs: now + leaseMs }
        const failed = due.filter((one) => !takers.includes(one))
        pausedUntilMs = failed.length === 0 ? 0 : renewAgainMs(kept, failed, now, stepMs)
      }
      const lapsed = kept.holders.filter(({ leaseUntilMs }) => leaseUntilMs <= START_MS + leaseMs)
      expect(lapsed, `seed ${seed}`).to.have.length(0)
    }
  })

  it('reads back what it writes, and records of version 1', () => {
    expect(decodeOwned(encodeOwned(record()))).to.deep.equal(record())
    const { checkedMs, inline, holders, ...rest } = record()
    const v1 = dagCbor.encode({
      ...rest,
      version: 1,
      holders: holders.map(({ shard, peer }) => [shard, peer.toMultihash().bytes])
    })
    expect(decodeOwned(v1)).to.deep.equal({ ...rest, checkedMs, inline, holders })
  })

  it('refuses records with any damage, with their own error code', () => {
    const bytes = encodeOwned(record())
    for (let length = 0; length < bytes.byteLength; length += 37) {
      expect(() => decodeOwned(bytes.slice(0, length)))
        .to.throw()
        .with.property('code', 'CORRUPT')
    }
    expect(() => decodeOwned(dagCbor.encode({ version: 2 })))
      .to.throw()
      .with.property('code', 'CORRUPT')
  })
})
