import { expect } from 'chai'
import fc from 'fast-check'
import { EncodingError } from '../../../fba/index.ts'
import { applyBatch, idleSlots } from '../../../src/field/apply.ts'
import { FIELD_LIMITS } from '../../../src/field/limits.ts'
import { parseSlotName, slotId } from '../../../src/field/name.ts'
import { Pool } from '../../../src/field/pool.ts'
import { decodeBatch, encodeBatch, orderOf } from '../../../src/field/round-value.ts'
import { FieldState, GENESIS, decodeHeader, encodeHeader } from '../../../src/field/state.ts'
import { decodeTransactions, encodeTransactions } from '../../../src/field/transaction-gossip.ts'
import {
  decodeTransaction,
  encodeTransaction,
  signTransaction,
  verifyTransaction
} from '../../../src/field/transaction.ts'
import type { Change, SignedTransaction, Transaction } from '../../../src/field/types.ts'
import { isSignatureOf, NETWORK_ID, peer, sha256, signatureOf } from './fixture.ts'

const OWNER = peer('owner')
const TIME = { round: 1, closedAtMs: 1_000 }
const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill)

const signed = (change: Change, init: Partial<Transaction> = {}, network = NETWORK_ID): SignedTransaction => {
  const author = init.author ?? OWNER
  const transaction = {
    slot: { owner: OWNER, label: 'x' },
    author,
    nonce: sha256(new TextEncoder().encode(String(nonces++))).slice(0, 16),
    expiresAtMs: 5_000,
    change,
    ...init
  }
  return signTransaction(transaction, {
    networkId: network,
    sha256,
    sign: (data) => signatureOf(author, data)
  })
}
let nonces = 0

const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const blob = fc.uint8Array({ maxLength: 40 })
const items = fc
  .uniqueArray(blob, { maxLength: 5, selector: (item) => Buffer.from(item).toString('hex') })
  .map((list) => list.sort(Buffer.compare))
const value = fc.oneof(
  blob.map((b) => ({ kind: 'bytes' as const, bytes: b })),
  integer.map((i) => ({ kind: 'integer' as const, integer: i })),
  items.map((list) => ({ kind: 'set' as const, items: list }))
)
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    type: fc.constant('create' as const),
    writers: fc.constantFrom('anyone' as const, [], [peer('a'), peer('b')]),
    value
  }),
  fc.record({ type: fc.constant('set' as const), expected: fc.nat(), bytes: blob }),
  fc.record({ type: fc.constant('remove' as const), expected: fc.nat() }),
  integer.map((delta) => ({ type: 'add' as const, delta })),
  integer.map((one) => ({ type: 'max' as const, integer: one })),
  items.filter((list) => list.length > 0).map((list) => ({ type: 'union' as const, items: list }))
)

describe('field: transactions', () => {
  it('are read back as they were written, and refused when anything is changed', () => {
    const verifier = { networkId: NETWORK_ID, sha256, verify: isSignatureOf }
    fc.assert(
      fc.property(change, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, at, flip) => {
        const { transaction, bytes: wire, id } = signed(one)
        expect(decodeTransaction(encodeTransaction(transaction))).to.deep.equal(transaction)
        expect(verifyTransaction(wire, verifier)).to.deep.equal({ id, transaction, bytes: wire })
        const broken = Uint8Array.from(wire)
        broken[at % broken.length] ^= flip
        expect(verifyTransaction(broken, verifier)).to.equal(undefined)
        expect(verifyTransaction(wire.subarray(0, at % wire.length), verifier)).to.equal(undefined)
        expect(verifyTransaction(wire, { ...verifier, networkId: bytes(32, 9) })).to.equal(undefined)
      }),
      { numRuns: 200 }
    )
  })

  it('have limits: at each it is taken, one past it refused', () => {
    const { valueBytes, setItems, itemBytes, writers } = FIELD_LIMITS
    const create = (init: Partial<Extract<Change, { type: 'create' }>>): Change => ({
      ...{ type: 'create', writers: [], value: { kind: 'bytes', bytes: bytes(0) } },
      ...init
    })
    const set = (count: number, length = 2): Change =>
      create({
        value: {
          kind: 'set',
          items: Array.from({ length: count }, (_, i) => Uint8Array.of(i >> 8, i, ...bytes(length - 2)))
        }
      })
    const peers = (count: number): string[] =>
      Array.from({ length: count }, (_, i) => peer(`p${'ABCDEFGHJKLMNPQRS'[i]}`)).sort()
    for (const [good, bad] of [
      [
        create({ value: { kind: 'bytes', bytes: bytes(valueBytes) } }),
        create({ value: { kind: 'bytes', bytes: bytes(valueBytes + 1) } })
      ],
      [set(setItems), set(setItems + 1)],
      [set(1, itemBytes), set(1, itemBytes + 1)],
      [set(64, 1024), set(65, 1024)],
      [create({ writers: peers(writers) }), create({ writers: peers(writers + 1) })]
    ]) {
      expect(() => signed(good)).to.not.throw()
      expect(() => signed(bad))
        .to.throw()
        .with.property('code', 'BAD_SLOT_VALUE')
    }
    expect(() => signed(create({}), { author: peer('other') })).to.throw(/under its own id/)
    expect(() => signed(create({ writers: ['x'] }))).to.throw()
  })

  it('go by gossip in messages that fit, long ones by id', () => {
    const wires = Array.from({ length: 1_500 }, (_, i) => bytes(100 + (i % 7), i))
    const ids = Array.from({ length: 600 }, (_, i) => i.toString(16).padStart(64, '0'))
    const messages = encodeTransactions({ transactions: wires, announced: ids }, 0).map(decodeTransactions)
    expect(messages.flatMap(({ transactions }) => transactions)).to.deep.equal(wires)
    expect(messages.flatMap(({ announced }) => announced)).to.deep.equal(ids)
    for (const message of encodeTransactions({ transactions: wires, announced: ids }, 0)) {
      expect(message.length).to.be.below(60 * 1024)
    }
    expect(encodeTransactions({ transactions: [], announced: [] }, 0)).to.deep.equal([])
    expect(() => decodeTransactions(bytes(9, 255))).to.throw(EncodingError)
  })
})

describe('field: batches', () => {
  it('are applied in an order that depends on all of them', () => {
    const ids = ['11', '22', '33', '44', '55'].map((one) => one.repeat(32))
    const orders = new Set(Array.from({ length: 20 }, (_, i) => orderOf(ids, bytes(32, i), sha256).join()))
    expect(orders.size).to.be.above(10)
    expect(decodeBatch(encodeBatch([...ids].reverse()))).to.deep.equal(ids)
    expect(() => decodeBatch(encodeBatch([ids[0], ids[0]]))).to.throw(EncodingError)
  })

  it('of deltas give the same state in any order', () => {
    const deltas = fc.array(
      fc.oneof(
        fc
          .bigInt({ min: -1000n, max: 1000n })
          .map((delta) => ({ slot: 'sum', change: { type: 'add', delta } as Change })),
        integer.map((one) => ({ slot: 'best', change: { type: 'max', integer: one } as Change })),
        items
          .filter((l) => l.length > 0)
          .map((l) => ({ slot: 'tags', change: { type: 'union', items: l } as Change }))
      ),
      { maxLength: 12 }
    )
    fc.assert(
      fc.property(deltas, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (list, random) => {
        const work = list.map((one) =>
          signed(one.change, { slot: { owner: OWNER, label: one.slot }, author: peer('any') })
        )
        const shuffled = work
          .map((one) => ({ one, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
        const values = [work, shuffled.map(({ one }) => one)].map((order) => {
          const state = stateWithSlots()
          const { changes, outcomes } = applyBatch(state, order, { round: 2, closedAtMs: 2_000 }, sha256)
          expect(outcomes.every(({ refusal }) => refusal === undefined)).to.equal(true)
          return ['sum', 'best', 'tags'].map(
            (label) => changes.get(slotId({ owner: OWNER, label }, sha256))?.value
          )
        })
        expect(values[1]).to.deep.equal(values[0])
      }),
      { numRuns: 100 }
    )
  })

  it('create up to the limit of an owner', () => {
    const state = FieldState.genesis(sha256)
    const all = Array.from({ length: FIELD_LIMITS.slotsPerOwner + 1 }, (_, i) =>
      signed(COUNTER, { slot: { owner: OWNER, label: `s${i}` } })
    )
    const { outcomes, changes } = applyBatch(state, all, TIME, sha256)
    expect(outcomes.map(({ refusal }) => refusal).filter((one) => one !== undefined)).to.deep.equal(['FULL'])
    expect(changes.size).to.equal(FIELD_LIMITS.slotsPerOwner)
    state.advance({ ...GENESIS, ...TIME }, changes)
    const more = applyBatch(
      state,
      [signed(COUNTER, { slot: { owner: OWNER, label: 'one-more' } })],
      TIME,
      sha256
    )
    expect(more.outcomes[0].refusal).to.equal('FULL')
    // What is there may still be changed.
    const add = signed({ type: 'add', delta: 1n }, { slot: { owner: OWNER, label: 's3' } })
    expect(applyBatch(state, [add], TIME, sha256).outcomes[0].refusal).to.equal(undefined)
  })

  it('fill a bucket up to its limit', () => {
    const state = FieldState.genesis(sha256)
    const first = slotId({ owner: OWNER, label: 'l0' }, sha256).slice(0, 2)
    const labels: string[] = []
    for (let i = 0; labels.length < 18; i++) {
      if (slotId({ owner: OWNER, label: `l${i}` }, sha256).startsWith(first)) labels.push(`l${i}`)
    }
    const big: Change = {
      type: 'create',
      writers: [],
      value: { kind: 'bytes', bytes: bytes(FIELD_LIMITS.valueBytes) }
    }
    const { outcomes } = applyBatch(
      state,
      labels.map((label) => signed(big, { slot: { owner: OWNER, label } })),
      TIME,
      sha256
    )
    expect(outcomes.filter(({ refusal }) => refusal === undefined)).to.have.length(15)
    expect(outcomes.at(-1)!.refusal).to.equal('FULL')
  })
})

describe('field: state', () => {
  it('is read back from its header and buckets, and from nothing else', () => {
    const state = stateWithSlots()
    const buckets = Array.from({ length: 256 }, (_, i) => state.bucketBytes(i))
    const header = decodeHeader(encodeHeader(state.header))
    const again = FieldState.from(sha256, header, buckets)
    expect(again.hash).to.deep.equal(state.hash)
    expect([...again.entries()]).to.deep.equal([...state.entries()])
    expect(again).to.include({ bytes: state.bytes, size: 3 })
    expect(again.ownedBy(OWNER)).to.equal(3)
    const used = buckets.findIndex(({ length }) => length > 0)
    for (const other of [new Uint8Array(0), buckets[used].subarray(1), bytes(40)]) {
      expect(() => FieldState.from(sha256, header, buckets.with(used, other))).to.throw(EncodingError)
    }
  })

  it('loses slots that nobody has changed for 400 days', () => {
    const state = stateWithSlots()
    const then = state.header.closedAtMs
    expect(idleSlots(state, then + FIELD_LIMITS.idleMs)).to.deep.equal([])
    expect(idleSlots(state, then + FIELD_LIMITS.idleMs + 1)).to.have.length(3)
  })
})

describe('field: names', () => {
  it('are a peer and a label', () => {
    expect(parseSlotName('a-1_b.c', OWNER)).to.deep.equal({ owner: OWNER, label: 'a-1_b.c' })
    expect(parseSlotName(`${OWNER}/x`)).to.deep.equal({ owner: OWNER, label: 'x' })
    for (const bad of ['', 'A', '-a', 'a b', `${OWNER}/`, `${OWNER}/x/y`, 'short/x', 'x'.repeat(64)]) {
      expect(() => parseSlotName(bad, OWNER), bad)
        .to.throw()
        .with.property('code', 'BAD_SLOT_NAME')
    }
    expect(() => parseSlotName('x')).to.throw()
  })
})

describe('field: transactions that wait', () => {
  it('are bounded, of each author too, and go when they expire', () => {
    const pool = new Pool()
    const of = (author: string, expiresAtMs = 5_000): SignedTransaction =>
      signed({ type: 'add', delta: 1n }, { author, expiresAtMs })
    for (let i = 0; i < FIELD_LIMITS.pendingPerAuthor; i++) expect(pool.add(of(OWNER), 0)).to.equal(undefined)
    expect(pool.add(of(OWNER), 0)).to.equal('author-full')
    const other = of(peer('other'))
    expect(pool.add(other, 0)).to.equal(undefined)
    expect(pool.add(other, 0)).to.equal(undefined)
    expect(pool.size).to.equal(FIELD_LIMITS.pendingPerAuthor + 1)
    const { lifetimeMs, clockAheadMs } = FIELD_LIMITS
    expect(pool.add(of(peer('late'), 5_000), 5_000 + clockAheadMs)).to.equal('expired')
    expect(pool.add(of(peer('far'), lifetimeMs + clockAheadMs + 1), 0)).to.equal('too-long-lived')
    pool.remove(other.id)
    pool.remove(other.id)
    pool.expire(5_000 + clockAheadMs)
    expect(pool.size).to.equal(0)
    expect(pool.add(of(OWNER), 0)).to.equal(undefined)
  })
})

const COUNTER: Change = { type: 'create', writers: 'anyone', value: { kind: 'integer', integer: 0n } }

/** 'sum' and 'best' are integers, 'tags' a set; everybody may change them. */
function stateWithSlots(): FieldState {
  const state = FieldState.genesis(sha256)
  const tags: Change = { type: 'create', writers: 'anyone', value: { kind: 'set', items: [] } }
  const all = [
    ...['sum', 'best'].map((label) => signed(COUNTER, { slot: { owner: OWNER, label } })),
    signed(tags, { slot: { owner: OWNER, label: 'tags' } })
  ]
  const { changes } = applyBatch(state, all, TIME, sha256)
  state.advance(
    { ...TIME, valueHash: bytes(32, 3), tried: [{ closedAtMs: 1_000, batch: bytes(32, 4) }] },
    changes
  )
  return state
}
