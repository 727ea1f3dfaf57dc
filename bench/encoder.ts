// `npm run bench:encoder`: this encoder beside others, on one thread, in one run. Every figure is bytes of
// data a second of processor time, the median of rounds in which all take turns, so that what else the
// machine does weighs the same on everybody. Then one thread and two, through the pool, in seconds of the
// clock. --json FILE writes all of it.
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { createSegmentCodec } from '../encoder/index.ts'
import { isalContestants, npmContestants, ownContestant } from './encoder-contestants.ts'
import type { Contestant, Operation, Task } from './encoder-contestants.ts'

const { values: options } = parseArgs({
  options: {
    shapes: { type: 'string', default: '4+2,10+4,8+8,16+16,32+32,64+64' },
    blocks: { type: 'string', default: '4096,65536,1048576' },
    operations: { type: 'string', default: 'encode,decode,scattered,repair' },
    rounds: { type: 'string', default: '7' },
    millis: { type: 'string', default: '20' },
    json: { type: 'string' }
  }
})
const rounds = Number(options.rounds)
const millis = Number(options.millis)

/** After that much time a contestant is not asked again. */
const MOST_MILLIS_A_TASK = 400

interface Result extends Task {
  /** Median bytes of data a second, by contestant. */
  readonly bytesPerSecond: Readonly<Record<string, number>>
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]

const compare = async (task: Task, contestants: readonly Contestant[]): Promise<Result> => {
  const samples = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]))
  const spentMillis = new Map<Contestant, number>()
  for (let round = 0; round < rounds; round++) {
    for (const [contestant, speeds] of samples) {
      if ((spentMillis.get(contestant) ?? 0) > MOST_MILLIS_A_TASK) continue
      const started = performance.now()
      const speed = await contestant.measure(task, millis)
      spentMillis.set(contestant, (spentMillis.get(contestant) ?? 0) + performance.now() - started)
      if (speed !== undefined) speeds.push(speed)
    }
  }
  const medians = contestants
    .filter((contestant) => samples.get(contestant)!.length > 0)
    .map((contestant) => [contestant.name, median(samples.get(contestant)!)] as const)
  return { ...task, bytesPerSecond: Object.fromEntries(medians) }
}

const table = (results: readonly Result[], contestants: readonly Contestant[]): string => {
  const names = contestants.map(({ name }) => name)
  const yardstick = names.includes('ISA-L') ? 'ISA-L' : undefined
  const cells = ({ bytesPerSecond }: Result) =>
    names.map((name) => {
      const speed = bytesPerSecond[name]
      if (speed === undefined) return '-'
      const ratio = yardstick === undefined ? '' : ` (${(speed / bytesPerSecond[yardstick]).toFixed(2)})`
      return `${(speed / 1e9).toFixed(2)}${ratio}`
    })
  const rows = new Table({ head: ['', 'shape', 'block', ...names], style: { head: [], border: [] } })
  for (const result of results) {
    rows.push([result.operation, `${result.k}+${result.m}`, result.blockBytes, ...cells(result)])
  }
  return rows.toString()
}

interface PoolResult {
  readonly k: number
  readonly m: number
  readonly blockBytes: number
  readonly oneWorker: number
  readonly twoWorkers: number
}

/** Bytes of data a second of the clock through the pool: there and back, encoded, every row hashed. */
const poolSpeed = async (workers: number, k: number, m: number, blockBytes: number): Promise<number> => {
  const shape = { k, n: k + m, blockBytes }
  const codec = createSegmentCodec({ workers })
  const segments = Array.from({ length: 2 * workers }, () => new Uint8Array(k * blockBytes))
  const seconds = 0.4
  let count = 0
  const lane = async (data: Uint8Array) => {
    let segment = (await codec.encode(shape, data)).data
    const started = performance.now()
    while (performance.now() - started < seconds * 1000) {
      segment = (await codec.encode(shape, segment)).data
      count++
    }
  }
  await Promise.all(segments.map(lane))
  await codec.close()
  return (count * k * blockBytes) / seconds
}

const poolResult = async (k: number, m: number, blockBytes: number): Promise<PoolResult> => {
  const one: number[] = []
  const two: number[] = []
  for (let round = 0; round < 3; round++) {
    one.push(await poolSpeed(1, k, m, blockBytes))
    two.push(await poolSpeed(2, k, m, blockBytes))
  }
  return { k, m, blockBytes, oneWorker: median(one), twoWorkers: median(two) }
}

const shapes = options.shapes.split(',').map((shape) => shape.split('+').map(Number))
const isal = isalContestants()
if (isal.length === 0) console.log('ISA-L is left out: install libisal-dev to have it measured.')
const others = await npmContestants()
if (others.length === 0)
  console.log('Coders from npm are left out: npm ci --prefix bench/encoder brings them.')
const contestants = [
  ownContestant('thhe', {}, false),
  ownContestant('thhe, copies', {}, true),
  ownContestant('thhe, baseline SIMD', { relaxed: false }, false),
  ...isal,
  ...others
]

const results: Result[] = []
for (const operation of options.operations.split(',') as Operation[]) {
  for (const blockBytes of options.blocks.split(',').map(Number)) {
    for (const [k, m] of shapes) {
      process.stderr.write(`${operation} ${k}+${m}, blocks of ${blockBytes} bytes\n`)
      results.push(await compare({ operation, k, m, blockBytes }, contestants))
    }
  }
}
console.log(
  `${cpus()[0].model}, Node ${process.version}. GB of data a second of processor time (ratio to ISA-L).`
)
console.log(table(results, contestants))

const pool: PoolResult[] = []
for (const [k, m] of shapes) pool.push(await poolResult(k, m, 2 ** 21 / 2 ** Math.ceil(Math.log2(k))))
const poolTable = new Table({
  head: ['shape', 'block', '1 worker, GB/s', '2 workers', 'ratio'],
  style: { head: [], border: [] }
})
for (const { k, m, blockBytes, oneWorker, twoWorkers } of pool) {
  const speeds = [oneWorker, twoWorkers].map((speed) => (speed / 1e9).toFixed(2))
  poolTable.push([`${k}+${m}`, blockBytes, ...speeds, (twoWorkers / oneWorker).toFixed(2)])
}
console.log('Through the pool, every row hashed with SHA-256, segments of 1 to 2 MiB, by the clock:')
console.log(poolTable.toString())

for (const contestant of contestants) contestant.close()
if (options.json !== undefined) {
  const report = { processor: cpus()[0].model, node: process.version, results, pool }
  await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`)
}
