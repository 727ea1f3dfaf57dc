// Measures which backend is fastest on this machine for a shape.

import { PlanCache } from '../plan.ts'
import type { SegmentShape } from '../shape.ts'
import { splitRows } from '../shape.ts'
import type { Backend, BackendName } from './backend.ts'
import { openBackend } from './open.ts'
import { probeEncoders } from './probe.ts'

/** The measurement of one backend for one shape. */
export interface Measurement {
  readonly backend: BackendName
  readonly detail: string
  /** Data bytes encoded per second, including transfers to and from the device. */
  readonly bytesPerSecond: number
}

export interface Calibration {
  readonly fastest: BackendName
  readonly measurements: readonly Measurement[]
}

/** Segments encoded concurrently: as many as keep a GPU busy. */
const CONCURRENT_SEGMENTS = 4

/** Measures the candidate backends of this machine that encode the shape correctly. */
export async function calibrate(shape: SegmentShape, millis = 100): Promise<Calibration> {
  const measurements: Measurement[] = []
  for (const { backend, isCandidate } of await probeEncoders()) {
    if (isCandidate) measurements.push(...(await measureByName(backend, shape, millis)))
  }
  const [fastest] = measurements.toSorted((a, b) => b.bytesPerSecond - a.bytesPerSecond)
  return { fastest: fastest?.backend ?? 'scalar', measurements }
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
      backend.close()
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
  const encode = ({ sources, targets }: Segment) => backend.compute(plan, sources, targets)
  await encode(segments[0])
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
