import { expect } from 'chai'
import { toHex } from '../../../fba/bytes.ts'
import type { SlotRecord } from '../../../fba/index.ts'
import { MemoryRecords } from '../../../src/agreement/index.ts'
import { Journal } from '../../../src/agreement/journal.ts'
import { digest } from './fixture.ts'

const bytes = (number: number): Uint8Array => Uint8Array.of(number)
const name = (number: number): Uint8Array => digest(bytes(number))

const recordOf = (slotIndex: number, value: Uint8Array): SlotRecord => ({
  slotIndex,
  quorumSet: { threshold: 1, validators: ['v'], innerSets: [] },
  nominationRound: 1,
  nomination: {
    statement: {
      ...{ type: 'nominate', nodeId: 'v', slotIndex, quorumSetHash: '00'.repeat(32) },
      ...{ votes: [value], accepted: [] }
    },
    signature: Uint8Array.of(1)
  },
  ballot: undefined,
  proof: [],
  proofQuorumSets: []
})
const vouched = (...numbers: number[]) => ({
  values: new Map(numbers.map((number) => [toHex(name(number)), bytes(number)])),
  reports: new Map()
})

describe('what a validator writes down', () => {
  it('has the values that it voted for, until their slot is decided', async () => {
    const disk = new MemoryRecords()
    const journal = new Journal(disk)
    await journal.saveSlot(recordOf(7, name(7)), vouched(7))
    await journal.saveSlot(recordOf(8, name(8)), vouched(8))
    expect((await new Journal(disk).read()).values).to.have.deep.members([bytes(7), bytes(8)])
    // Another process decides slot 7: it knows from the records which value belongs to which slot.
    const next = new Journal(disk)
    await next.read()
    await next.saveDecision({ slot: 7, value: bytes(7), map: bytes(0) }, () => false)
    const { values, slots, decision } = await new Journal(disk).read()
    expect(values).to.deep.equal([bytes(8)])
    expect(slots.map(({ slotIndex }) => slotIndex)).to.deep.equal([7, 8])
    expect(decision?.value).to.deep.equal(bytes(7))
  })

  it('by a version whose statements carried whole values is left out', async () => {
    const disk = new MemoryRecords()
    const journal = new Journal(disk)
    await journal.saveSlot(recordOf(7, new Uint8Array(1_000)), vouched())
    await journal.saveSlot(recordOf(8, name(8)), vouched(8))
    const { slots } = await new Journal(disk).read()
    expect(slots.map(({ slotIndex }) => slotIndex)).to.deep.equal([8])
  })
})
