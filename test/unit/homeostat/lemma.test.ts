// Lemma 3.1 of the thesis, with the condition that it lacks (docs/explain/thesis.md, "Lemma 3.1").
import { expect } from 'chai'
import fc from 'fast-check'
import { ensembleOf, sharesOf } from '../../../src/homeostat/index.ts'

/** Heat of each peer when it has these shares of a demand that is `demand` times what all can serve. */
const heatsOf = (shares: readonly number[], capacities: readonly number[], demand: number): number[] =>
  shares.map((share, i) => (demand * share) / capacities[i])

/** One step of everybody: the next shares are the Boltzmann weights of the heats as they are. */
const step = (
  shares: readonly number[],
  capacities: readonly number[],
  demand: number,
  temperature: number
): readonly number[] => {
  const heats = heatsOf(shares, capacities, demand)
  return ensembleOf(
    heats.map((heat, i) => ({ heat, capacity: capacities[i] })),
    temperature
  ).weights
}

/** Half the mean heat under the shares, plus T times their divergence from the capacities. */
const freeEnergy = (
  shares: readonly number[],
  capacities: readonly number[],
  demand: number,
  temperature: number
): number =>
  shares.reduce((sum, share, i) => {
    const divergence = share > 0 ? share * Math.log(share / capacities[i]) : 0
    return sum + (demand * share * share) / (2 * capacities[i]) + temperature * divergence
  }, 0)

const positive = fc.integer({ min: 1, max: 1_000 })
const world = fc.integer({ min: 2, max: 20 }).chain((size) =>
  fc.record({
    start: fc.array(positive, { minLength: size, maxLength: size }),
    capacity: fc.array(positive, { minLength: size, maxLength: size }),
    demand: fc.double({ min: 0.05, max: 3, noNaN: true }),
    factor: fc.double({ min: 1, max: 5, noNaN: true })
  })
)

describe('Lemma 3.1', () => {
  it('the free energy falls in every step while the temperature is at least the highest heat, before and after', () => {
    fc.assert(
      fc.property(world, ({ start, capacity, demand, factor }) => {
        const capacities = sharesOf(capacity)
        let shares: readonly number[] = sharesOf(start)
        for (let i = 0; i < 20; i++) {
          const highest = (of: readonly number[]): number => Math.max(...heatsOf(of, capacities, demand))
          const temperature = factor * highest(shares)
          const next = step(shares, capacities, demand, temperature)
          if (highest(next) > temperature) return
          expect(freeEnergy(next, capacities, demand, temperature)).to.be.at.most(
            freeEnergy(shares, capacities, demand, temperature) + 1e-9
          )
          shares = next
        }
      })
    )
  })

  const afterSteps = (temperature: number, delay: number): number => {
    const capacities = [0.5, 0.5]
    const history: Array<readonly number[]> = Array.from({ length: delay + 1 }, () => [0.51, 0.49])
    for (let i = 0; i < 200; i++)
      history.push(step(history[history.length - 1 - delay], capacities, 1, temperature))
    return Math.max(...history.slice(-20).map(([share]) => Math.abs(share - 0.5)))
  }

  for (const delay of [0, 3, 10]) {
    it(`the balance attracts above the mean heat and repels below it, with reports ${delay} periods old`, () => {
      expect(afterSteps(1.25, delay)).to.be.below(0.001)
      expect(afterSteps(0.8, delay)).to.be.above(0.1)
    })
  }

  it('without the condition the energy rises: a counterexample', () => {
    const capacities = [0.5, 0.5]
    const [demand, temperature] = [1, 0.3]
    const shares = [0.52, 0.48]
    const next = step(shares, capacities, demand, temperature)
    expect(freeEnergy(next, capacities, demand, temperature)).to.be.above(
      freeEnergy(shares, capacities, demand, temperature)
    )
  })
})
