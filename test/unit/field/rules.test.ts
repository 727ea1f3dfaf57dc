import { expect } from 'chai'
import { toHex } from '../../../fba/bytes.ts'
import type { Envelope, Statement } from '../../../fba/index.ts'
import { FIELD_LIMITS } from '../../../src/field/limits.ts'
import { Payloads } from '../../../src/field/payloads.ts'
import { combine, judge, propose } from '../../../src/field/round-rules.ts'
import type { Before } from '../../../src/field/round-rules.ts'
import { decodeRoundValue, encodeBatch, encodeRoundValue } from '../../../src/field/round-value.ts'
import { GENESIS, encodeHeader } from '../../../src/field/state.ts'
import { weighValues } from '../../../src/field/superposition.ts'
import { signTransaction } from '../../../src/field/transaction.ts'
import type { SignedTransaction } from '../../../src/field/types.ts'
import { isSignatureOf, NETWORK_ID, peer, sha256, signatureOf } from './fixture.ts'

const NOW = 1_000_000
const OWNER = peer('owner')
const { lifetimeMs, clockAheadMs, valueBytes, batchBytes } = FIELD_LIMITS

describe('field: rules of a round', () => {
  let payloads: Payloads
  let tried: Set<string>
  let before: Before
  let nonce = 0

  beforeEach(() => {
    payloads = new Payloads({ networkId: NETWORK_ID, sha256, verify: isSignatureOf })
    tried = new Set()
    const header = { ...GENESIS, round: 4, closedAtMs: NOW - 1_000 }
    before = { header, hash: sha256(encodeHeader(header)), wasTried: (id) => tried.has(id) }
  })

  const transaction = (expiresAtMs = NOW + 1_000, bytes = 10): SignedTransaction =>
    signTransaction(
      {
        slot: { owner: OWNER, label: 'x' },
        author: OWNER,
        nonce: sha256(Uint8Array.of(nonce++)).slice(0, 16),
        expiresAtMs,
        change: { type: 'set', expected: 1, bytes: new Uint8Array(bytes) }
      },
      { networkId: NETWORK_ID, sha256, sign: (data) => signatureOf(OWNER, data) }
    )
  const known = (...all: SignedTransaction[]): SignedTransaction[] => {
    for (const one of all) payloads.addTransaction(one)
    return all
  }
  const value = (
    all: readonly SignedTransaction[],
    { closedAtMs = NOW, previous = before.hash, isHere = true } = {}
  ): Uint8Array => {
    const bytes = encodeBatch(all.map(({ id }) => id))
    const batch = isHere ? payloads.addBatch(bytes) : sha256(bytes)
    return encodeRoundValue({ closedAtMs, previous, batch })
  }
  const level = (bytes: Uint8Array, isNominating = false, known: Before | undefined = before): string =>
    judge(bytes, known, isNominating, { payloads, nowMs: NOW }).level

  it('take a batch whose transactions are here, in time, and new; an empty one too', () => {
    expect(level(value(known(transaction(), transaction())), true)).to.equal('valid')
    expect(level(value([]), true)).to.equal('valid')
  })

  it('wait for a batch, a transaction or a state that is not here, and say what is missing', () => {
    const [here] = known(transaction())
    const absent = transaction()
    const missing = (bytes: Uint8Array, known: Before | undefined = before): readonly string[] => {
      const verdict = judge(bytes, known, false, { payloads, nowMs: NOW })
      expect(verdict.level).to.equal('maybe-valid')
      return verdict.missing
    }
    expect(missing(value([here, absent]))).to.deep.equal([absent.id])
    const unknown = value([absent], { isHere: false })
    payloads = new Payloads({ networkId: NETWORK_ID, sha256, verify: isSignatureOf })
    expect(missing(unknown)).to.deep.equal([toHex(decodeRoundValue(unknown).batch)])
    expect(judge(value([]), undefined, false, { payloads, nowMs: NOW })).to.deep.equal({
      level: 'maybe-valid',
      missing: []
    })
  })

  it('refuse what was tried before, has expired or lives too long', () => {
    const [again] = known(transaction())
    tried.add(again.id)
    expect(level(value([again]))).to.equal('invalid')
    for (const expiresAtMs of [NOW, NOW - 1, NOW + lifetimeMs + 1]) {
      expect(level(value(known(transaction(expiresAtMs)))), String(expiresAtMs - NOW)).to.equal('invalid')
    }
    for (const expiresAtMs of [NOW + 1, NOW + lifetimeMs]) {
      expect(level(value(known(transaction(expiresAtMs))))).to.equal('valid')
    }
  })

  it('refuse what does not follow from the state before, or is closed too late or too early', () => {
    expect(level(value([], { previous: sha256(Uint8Array.of(1)) }))).to.equal('invalid')
    expect(level(value([], { closedAtMs: before.header.closedAtMs }))).to.equal('invalid')
    expect(level(value([], { closedAtMs: before.header.closedAtMs + 1 }))).to.equal('valid')
    const ahead = value([], { closedAtMs: NOW + clockAheadMs + 1 })
    expect(level(ahead, true)).to.equal('invalid')
    // Others ballot on it: a vote is not withdrawn for the time of day.
    expect(level(ahead, false)).to.equal('valid')
    expect(level(value([], { closedAtMs: NOW + clockAheadMs }), true)).to.equal('valid')
    expect(level(Uint8Array.of(1, 2, 3))).to.equal('invalid')
  })

  it('refuse more bytes than a batch may have, and propose no more', () => {
    const many = known(
      ...Array.from({ length: Math.ceil(batchBytes / valueBytes) + 1 }, () =>
        transaction(undefined, valueBytes)
      )
    )
    expect(level(value(many))).to.equal('invalid')
    const proposed = propose(many, before, { payloads, nowMs: NOW })
    expect(level(proposed, true)).to.equal('valid')
    expect(payloads.batch(toHex(decodeRoundValue(proposed).batch))).to.have.length(15)
  })

  it('propose nothing that could not be voted for', () => {
    const [good, again] = known(transaction(), transaction())
    tried.add(again.id)
    const all = [good, again, ...known(transaction(NOW), transaction(NOW + lifetimeMs + 1))]
    const proposed = propose(all, before, { payloads, nowMs: NOW })
    expect(payloads.batch(toHex(decodeRoundValue(proposed).batch))).to.deep.equal([good.id])
    // A clock that is behind the last round moves on from it all the same.
    const late = propose([], before, { payloads, nowMs: 5 })
    expect(decodeRoundValue(late).closedAtMs).to.equal(before.header.closedAtMs + 1)
  })

  it('combine candidates into all that they name, but for what has expired or was tried', () => {
    const [a, b, short, again] = known(transaction(), transaction(), transaction(NOW + 5), transaction())
    tried.add(again.id)
    const united = combine(
      [
        value([a, short]),
        value([b, again], { closedAtMs: NOW + 10 }),
        value([transaction()], { isHere: false })
      ],
      before,
      payloads
    )
    expect(decodeRoundValue(united).closedAtMs).to.equal(NOW + 10)
    expect(payloads.batch(toHex(decodeRoundValue(united).batch))).to.deep.equal([a.id, b.id].sort())
    expect(level(united)).to.equal('valid')
  })

  it('keep nothing that a peer sends unasked, and nothing that is broken', () => {
    const batch = Uint8Array.of(2, ...encodeBatch([transaction().id]))
    const hash = toHex(sha256(batch.subarray(1)))
    expect(payloads.take(batch, () => false)).to.equal(undefined)
    expect(payloads.batch(hash)).to.equal(undefined)
    expect(payloads.take(batch, (one) => one === hash)).to.deep.equal({ kind: 'batch', hash })
    expect(payloads.batch(hash)).to.have.length(1)
    for (const broken of [[], [1], [2, 9], [3, 1, 2], [9, 9]]) {
      expect(payloads.take(Uint8Array.from(broken), () => true)).to.equal(undefined)
    }
    const huge = new Uint8Array(FIELD_LIMITS.bucketBytes + 2)
    huge[0] = 4
    expect(payloads.take(huge, () => true)).to.equal(undefined)
  })
})

describe('field: weights of candidates', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(peer)
  const [x, y] = [Uint8Array.of(1), Uint8Array.of(2)]
  const validators = new Set([a, b, c, d])
  const said = (statement: object): Envelope => ({
    statement: { slotIndex: 1, quorumSetHash: '', ...statement } as Statement,
    signature: new Uint8Array(0)
  })
  const nominates = (nodeId: string, votes: Uint8Array[], accepted: Uint8Array[] = []): Envelope =>
    said({ type: 'nominate', nodeId, votes, accepted })
  const prepares = (nodeId: string, prepared: Uint8Array | undefined): Envelope =>
    said({
      ...{ type: 'prepare', nodeId, ballot: { counter: 1, value: y }, preparedPrime: undefined },
      ...{ prepared: prepared && { counter: 1, value: prepared }, commitCounter: 0, highCounter: 0 }
    })
  const weights = (...envelopes: Envelope[]): Record<string, number> =>
    Object.fromEntries(weighValues(envelopes, validators).map(({ value, weight }) => [toHex(value), weight]))

  it('are shares of the validators: votes count nothing, and who accepts two counts half for each', () => {
    expect(weights(nominates(a, [x]), nominates(b, [x, y], [x, y]), nominates(c, [], [x]))).to.deep.equal({
      '01': 0.375,
      '02': 0.125
    })
  })

  it('go by the ballots of those who have got so far', () => {
    expect(
      weights(nominates(a, [], [x]), prepares(a, y), prepares(b, undefined), nominates(b, [], [x]))
    ).to.deep.equal({
      '01': 0.25,
      '02': 0.25
    })
    const confirm = said({ type: 'confirm', nodeId: c, ballot: { counter: 1, value: y } })
    const decided = said({ type: 'externalize', nodeId: d, commit: { counter: 1, value: y } })
    expect(weights(confirm, decided)).to.deep.equal({ '02': 0.5 })
  })

  it('count nobody who is no validator', () => {
    expect(weights(nominates(peer('stranger'), [x], [x]))).to.deep.equal({})
  })
})
