import { readQuery } from './query.ts'
import { sendJson } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type { GatewayNode, HistoryJson, HistorySampleJson } from './types.ts'

export const SAMPLE_EVERY_MS = 10_000
/** An hour of them. Older ones are for Prometheus. */
export const MAX_SAMPLES = 360

type Sampled = Pick<GatewayNode, 'status' | 'metrics' | 'logger'>

/** How the node has fared of late, in memory: a node that starts anew knows nothing of before. */
export class History {
  readonly #node: Sampled
  readonly #nowMs: () => number
  readonly #samples: HistorySampleJson[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(node: Sampled, nowMs: () => number = Date.now) {
    this.#node = node
    this.#nowMs = nowMs
  }

  /** Oldest first. */
  get samples(): readonly HistorySampleJson[] {
    return this.#samples
  }

  start(): void {
    void this.sample()
    this.#timer = setInterval(() => void this.sample(), SAMPLE_EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async sample(): Promise<void> {
    try {
      const [{ usage, homeostat, peers }, takenBytes, givenBytes] = await Promise.all([
        this.#node.status(),
        this.#count('thhe_holder_bytes_in_total'),
        this.#count('thhe_holder_bytes_out_total')
      ])
      this.#samples.push({
        ...{ atMs: this.#nowMs(), usedBytes: usage.usedBytes, heat: homeostat.heat },
        ...{ livePeers: peers.live, takenBytes, givenBytes }
      })
      if (this.#samples.length > MAX_SAMPLES) this.#samples.shift()
    } catch (error) {
      this.#node.logger.warn('could not sample how the node fares', { error })
    }
  }

  async #count(name: string): Promise<number> {
    const metric = await this.#node.metrics.getSingleMetric(name)?.get()
    return metric?.values[0]?.value ?? 0
  }
}

const show = ({ history, query, response }: Exchange): void => {
  readQuery(query, {})
  const body: HistoryJson = { everyMs: SAMPLE_EVERY_MS, samples: history.samples }
  sendJson(response, 200, body)
}

export const historyRoutes: readonly Route[] = [
  { methods: ['GET', 'HEAD'], path: '/v1/history', needsToken: false, takesBody: false, handle: show }
]
