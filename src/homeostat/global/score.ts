export interface ScoreInit {
  /** What one nat of disorder costs, in bytes a second. The paper's lambda. */
  readonly lambda: number
  /** Weight of the throughput in J, per byte a second: 1 / capacity makes a full mesh count 1. */
  readonly alpha: number
  /** Weight of one nat of divergence in J. */
  readonly beta: number
  /** Discount of J per epoch, 0 to 1. */
  readonly gamma: number
}

export interface Epoch {
  readonly seconds: number
  /** Bytes that readers and putters received or sent, repair not counted. */
  readonly usefulBytes: number
  /** KL(load shares || capacity shares), nats. */
  readonly divergence: number
}

/**
 * The controller's score (thesis, sections 1.1 and 1.3).
 *
 * The action S = sum over epochs of (L - lambda * H) * seconds, with L = useful bytes a second and H = the divergence in
 * nats. Unit: bytes. The integral over the manifold is the sum over peers that the node knows of; sqrt|g| is 1, since load
 * is counted per peer and not per volume.
 *
 * The objective J = sum of gamma^age * (alpha * L - beta * H), no unit. The paper writes `min J` over a reward; it is
 * maximised here.
 */
export class Score {
  readonly #init: ScoreInit
  #action = 0
  #objective = 0

  constructor(init: ScoreInit) {
    this.#init = init
  }

  /** S since the start, bytes. */
  get action(): number {
    return this.#action
  }

  /** J, discounted; no unit. */
  get objective(): number {
    return this.#objective
  }

  add({ seconds, usefulBytes, divergence }: Epoch): void {
    if (!(seconds > 0)) return
    const { lambda, alpha, beta, gamma } = this.#init
    const rate = usefulBytes / seconds
    this.#action += (rate - lambda * divergence) * seconds
    this.#objective = gamma * this.#objective + alpha * rate - beta * divergence
  }
}
