import type { SegmentShape } from '../shape.ts'
import { measureByName } from './calibration.ts'
import type { Measurement } from './calibration.ts'
import { probeEncoders } from './probe.ts'
import type { EncoderProbe } from './probe.ts'

/** Shapes from mirrored pairs to wide codes, with common block sizes. */
export const BENCH_SHAPES: readonly SegmentShape[] = [
  { k: 4, n: 6, blockBytes: 65536 },
  { k: 10, n: 14, blockBytes: 65536 },
  { k: 8, n: 16, blockBytes: 65536 },
  { k: 16, n: 32, blockBytes: 65536 },
  { k: 32, n: 64, blockBytes: 65536 },
  { k: 64, n: 128, blockBytes: 65536 }
]

/** Measurements of this machine's backends for one shape, fastest first. */
export interface EncoderBenchRow {
  readonly shape: SegmentShape
  readonly measurements: readonly Measurement[]
}

export interface EncoderBench {
  readonly probes: readonly EncoderProbe[]
  readonly rows: readonly EncoderBenchRow[]
}

export interface EncoderBenchOptions {
  /** @default BENCH_SHAPES */
  shapes?: readonly SegmentShape[]
  /** Time for each shape and backend. @default 200 */
  millis?: number
  /** Checked between measurements. */
  signal?: AbortSignal
  onRow?: (row: EncoderBenchRow) => void
}

/**
 * Measures every backend that runs on this machine, on the calling thread: for command lines, not for running nodes.
 */
export async function encoderBench(options: EncoderBenchOptions = {}): Promise<EncoderBench> {
  const { shapes = BENCH_SHAPES, millis = 200, signal, onRow } = options
  const probes = await probeEncoders()
  const rows: EncoderBenchRow[] = []
  for (const shape of shapes) {
    const measurements: Measurement[] = []
    for (const { backend, isAvailable } of probes) {
      signal?.throwIfAborted()
      if (isAvailable) measurements.push(...(await measureByName(backend, shape, millis)))
    }
    const row = { shape, measurements: measurements.toSorted((a, b) => b.bytesPerSecond - a.bytesPerSecond) }
    rows.push(row)
    onRow?.(row)
  }
  return { probes, rows }
}
