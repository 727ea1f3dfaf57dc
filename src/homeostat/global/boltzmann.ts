/** The statistics of a set of peers at one temperature. Heat and temperature have no unit: 1 is a saturated peer. */
export interface Ensemble {
  /** Probability of each peer, in the order given; they sum to 1. */
  readonly weights: readonly number[]
  /** Z = sum of capacity_i * exp(-heat_i / T). Its logarithm is kept, since Z itself under- or overflows. */
  readonly logPartition: number
  /** U, the mean heat under the weights. */
  readonly meanHeat: number
  /** H in nats: Shannon entropy of the weights relative to the capacities, -sum p ln(p / capacity). */
  readonly entropy: number
  /** F = -T ln Z. The weights are those that minimise U - T H, and F is the minimum (Gibbs). */
  readonly freeEnergy: number
}

export interface EnsembleMember {
  readonly heat: number
  /** Share of the capacity, or anything in proportion to it. Positive. */
  readonly capacity: number
}

/**
 * The Boltzmann distribution over peers: weight of peer i = capacity_i * exp(-heat_i / T) / Z.
 *
 * @throws {RangeError} when the temperature is not positive, or there is no peer
 */
export function ensembleOf(members: readonly EnsembleMember[], temperature: number): Ensemble {
  if (!(temperature > 0)) throw new RangeError('A temperature must be positive.')
  if (members.length === 0) throw new RangeError('An ensemble needs a peer.')
  const total = members.reduce((sum, { capacity }) => sum + capacity, 0)
  const logs = members.map(({ heat, capacity }) => Math.log(capacity / total) - heat / temperature)
  // The largest exponent is taken out, so that exp neither overflows nor loses all terms.
  const top = Math.max(...logs)
  const scaled = logs.map((log) => Math.exp(log - top))
  const sum = scaled.reduce((a, b) => a + b, 0)
  const weights = scaled.map((term) => term / sum)
  const logPartition = top + Math.log(sum)
  const meanHeat = weights.reduce((acc, weight, i) => acc + weight * members[i].heat, 0)
  const entropy = -weights.reduce(
    (acc, weight, i) => (weight > 0 ? acc + weight * Math.log((weight * total) / members[i].capacity) : acc),
    0
  )
  return { weights, logPartition, meanHeat, entropy, freeEnergy: -temperature * logPartition }
}

/** How much faster a holder must be before speed decides: with a ratio of two in time, the faster is drawn 16 times as often. */
const SPEED_TEMPERATURE = 0.25

/**
 * A factor for the predicted time of a peer that turns "take the fastest" into a draw by Boltzmann weights: with
 * time_i multiplied by exp(s * (heat_i / T - g_i)), s the speed temperature and g_i standard Gumbel, peer i is fastest with
 * probability proportional to time_i^(-1/s) * exp(-heat_i / T), and the k fastest are a draw without replacement (the
 * Gumbel-max trick; Kool, van Hoof and Welling, "Stochastic beams and where to find them", 2019).
 *
 * @param uniform - in [0, 1)
 */
export function boltzmannFactor(heat: number, temperature: number, uniform: number): number {
  const gumbel = -Math.log(-Math.log(Math.min(1 - 1e-12, Math.max(1e-12, uniform))))
  return Math.exp(SPEED_TEMPERATURE * (heat / temperature - gumbel))
}
