// Heat as it goes in practice, sampled once a control period: steps, ramps, days, and a load that switches at random.
import { Prng } from '../../sim/engine/index.ts'

/** Standard deviation of what a sensor adds. */
const NOISE = 0.03

const noisy = (prng: Prng, value: number): number => {
  // Box and Muller, 1958.
  const gaussian = Math.sqrt(-2 * Math.log(1 - prng.unit())) * Math.cos(2 * Math.PI * prng.unit())
  return Math.max(0, value + NOISE * gaussian)
}

/** Each makes a trace from a random source. */
export const TRACES: Readonly<Record<string, (prng: Prng, length: number) => number[]>> = {
  calm: (prng, length) => Array.from({ length }, () => noisy(prng, 0.3)),
  step: (prng, length) => Array.from({ length }, (_, at) => noisy(prng, at < length / 2 ? 0.2 : 0.8)),
  ramp: (prng, length) => Array.from({ length }, (_, at) => noisy(prng, (0.9 * at) / length)),
  // A flash crowd: it doubles every eight periods up to saturation, then fades.
  flash: (prng, length) =>
    Array.from({ length }, (_, at) => {
      const since = at - length / 4
      const up = 0.05 * 2 ** (since / 8)
      const peakAt = 8 * Math.log2(20)
      return noisy(
        prng,
        since < 0 ? 0.05 : since < peakAt ? up : Math.max(0.05, 1 * 0.97 ** (since - peakAt))
      )
    }),
  day: (prng, length) =>
    Array.from({ length }, (_, at) => noisy(prng, 0.5 + 0.35 * Math.sin((2 * Math.PI * at) / 60))),
  // Two-state Markov-modulated load: bursts that come without a sign.
  bursts: (prng, length) => {
    let isHigh = false
    return Array.from({ length }, () => {
      if (prng.chance(isHigh ? 0.1 : 0.04)) isHigh = !isHigh
      return noisy(prng, isHigh ? 0.85 : 0.2)
    })
  }
}
