import { expect } from 'chai'
import { Prng } from '../engine/index.ts'
import { ClosedLoop } from './closed-loop.ts'
import type { Period } from './closed-loop.ts'

const PEERS = 60
const HOLDERS = 8
/** An hour of control periods of 2 seconds. */
const HOUR = 1_800

type Load = (period: number) => number

const LOADS: Readonly<Record<string, Load>> = {
  step: (period) => (period < 20 ? 2 : 20),
  ramp: (period) => 2 + 18 * Math.min(1, period / 300),
  'slow waves': (period) => 11 + 9 * Math.sin((2 * Math.PI * period) / 60),
  'fast waves': (period) => 11 + 9 * Math.sin((2 * Math.PI * period) / 12)
}

const run = (load: Load, staleness: number): Period[] => {
  const loop = new ClosedLoop({ peers: PEERS, holders: HOLDERS, staleness, seconds: 2 }, new Prng(3))
  return Array.from({ length: HOUR }, (_, period) => loop.step(load(period)))
}
const actionsIn = (periods: readonly Period[]): number =>
  periods.reduce((sum, { spread, dropped }) => sum + spread + dropped, 0)

/** Reports that are nearly fresh, and maps that are ten epochs old. */
for (const staleness of [2, 10]) {
  describe(`controllers around a hot object, ${staleness} periods behind each other`, () => {
    for (const [name, load] of Object.entries(LOADS)) {
      it(`${name}: the load is met, and then nothing more is done`, () => {
        const periods = run(load, staleness)
        const late = periods.slice(HOUR / 2)
        expect(actionsIn(late), 'actions in the second half hour').to.equal(0)
        expect(actionsIn(periods), 'actions in all').to.be.below(2 * PEERS)
        expect(Math.max(...late.map(({ maxHeat }) => maxHeat))).to.be.below(0.7)
      })
    }

    it('a load that comes back as soon as the copies are gone costs a bounded number of actions', () => {
      const periods = run((period) => (period % 70 < 20 ? 20 : 1), staleness)
      // 26 rounds in an hour; in each every peer takes a copy and drops it at most once.
      expect(actionsIn(periods)).to.be.below(26 * 2 * PEERS)
      expect(Math.min(...periods.slice(-50).map(({ holders }) => holders))).to.equal(HOLDERS)
    })

    it('a load that is too much for all is shared evenly, and is not made worse', () => {
      const periods = run(() => 1.5 * PEERS, staleness)
      const late = periods.slice(HOUR / 2)
      expect(late.at(-1)!.holders).to.equal(PEERS)
      // 1.5 each, and 0.05 of their own.
      expect(Math.max(...late.map(({ maxHeat }) => maxHeat))).to.be.below(1.6)
      expect(actionsIn(late)).to.equal(0)
    })
  })
}
