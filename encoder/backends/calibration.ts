// Measures which backend is fastest on this machine for a shape.

import { PlanCache } from '../plan.ts'
import type { SegmentShape } from '../shape.ts'
import { splitRows } from '../shape.ts'
import { isOnGpu } from './backend.ts'
import type { Backend, BackendName } from './backend.ts'
import { computeHashed, openBackend } from './open.ts'
import { probeEncoders } from './probe.ts'

/** The measurement of one backend for one shape. */
export interface Measurement {
  readonly backend: BackendName
  readonly detail: string
  /**
   * Data bytes per second that one thread encodes, with the leaf hashes of all rows and the transfers to and from the device: what
   * a put asks of it.
   */
  readonly bytesPerSecond: number
}

export interface Calibration {
  readonly fastest: BackendName
  readonly measurements: readonly Measurement[]
}

/** Segments encoded concurrently: as many as keep a GPU busy. */
const CONCURRENT_SEGMENTS = 8

/** The backend with which a pool of `maxThreads` is fastest: all of them code on the processor, but one serves a GPU. */
export function fastestOf(measurements: readonly Measurement[], maxThreads: number): BackendName {
  const inPool = ({ backend, bytesPerSecond }: Measurement): number =>
    bytesPerSecond * (isOnGpu(backend) ? 1 : maxThreads)
  return measurements.toSorted((a, b) => inPool(b) - inPool(a))[0]?.backend ?? 'scalar'
}

/**
 * Measures the candidate backends of this machine.
 * @param maxThreads - of the pool that will use the result
 */
export async function calibrate(shape: SegmentShape, maxThreads: number, millis = 100): Promise<Calibration> {
  const measurements: Measurement[] = []
  for (const { backend, isCandidate } of await probeEncoders()) {
    if (isCandidate) measurements.push(...(await measureByName(backend, shape, millis)))
  }
  return { fastest: fastestOf(measurements, maxThreads), measurements }
}

/** The measurement of a backend, or undefined if it does not open, fails, or gives wrong bytes. */
export async function measureByName(
  name: BackendName,
  shape: SegmentShape,
  millis: number
): Promise<Measurement[]> {
  try {
    const backend = await openBackend(name)
    try {
      return [await measure(backend, shape, millis)]
    } finally {
      await backend.close()
    }
  } catch {
    return []
  }
}

/**
 * Encodes segments of a shape for some time, after a warm-up.
 * @param millis - time to spend; does at least one round
 */
export async function measure(backend: Backend, shape: SegmentShape, millis: number): Promise<Measurement> {
  const segments = Array.from({ length: CONCURRENT_SEGMENTS }, () => segmentOf(shape))
  const plan = new PlanCache().encode(shape.k, shape.n)
  const encode = ({ sources, targets }: Segment) => computeHashed(backend, plan, sources, targets)
  await Promise.all(segments.map(encode))
  const start = performance.now()
  let count = 0
  let elapsed: number
  do {
    await Promise.all(segments.map(encode))
    count += segments.length
    elapsed = performance.now() - start
  } while (elapsed < millis)
  const bytesPerSecond = (count * shape.k * shape.blockBytes * 1000) / elapsed
  return { backend: backend.name, detail: backend.detail, bytesPerSecond }
}

interface Segment {
  readonly sources: readonly Uint8Array[]
  readonly targets: readonly Uint8Array[]
}

function segmentOf({ k, n, blockBytes }: SegmentShape): Segment {
  const data = Uint8Array.from({ length: k * blockBytes }, (_, i) => i * 7 + (i >> 8))
  return {
    sources: splitRows(data, blockBytes),
    targets: splitRows(new Uint8Array((n - k) * blockBytes), blockBytes)
  }
}
