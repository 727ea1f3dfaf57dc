// Networks of whole nodes under faults: none disagrees, none goes back on its word, and all go on deciding.

import { expect } from 'chai'
import fc from 'fast-check'
import { greatestQuorum, type NodeId, type QuorumSet } from '../../fba/index.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { BEHAVIOURS } from './fba/behaviour.ts'
import { exitCodeOf, Simulation, type SimulationOptions, type SimulationReport } from './fba/simulation.ts'

function simulate(options: SimulationOptions): SimulationReport {
  return new Simulation(options).run()
}

/** The report names the seed: the run replays exactly. */
function expectAgreement(report: SimulationReport): void {
  expect(report.disagreements, `seed ${report.seed}`).to.deep.equal([])
  expect(report.slotsExternalized, `slots, seed ${report.seed}`).to.equal(report.slotsWanted)
}

describe('sim: fba', () => {
  it('calm: seven messages per node and slot, decided after seven one-way delays', () => {
    for (const nodes of [4, 7]) {
      const report = simulate({ nodes, slots: 10, seed: 1 })
      expectAgreement(report)
      expect(report.messagesPerNodeAndSlot).to.equal(7)
      expect(report.externalizeDelays.p50).to.be.closeTo(7, 0.01)
    }
  })

  it('one seed, one history', () => {
    const options = { nodes: 7, byzantine: 2, slots: 8, seed: 11, loss: 0.1, duplication: 0.1, jitter: 1 }
    expect(simulate(options)).to.deep.equal(simulate(options))
    expect(simulate({ ...options, seed: 12 })).not.to.deep.equal(simulate(options))
  })

  for (const behaviour of BEHAVIOURS) {
    it(`f of 3f + 1 nodes that ${behaviour}`, () => {
      expectAgreement(
        simulate({ nodes: 7, byzantine: 2, behaviours: [behaviour], slots: 10, seed: 21, loss: 0.02 })
      )
    })
  }

  it('catches equivocators with proof, and accuses nobody else', () => {
    const report = simulate({ nodes: 7, byzantine: 2, behaviours: ['equivocate'], slots: 10, seed: 5 })
    expectAgreement(report)
    expect(report.equivocatorsCaught).to.be.above(0)
  })

  it('crashes that lose unsynced writes, partitions, loss, duplication and reordering at once', () => {
    expectAgreement(
      simulate({
        nodes: 7,
        byzantine: 2,
        slots: 20,
        seed: 3,
        loss: 0.05,
        duplication: 0.1,
        jitter: 1,
        crashes: 0.1,
        partitions: 0.1,
        syncMicros: 5000,
        latency: scatteredLatency(new Prng(3), 7, 60_000)
      })
    )
  })

  it('a leader that grinds proposals gains slots to lead, not agreement; the bounded seed takes most back', () => {
    const options = { nodes: 7, byzantine: 1, behaviours: ['grind'] as const, slots: 40, seed: 9 }
    const unbounded = simulate(options)
    const bounded = simulate({ ...options, seedBits: 1 })
    expectAgreement(unbounded)
    expectAgreement(bounded)
    // One of seven would propose a seventh of the values.
    expect(unbounded.byzantineValues).to.be.above(0.5)
    expect(bounded.byzantineValues).to.be.below(0.4)
  })

  it('too many Byzantine nodes for the quorum sets: the simulator does see the disagreement', () => {
    // Two halves that need only themselves, one equivocator in both: nothing can save them.
    const half = (index: number, nodeIds: readonly NodeId[]): QuorumSet => ({
      threshold: 3,
      validators: index < 3 ? [...nodeIds.slice(0, 3), nodeIds[6]] : nodeIds.slice(3),
      innerSets: []
    })
    const report = simulate({ nodes: 7, slots: 3, seed: 1, quorumSetOf: half, byzantine: 1 })
    expect(report.agreement).to.equal(false)
    expect(exitCodeOf(report)).to.equal(1)
  })

  it('no quorum left: says so, and nothing is torn', () => {
    const report = simulate({
      nodes: 4,
      byzantine: 2,
      behaviours: ['silent'],
      slots: 2,
      seed: 1,
      timeLimitMicros: 30_000_000
    })
    expect(report.agreement).to.equal(true)
    expect(report.slotsExternalized).to.equal(0)
    expect(exitCodeOf(report)).to.equal(2)
  })

  it('random quorum systems under random schedules never disagree while honest quorums intersect', () => {
    const systems = fc.record({
      nodes: fc.integer({ min: 4, max: 6 }),
      byzantine: fc.integer({ min: 0, max: 1 }),
      seed: fc.nat(2 ** 31),
      loss: fc.constantFrom(0, 0.1),
      crashes: fc.constantFrom(0, 0.2),
      jitter: fc.constantFrom(0, 2),
      shapes: fc.array(fc.record({ members: fc.nat(63), slack: fc.nat(1) }), { minLength: 6, maxLength: 6 })
    })
    let intersecting = 0
    fc.assert(
      fc.property(systems, ({ nodes, shapes, ...faults }) => {
        const quorumSetOf = (index: number, ids: readonly NodeId[]) => randomSet(shapes[index], index, ids)
        if (!honestQuorumsIntersect(nodes, nodes - faults.byzantine, quorumSetOf)) return
        intersecting++
        const report = simulate({
          nodes,
          ...faults,
          slots: 4,
          syncMicros: 2000,
          quorumSetOf,
          timeLimitMicros: 60_000_000
        })
        expect(report.disagreements, `seed ${faults.seed}`).to.deep.equal([])
      }),
      { numRuns: 150 }
    )
    expect(intersecting, 'systems that were run at all').to.be.above(20)
  })
})

/** A set around the node itself: most of some members, itself included. */
function randomSet(
  { members, slack }: { members: number; slack: number },
  index: number,
  nodeIds: readonly NodeId[]
): QuorumSet {
  const validators = nodeIds.filter((_, i) => i === index || (members >> i) & 1)
  return { threshold: Math.max(1, validators.length - slack), validators, innerSets: [] }
}

/**
 * The condition of the paper: after deleting the Byzantine nodes (they leave every set, and its threshold
 * falls by one for each), any two quorums share a node.
 */
function honestQuorumsIntersect(
  nodes: number,
  honest: number,
  quorumSetOf: (index: number, nodeIds: readonly NodeId[]) => QuorumSet
): boolean {
  const nodeIds = Array.from({ length: nodes }, (_, i) => `n${String(i).padStart(3, '0')}`)
  const deleted = (set: QuorumSet): QuorumSet => {
    const validators = set.validators.filter((node) => nodeIds.indexOf(node) < honest)
    return { ...set, validators, threshold: set.threshold - (set.validators.length - validators.length) }
  }
  const sets = nodeIds.slice(0, honest).map((_, i) => deleted(quorumSetOf(i, nodeIds)))
  const quorumsIn = (bits: number) => {
    const members = nodeIds.slice(0, honest).filter((_, i) => bits & (1 << i))
    return greatestQuorum(members, (node) => sets[nodeIds.indexOf(node)])
  }
  for (let bits = 1; bits < 2 ** honest; bits++) {
    if (quorumsIn(bits).size > 0 && quorumsIn(~bits & (2 ** honest - 1)).size > 0) return false
  }
  return true
}
