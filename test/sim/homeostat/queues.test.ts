import { expect } from 'chai'
import { Prng } from '../engine/index.ts'
import { CHOICES, simulateQueues } from './queues.ts'
import type { Choice, QueueInit, QueueResult } from './queues.ts'

/** Twelve holders, two of them four times slower, 60 ms away, that report every half minute. */
const WORLD: Omit<QueueInit, 'choice'> = {
  ...{ k: 4, n: 12, slow: 2, load: 0.7, readers: 30, reads: 8_000 },
  ...{ reportMs: 30_000, roundTripMs: 60, serviceMs: 10 }
}

const all = (changes: Partial<QueueInit> = {}): Record<Choice, QueueResult> =>
  Object.fromEntries(
    CHOICES.map((choice) => [choice, simulateQueues({ ...WORLD, ...changes, choice }, new Prng(1))])
  ) as Record<Choice, QueueResult>

describe('choice of holders in front of queues', () => {
  it('any holder, or the least loaded one by reports that are old, drowns the slow or the reported one', () => {
    const { random, least, boltzmann } = all()
    expect(random.p99Ms).to.be.above(20 * boltzmann.p99Ms)
    expect(least.p99Ms).to.be.above(20 * boltzmann.p99Ms)
  })

  for (const load of [0.5, 0.7]) {
    it(`the draw by heat and predicted time is ahead of probing at the load that the controller holds: ${load}`, () => {
      const { boltzmann, probing } = all({ load })
      expect(boltzmann.p50Ms).to.be.below(0.9 * probing.p50Ms)
      expect(boltzmann.p99Ms).to.be.below(1.1 * probing.p99Ms)
      expect(boltzmann.imbalance).to.be.below(1.15)
    })
  }

  it('probing has the better tail beyond it, and wherever a round trip costs nothing', () => {
    const beyond = all({ load: 0.85 })
    expect(beyond.probing.p99Ms).to.be.below(beyond.boltzmann.p99Ms)
    const near = all({ roundTripMs: 5 })
    expect(near.probing.p50Ms).to.be.below(near.boltzmann.p50Ms)
  })

  it('fresher reports do not make readers stampede', () => {
    const [fresh, old] = [all({ reportMs: 2_000 }), all()]
    expect(fresh.boltzmann.p99Ms).to.be.below(1.2 * old.boltzmann.p99Ms)
  })
})
