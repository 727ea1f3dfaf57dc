// Pairs of segments for `npm run bench:encoder`: the code rs8p beside two segments of rs8, taking turns on one thread.
import { PairCodec, RowCodec, createWasmBackend } from '../encoder/index.ts'
import type { SegmentShape } from '../encoder/index.ts'

export interface PairResult {
  readonly shape: SegmentShape
  /** All parity of a pair. */
  readonly encode: Speeds
  /** One lost data row of a pair. */
  readonly repair: Speeds
  /** Blocks that rs8p reads for it, as a share of those that rs8 reads. */
  readonly readShare: number
}

/** Bytes of data of the pair a second of processor time. */
interface Speeds {
  readonly rs8: number
  readonly rs8p: number
}

/** Engines compile hot code with care only after a while, and longer where they share a core with the bench. */
const WARM_UP_MILLIS = 100

// One module for both, so that it is compiled with the same care for both.
const backend = createWasmBackend()
const rows = new RowCodec(backend)
const pairs = new PairCodec(backend)

/** Bytes a second of processor time. */
const speedOf = (work: () => unknown, bytes: number, millis: number): number => {
  const start = process.cpuUsage()
  let elapsedMicros: number
  let calls = 0
  do {
    work()
    calls++
    const { user, system } = process.cpuUsage(start)
    elapsedMicros = user + system
  } while (elapsedMicros < millis * 1000)
  return (calls * bytes * 1e6) / elapsedMicros
}

const inTurns = (
  rs8: () => unknown,
  rs8p: () => unknown,
  bytes: number,
  rounds: number,
  millis: number
): Speeds => {
  for (const work of [rs8, rs8p]) speedOf(work, bytes, WARM_UP_MILLIS)
  const samples: Speeds[] = []
  for (let round = 0; round < rounds; round++) {
    samples.push({ rs8: speedOf(rs8, bytes, millis), rs8p: speedOf(rs8p, bytes, millis) })
  }
  // The best round: what else the machine does only ever slows one down, and not both alike.
  return {
    rs8: Math.max(...samples.map((sample) => sample.rs8)),
    rs8p: Math.max(...samples.map((sample) => sample.rs8p))
  }
}

export const pairResult = (shape: SegmentShape, rounds: number, millis: number): PairResult => {
  const { k, n, blockBytes } = shape
  const bytes = (count: number, factor: number) =>
    Uint8Array.from({ length: count * blockBytes }, (_, i) => i * factor + (i >> 8))
  const data = { first: bytes(k, 7), second: bytes(k, 11) }
  const all = Array.from({ length: n }, (_, row) => row)
  const repair = pairs.planRepair(shape, 0, all)
  const given = all.slice(1, k + 1)
  const read = { first: bytes(repair?.first.length ?? 0, 3), second: bytes(repair?.second.length ?? 0, 5) }
  const size = 2 * k * blockBytes
  const encode = inTurns(
    () => [rows.encode(shape, data.first), rows.encode(shape, data.second)],
    () => pairs.encode(shape, data),
    size,
    rounds,
    millis
  )
  const rs8Repair = () => [
    rows.reconstruct(shape, given, data.first, [0]),
    rows.reconstruct(shape, given, data.second, [0])
  ]
  return {
    shape,
    encode,
    repair: inTurns(
      rs8Repair,
      repair === undefined ? rs8Repair : () => pairs.repair(repair, read, blockBytes),
      size,
      rounds,
      millis
    ),
    readShare: repair === undefined ? 1 : (repair.first.length + repair.second.length) / (2 * k)
  }
}
