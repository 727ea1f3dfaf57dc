// The pool of coding threads for `npm run bench:encoder`: what it does by the clock with one worker and two,
// how long it keeps the event loop from turning, and where the processor's time goes.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createSegmentCodec, createWasmBackend, leafHash, PlanCache } from '../encoder/index.ts'
import type { SegmentShape } from '../encoder/index.ts'
import { splitRows } from '../encoder/shape.ts'

const MIB = 2 ** 20

export interface PoolResult {
  readonly shape: SegmentShape
  readonly oneWorker: PoolRun
  readonly twoWorkers: PoolRun
}

/** Segments to a worker and back, encoded, every row hashed, as many under way as the workers hold. */
export interface PoolRun {
  /** MiB of data a second of the clock. */
  readonly mibPerSecond: number
  /** Processor time of the whole process for a MiB of data. */
  readonly cpuMillisPerMib: number
  /** Processor time of the event loop's thread for a segment: how long encoding holds it. */
  readonly loopMillisPerSegment: number
  /** Longest time between two ticks of a timer of one millisecond: waiting for a free core is part of it. */
  readonly longestTurnMillis: number
}

/** Where a worker's time for a MiB of data goes, measured step by step on one thread. */
export interface PoolCosts {
  readonly shape: SegmentShape
  readonly codeMillis: number
  readonly copyMillis: number
  readonly hashMillis: number
  /** The rest of what the pool takes: messages, and memory for parity that the system has to map and clear. */
  readonly restMillis: number
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]

const millisOf = ({ user, system }: { user: number; system: number }): number => (user + system) / 1000

const dataMib = ({ k, blockBytes }: SegmentShape): number => (k * blockBytes) / MIB

const WARM_UP_MILLIS = 300
const RUN_MILLIS = 600
const CALLS_A_SAMPLE = 20

const poolRun = async (workers: number, shape: SegmentShape): Promise<PoolRun> => {
  const codec = createSegmentCodec({ workers })
  let count = 0
  let isOver = false
  const lane = async (segment: Uint8Array) => {
    for (let data = segment; !isOver; count++) ({ data } = await codec.encode(shape, data))
  }
  const lanes = Array.from({ length: 2 * workers }, () => lane(new Uint8Array(shape.k * shape.blockBytes)))
  const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))
  await pause(WARM_UP_MILLIS)
  const turns = monitorEventLoopDelay({ resolution: 1 })
  turns.enable()
  const [started, cpu, mainThread, before] = [
    performance.now(),
    process.cpuUsage(),
    process.threadCpuUsage(),
    count
  ]
  await pause(RUN_MILLIS)
  const seconds = (performance.now() - started) / 1000
  const segments = count - before
  const mib = segments * dataMib(shape)
  const run = {
    mibPerSecond: mib / seconds,
    cpuMillisPerMib: millisOf(process.cpuUsage(cpu)) / mib,
    loopMillisPerSegment: millisOf(process.threadCpuUsage(mainThread)) / segments,
    longestTurnMillis: turns.max / 1e6
  }
  turns.disable()
  isOver = true
  await Promise.all(lanes)
  await codec.close()
  return run
}

/** One worker and two, in turns; of each the run with the median speed. */
export const poolResult = async (shape: SegmentShape): Promise<PoolResult> => {
  const runs: Record<1 | 2, PoolRun[]> = { 1: [], 2: [] }
  for (let round = 0; round < 3; round++) {
    for (const workers of [1, 2] as const) runs[workers].push(await poolRun(workers, shape))
  }
  const middle = (all: readonly PoolRun[]) =>
    all.toSorted((a, b) => a.mibPerSecond - b.mibPerSecond)[all.length >> 1]
  return { shape, oneWorker: middle(runs[1]), twoWorkers: middle(runs[2]) }
}

/** Splits what `run` took a MiB. */
export const poolCosts = (shape: SegmentShape, run: PoolRun): PoolCosts => {
  const { k, n, blockBytes } = shape
  const plan = new PlanCache().encode(k, n)
  const backend = createWasmBackend({ arenaBytes: n * (blockBytes + 128) })
  const arena = backend.allocateRows(n, blockBytes)
  const rows = splitRows(new Uint8Array(n * blockBytes), blockBytes)
  const millisPerMib = (work: () => void): number => {
    const samples = Array.from({ length: 9 }, () => {
      const start = process.cpuUsage()
      for (let call = 0; call < CALLS_A_SAMPLE; call++) work()
      return millisOf(process.cpuUsage(start)) / CALLS_A_SAMPLE / dataMib(shape)
    })
    return median(samples)
  }
  const codeMillis = millisPerMib(() => backend.compute(plan, arena.slice(0, k), arena.slice(k)))
  const copiedMillis = millisPerMib(() => backend.compute(plan, rows.slice(0, k), rows.slice(k)))
  const hashMillis = millisPerMib(() => rows.forEach(leafHash))
  const restMillis = run.cpuMillisPerMib - copiedMillis - hashMillis
  return { shape, codeMillis, copyMillis: copiedMillis - codeMillis, hashMillis, restMillis }
}
