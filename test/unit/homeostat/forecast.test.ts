import { expect } from 'chai'
import { forecastError, Holt, LastValue, MovingAverage } from '../../../src/homeostat/index.ts'
import type { Forecaster } from '../../../src/homeostat/index.ts'
import { Prng } from '../../sim/engine/index.ts'
import { TRACES } from './traces.ts'

const SEEDS = [1, 2, 3, 4, 5, 6]
const HORIZONS = [2, 3, 5]

function meanError(make: () => Forecaster, trace: string, periods: number): number {
  const errors = SEEDS.map((seed) => forecastError(make(), TRACES[trace](new Prng(seed), 240), periods))
  return errors.reduce((a, b) => a + b, 0) / errors.length
}

const overAll = (make: () => Forecaster, periods: number): number =>
  Object.keys(TRACES).reduce((sum, trace) => sum + meanError(make, trace, periods), 0)

describe('forecasts of heat', () => {
  for (const periods of HORIZONS) {
    for (const trace of ['flash', 'day']) {
      it(`Holt is ahead of the last value and of a moving average on a ${trace}, ${periods} periods ahead`, () => {
        const holt = meanError(() => new Holt(), trace, periods)
        expect(holt).to.be.below(0.95 * meanError(() => new LastValue(), trace, periods))
        expect(holt).to.be.below(0.95 * meanError(() => new MovingAverage(), trace, periods))
      })
    }

    it(`a damped trend costs less over all traces than a straight line, ${periods} periods ahead`, () => {
      expect(overAll(() => new Holt(), periods)).to.be.below(overAll(() => new Holt({ damping: 1 }), periods))
    })

    it(`no forecast helps against bursts without a sign, ${periods} periods ahead`, () => {
      expect(meanError(() => new Holt(), 'bursts', periods)).to.be.above(
        meanError(() => new LastValue(), 'bursts', periods)
      )
    })
  }

  it('sees a ramp reach a threshold before the load does', () => {
    const holt = new Holt()
    let forecastAt: number | undefined
    let reachedAt: number | undefined
    for (let period = 0; period < 60; period++) {
      const heat = period / 50
      holt.sample(heat)
      if (holt.predict(3) >= 0.7) forecastAt ??= period
      if (heat >= 0.7) reachedAt ??= period
    }
    expect(reachedAt! - forecastAt!).to.be.within(1, 3)
  })

  it('does not move for a sample that is not a number', () => {
    const holt = new Holt()
    holt.sample(0.4)
    for (const absurd of [NaN, Infinity, -Infinity]) holt.sample(absurd)
    expect(holt.predict(5)).to.equal(0.4)
  })
})
