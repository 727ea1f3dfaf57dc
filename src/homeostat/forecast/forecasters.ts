/** Predicts a series that is sampled once a control period. */
export interface Forecaster {
  sample(value: number): void
  /** The value `periods` from the last sample; 0 before the first one. */
  predict(periods: number): number
}

/** The last value goes on. The baseline that every other method has to beat. */
export class LastValue implements Forecaster {
  #last = 0

  sample(value: number): void {
    this.#last = value
  }

  predict(): number {
    return this.#last
  }
}

/** Exponentially weighted moving average: a level without a trend. */
export class MovingAverage implements Forecaster {
  readonly #gain: number
  #level: number | undefined

  constructor(gain = 0.4) {
    this.#gain = gain
  }

  sample(value: number): void {
    this.#level = this.#level === undefined ? value : this.#level + this.#gain * (value - this.#level)
  }

  predict(): number {
    return this.#level ?? 0
  }
}

export interface HoltInit {
  /** Gain of the level. @default 0.5 */
  readonly level?: number
  /** Gain of the trend. @default 0.3 */
  readonly trend?: number
  /** Each further period carries this share of the trend of the one before. 1: a straight line. @default 0.9 */
  readonly damping?: number
}

/**
 * Double exponential smoothing (Holt, 1957) with a damped trend (Gardner and McKenzie, "Forecasting trends in time series",
 * 1985): a straight line overshoots when a ramp ends.
 */
export class Holt implements Forecaster {
  readonly #gains: Required<HoltInit>
  #level: number | undefined
  #trend = 0

  constructor({ level = 0.5, trend = 0.3, damping = 0.9 }: HoltInit = {}) {
    this.#gains = { level, trend, damping }
  }

  sample(value: number): void {
    if (!Number.isFinite(value)) return
    if (this.#level === undefined) {
      this.#level = value
      return
    }
    const { level, trend, damping } = this.#gains
    const expected = this.#level + damping * this.#trend
    const next = expected + level * (value - expected)
    this.#trend = trend * (next - this.#level) + (1 - trend) * damping * this.#trend
    this.#level = next
  }

  predict(periods: number): number {
    const { damping } = this.#gains
    const steps = damping === 1 ? periods : (damping * (1 - damping ** periods)) / (1 - damping)
    return (this.#level ?? 0) + steps * this.#trend
  }
}

/**
 * Mean absolute error of predictions `periods` ahead over a whole trace, after the first ten samples.
 */
export function forecastError(forecaster: Forecaster, trace: readonly number[], periods: number): number {
  const predictions: number[] = []
  for (const value of trace) {
    forecaster.sample(value)
    predictions.push(forecaster.predict(periods))
  }
  let sum = 0
  let count = 0
  for (let at = 10; at + periods < trace.length; at++) {
    sum += Math.abs(predictions[at] - trace[at + periods])
    count++
  }
  return count === 0 ? 0 : sum / count
}
