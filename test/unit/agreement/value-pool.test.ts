import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { encodeStatement } from '../../../fba/index.ts'
import { ValuePool } from '../../../src/agreement/value-pool.ts'
import type { Envelope, Statement } from '../../../fba/index.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const value = (byte: number): Uint8Array => new Uint8Array(100).fill(byte)
const signature = new Uint8Array(64)
const base = { nodeId: 'a', slotIndex: 1, quorumSetHash: '0'.repeat(64) }

const STATEMENTS: readonly Statement[] = [
  { ...base, type: 'nominate', votes: [value(1), value(2)], accepted: [value(1)] },
  {
    ...base,
    type: 'prepare',
    ballot: { counter: 2, value: value(2) },
    prepared: { counter: 1, value: value(2) },
    preparedPrime: { counter: 1, value: value(1) },
    commitCounter: 0,
    highCounter: 1
  },
  {
    ...base,
    type: 'confirm',
    ballot: { counter: 2, value: value(2) },
    preparedCounter: 2,
    commitCounter: 1,
    highCounter: 2
  },
  {
    type: 'externalize',
    nodeId: 'a',
    slotIndex: 1,
    commit: { counter: 2, value: value(2) },
    highCounter: 2,
    commitQuorumSetHash: base.quorumSetHash
  }
]

describe('values of statements', () => {
  it('of the same bytes become one object', () => {
    const pool = new ValuePool(sha256)
    expect(pool.one(value(1))).to.equal(pool.one(value(1)))
    expect(pool.one(value(1))).to.not.equal(pool.one(value(2)))
  })

  for (const statement of STATEMENTS) {
    it(`of a ${statement.type} statement are replaced, and its bytes stay as signed`, () => {
      const pool = new ValuePool(sha256)
      const [one, two] = [pool.one(value(1)), pool.one(value(2))]
      const pooled = pool.envelope({ statement, signature } as Envelope)
      expect(encodeStatement(pooled.statement)).to.deep.equal(encodeStatement(statement))
      expect(pooled.signature).to.equal(signature)
      const used = valuesIn(pooled.statement)
      expect(used.length).to.equal(valuesIn(statement).length)
      for (const found of used) expect(found === one || found === two).to.equal(true)
    })
  }

  it('are forgotten when there are too many', () => {
    const pool = new ValuePool(sha256)
    const first = pool.one(value(0))
    for (let number = 0; number < 300; number++) pool.one(Uint8Array.of(number & 255, number >> 8))
    expect(pool.one(value(0))).to.not.equal(first)
  })
})

const valuesIn = (statement: Statement): Uint8Array[] => {
  switch (statement.type) {
    case 'nominate':
      return [...statement.votes, ...statement.accepted]
    case 'prepare':
      return [statement.ballot, statement.prepared, statement.preparedPrime].flatMap(
        (ballot) => ballot?.value ?? []
      )
    case 'confirm':
      return [statement.ballot.value]
    case 'externalize':
      return [statement.commit.value]
  }
}
