import { TensorError } from '../errors.ts'
import { shardBytes, sliceBytes } from './slices.ts'

/** What storage the priorities of coarse layers may cost, over that of the uniform code. */
export const DEFAULT_EXTRA_STORAGE = 0.15

export interface PriorityProblem {
  /** Bytes of each layer, from coarse to fine. */
  readonly lengths: readonly number[]
  /** Fidelity, 0 to 1, when this layer and all before it are there; one for each layer. */
  readonly fidelities: readonly number[]
  /** Shards in all. */
  readonly n: number
  /** Shards that give the whole tensor back: the k of the finest layer. */
  readonly k: number
  /** Fraction of the uniform code's storage that may come on top. @default DEFAULT_EXTRA_STORAGE */
  readonly extraStorage?: number
  /**
   * Probability that a holder is lost, each by itself. @default unknown: all probabilities are as likely as each
   * other, so that every number of live shards from 0 to n is (Bayes, 1763)
   */
  readonly lossProbability?: number
}

export interface Priorities {
  /** For each layer how many shards give it back; ascending, the last is k. */
  readonly k: readonly number[]
  readonly expectedFidelity: number
  /** Of the code in which every layer has k. */
  readonly uniformFidelity: number
  /** Storage over that of the uniform code of the same n and k in one layer. */
  readonly storageRatio: number
}

/** Some choice of k for the layers so far. */
interface Choice {
  readonly bytes: number
  readonly fidelity: number
  readonly k: number
  readonly before: Choice | undefined
}

/**
 * Chooses k for each layer so that the expected fidelity is greatest:
 *
 *   maximise    sum over layers of gain(l) * P(at least k(l) shards live)
 *   subject to  k(1) <= k(2) <= ... <= k(last) = k
 *               bytes of a shard <= (1 + extraStorage) * bytes of a shard of the uniform code
 *
 * Exact, by dynamic programming over layers: of the choices that end at one k only those matter of which no other has
 * both less storage and more fidelity. When padding alone exceeds the storage allowed (tiny tensors), every layer
 * gets k.
 *
 * @throws TensorError 'BAD_PRIORITIES'
 */
export function choosePriorities(problem: PriorityProblem): Priorities {
  checkProblem(problem)
  const { lengths, fidelities, n, k, extraStorage = DEFAULT_EXTRA_STORAGE } = problem
  const alive = survival(n, problem.lossProbability)
  const uniformBytes = shardBytes([{ k, length: lengths.reduce((sum, length) => sum + length, 0) }])
  const budget = (1 + extraStorage) * uniformBytes
  const uniform = fidelities.at(-1)! * alive[k]
  const best = bestChoice(problem, alive, budget)
  if (best === undefined) {
    const all = lengths.map(() => k)
    const bytes = shardBytes(lengths.map((length) => ({ k, length })))
    return { k: all, expectedFidelity: uniform, uniformFidelity: uniform, storageRatio: bytes / uniformBytes }
  }
  return {
    k: chosen(best),
    expectedFidelity: best.fidelity,
    uniformFidelity: uniform,
    storageRatio: uniformBytes === 0 ? 1 : best.bytes / uniformBytes
  }
}

/**
 * P(at least j of n shards live), for j from 0 to n.
 *
 * @param lossProbability - of each shard by itself; undefined for unknown
 */
export function survival(n: number, lossProbability?: number): number[] {
  if (lossProbability === undefined) return Array.from({ length: n + 1 }, (_, j) => (n + 1 - j) / (n + 1))
  let exactly = [1]
  for (let shard = 0; shard < n; shard++) {
    exactly = Array.from({ length: exactly.length + 1 }, (_, j) => {
      return (exactly[j] ?? 0) * lossProbability + (exactly[j - 1] ?? 0) * (1 - lossProbability)
    })
  }
  let atLeast = 0
  return exactly
    .reverse()
    .map((probability) => (atLeast += probability))
    .reverse()
}

function bestChoice(
  { lengths, fidelities, k: largest }: PriorityProblem,
  alive: readonly number[],
  budget: number
): Choice | undefined {
  const last = lengths.length - 1
  const leastAfter = lengths.map((_, layer) =>
    shardBytes(lengths.slice(layer + 1).map((length) => ({ k: largest, length })))
  )
  let before: Choice[][] = []
  for (const [layer, length] of lengths.entries()) {
    const gain = fidelities[layer] - (fidelities[layer - 1] ?? 0)
    const room = budget - leastAfter[layer]
    const endingAt: Choice[][] = []
    let upTo: Choice[] = []
    for (let k = 1; k <= largest; k++) {
      if (layer > 0) upTo = undominated([...upTo, ...before[k]])
      endingAt[k] = []
      if (layer === last && k < largest) continue
      const bytes = sliceBytes({ k, length })
      const fidelity = gain * alive[k]
      const starts = layer === 0 ? [undefined] : upTo
      endingAt[k] = starts.flatMap((start) => {
        const sum = (start?.bytes ?? 0) + bytes
        return sum > room
          ? []
          : [{ bytes: sum, fidelity: (start?.fidelity ?? 0) + fidelity, k, before: start }]
      })
    }
    before = endingAt
  }
  return undominated(before[largest]).at(-1)
}

/** Those choices that no other beats in both respects, by rising storage and rising fidelity. */
function undominated(choices: Choice[]): Choice[] {
  choices.sort((a, b) => a.bytes - b.bytes || b.fidelity - a.fidelity)
  let highest = -Infinity
  return choices.filter(({ fidelity }) => {
    if (fidelity <= highest) return false
    highest = fidelity
    return true
  })
}

function chosen(last: Choice): number[] {
  const ks: number[] = []
  for (let choice: Choice | undefined = last; choice !== undefined; choice = choice.before) ks.push(choice.k)
  return ks.reverse()
}

function checkProblem(problem: PriorityProblem): void {
  const { lengths, fidelities, n, k, extraStorage = 0, lossProbability = 0 } = problem
  const isPossible =
    lengths.length >= 1 &&
    lengths.length === fidelities.length &&
    lengths.every((length) => Number.isSafeInteger(length) && length >= 0) &&
    fidelities.every((fidelity) => fidelity >= 0 && fidelity <= 1) &&
    Number.isInteger(n) &&
    Number.isInteger(k) &&
    1 <= k &&
    k <= n &&
    n <= 256 &&
    extraStorage >= 0 &&
    lossProbability >= 0 &&
    lossProbability <= 1
  if (isPossible) return
  throw new TensorError(
    'BAD_PRIORITIES',
    `No priorities can be chosen for ${lengths.length} layers, ${k} of ${n}.`,
    {
      n,
      k
    }
  )
}
