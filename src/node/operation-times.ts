import { Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { OperationSink } from '../hologram/index.ts'

/** From a small object in memory nearby to a large one on a slow line. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** How long the puts and gets of this node's user take. */
export class OperationTimes implements OperationSink {
  readonly #histogram = new Histogram({
    name: 'thhe_operation_seconds',
    help:
      'Puts and gets of the user of this node: first-byte from the request to the first byte of a get, get and put from the ' +
      'request to the end',
    labelNames: ['operation', 'outcome'],
    buckets: BUCKETS_SECONDS,
    registers: []
  })

  observe(operation: 'put' | 'get' | 'first-byte', outcome: 'ok' | 'failed', ms: number): void {
    this.#histogram.observe({ operation, outcome }, ms / 1000)
  }

  register(registry: Registry): void {
    registry.registerMetric(this.#histogram)
  }
}
