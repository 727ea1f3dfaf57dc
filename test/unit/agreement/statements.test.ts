import { expect } from 'chai'
import { Statements } from '../../chaos/statements.ts'
import { neverContradicts } from '../../chaos/validators.ts'
import type { ValidatorsReport } from '../../chaos/validators.ts'
import type { BallotStatement, Envelope, SlotRecord } from '../../../fba/index.ts'

const X = Uint8Array.of(1)
const Y = Uint8Array.of(2)

let signatures = 0
const signed = <S extends Envelope['statement']>(statement: S): Envelope<S> => ({
  statement,
  signature: Uint8Array.of(1, ++signatures)
})
const prepare = (counter: number, value = X, slotIndex = 7): Envelope<BallotStatement> =>
  signed({
    type: 'prepare',
    nodeId: 'v',
    slotIndex,
    quorumSetHash: '00'.repeat(32),
    ballot: { counter, value },
    prepared: undefined,
    preparedPrime: undefined,
    commitCounter: 0,
    highCounter: 0
  } as BallotStatement)
const record = (ballot: Envelope<BallotStatement> | undefined, slotIndex = 7): SlotRecord => ({
  slotIndex,
  quorumSet: { threshold: 1, validators: ['v'], innerSets: [] },
  nominationRound: 1,
  nomination: undefined,
  ballot,
  proof: [],
  proofQuorumSets: []
})

describe('chaos: statements of validators held against themselves', () => {
  const heard = (...envelopes: Envelope[]): Statements => {
    const statements = new Statements(({ signature }) => signature[0] === 1)
    for (const envelope of envelopes) statements.add(envelope)
    return statements
  }

  it('finds two statements that no honest validator signs both', () => {
    expect(heard(prepare(1, X), prepare(2, X)).contradictions).to.deep.equal([])
    expect(heard(prepare(1, X), prepare(1, Y, 8)).contradictions).to.deep.equal([])
    const [found] = heard(prepare(1, X), prepare(2, X), confirm(X), externalize(Y)).contradictions
    expect(found).to.include({ validator: 'v', slot: 7 })
  })

  it('finds a statement that was sent before it was durable', () => {
    const behind = heard(prepare(1), prepare(2))
    behind.checkRecords('v', [record(prepare(1))], 6)
    expect(behind.forgotten).to.have.lengthOf(1)
    const missing = heard(prepare(1))
    missing.checkRecords('v', [], 6)
    expect(missing.forgotten).to.have.lengthOf(1)
  })

  it('accepts records that are ahead of what was heard, and slots that may be forgotten', () => {
    const ahead = heard(prepare(1))
    ahead.checkRecords('v', [record(prepare(3))], 6)
    expect(ahead.forgotten).to.deep.equal([])
    expect(ahead.count).to.equal(2)
    const old = heard(prepare(1))
    old.checkRecords('v', [], 19)
    expect(old.forgotten).to.deep.equal([])
  })

  it('holds what was written against what is said after the restart', () => {
    const statements = heard()
    statements.checkRecords('v', [record(externalize(X))], 6)
    statements.add(externalize(Y))
    expect(statements.contradictions).to.have.lengthOf(1)
  })

  it('counts a forged statement and believes nothing of it', () => {
    const statements = heard(prepare(1), { ...externalize(Y), signature: Uint8Array.of(0) })
    expect(statements).to.include({ count: 1, unsigned: 1 })
  })

  it('fails a run that shows nothing', () => {
    const good = {
      ...{ contradictions: [], forgotten: [], unsigned: 0, records: 9, statements: 9, continues: true }
    } as unknown as ValidatorsReport
    expect(neverContradicts(good)).to.equal(true)
    for (const bad of [{ records: 0 }, { statements: 0 }, { continues: false }, { unsigned: 1 }]) {
      expect(neverContradicts({ ...good, ...bad })).to.equal(false)
    }
  })
})

function confirm(value: Uint8Array): Envelope<BallotStatement> {
  return signed({
    type: 'confirm',
    nodeId: 'v',
    slotIndex: 7,
    quorumSetHash: '00'.repeat(32),
    ballot: { counter: 2, value },
    preparedCounter: 2,
    commitCounter: 1,
    highCounter: 2
  } as BallotStatement)
}

function externalize(value: Uint8Array): Envelope<BallotStatement> {
  return signed({
    type: 'externalize',
    nodeId: 'v',
    slotIndex: 7,
    commitQuorumSetHash: '00'.repeat(32),
    commit: { counter: 1, value },
    highCounter: 2
  } as BallotStatement)
}
