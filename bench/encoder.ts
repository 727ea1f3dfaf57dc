// `npm run bench:encoder`: this encoder beside others, on one thread, in one run. Every figure is bytes of
// data a second of processor time, the median of rounds in which all take turns, so that what else the
// machine does weighs the same on everybody. Then pairs of segments (rs8p) beside two segments of rs8 (left out with
// --no-pairs), and the pool of coding threads, in seconds of the clock (left out with --no-pool). --json FILE writes all
// of it.
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import type { SegmentShape } from '../encoder/index.ts'
import { isalContestants, npmContestants, ownContestant } from './encoder-contestants.ts'
import type { Contestant, Operation, Task } from './encoder-contestants.ts'
import { pairResult } from './encoder-pairs.ts'
import type { PairResult } from './encoder-pairs.ts'
import { poolCosts, poolResult } from './encoder-pool.ts'
import type { PoolCosts, PoolResult } from './encoder-pool.ts'

const { values: options } = parseArgs({
  options: {
    shapes: { type: 'string', default: '4+2,10+4,8+8,16+16,32+32,64+64' },
    blocks: { type: 'string', default: '4096,65536,1048576' },
    operations: { type: 'string', default: 'encode,decode,scattered,repair' },
    rounds: { type: 'string', default: '7' },
    millis: { type: 'string', default: '20' },
    pairs: { type: 'boolean', default: true },
    pool: { type: 'boolean', default: true },
    json: { type: 'string' }
  },
  allowNegative: true
})
const rounds = Number(options.rounds)
const millis = Number(options.millis)

/** After that much time a contestant is not asked again. */
const MAX_MILLIS_PER_TASK = 400

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
      if ((spentMillis.get(contestant) ?? 0) > MAX_MILLIS_PER_TASK) continue
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

/** The shape of the mesh's bench, then segments of 2 MiB. */
const poolShapes = (shapes: ReadonlyArray<readonly number[]>): SegmentShape[] => [
  { k: 5, n: 8, blockBytes: 65536 },
  ...shapes.map(([k, m]) => ({ k, n: k + m, blockBytes: 2 ** 21 / 2 ** Math.ceil(Math.log2(k)) }))
]

const shapeOf = ({ k, n, blockBytes }: SegmentShape) => [`${k}+${n - k}`, blockBytes]

const poolTable = (results: readonly PoolResult[]): string => {
  const head = ['shape', 'block', '1 worker', '2 workers', 'ratio']
  const turns = ['loop, ms a segment', 'longest turn, 1 worker', '2 workers']
  const rows = new Table({ head: [...head, ...turns], style: { head: [], border: [] } })
  for (const { shape, oneWorker, twoWorkers } of results) {
    const [one, two] = [oneWorker.mibPerSecond, twoWorkers.mibPerSecond]
    rows.push([
      ...shapeOf(shape),
      ...[one, two].map((speed) => speed.toFixed(0)),
      (two / one).toFixed(2),
      oneWorker.loopMillisPerSegment.toFixed(3),
      ...[oneWorker, twoWorkers].map(({ longestTurnMillis }) => longestTurnMillis.toFixed(1))
    ])
  }
  return rows.toString()
}

const costTable = (costs: readonly PoolCosts[]): string => {
  const rows = new Table({
    head: ['shape', 'block', 'code', 'copies', 'hash', 'rest'],
    style: { head: [], border: [] }
  })
  for (const { shape, codeMillis, copyMillis, hashMillis, restMillis } of costs) {
    const millis = [codeMillis, copyMillis, hashMillis, restMillis]
    rows.push([...shapeOf(shape), ...millis.map((value) => value.toFixed(3))])
  }
  return rows.toString()
}

const pairTable = (results: readonly PairResult[]): string => {
  const rows = new Table({
    head: ['shape', 'block', 'encode rs8', 'rs8p', 'ratio', 'repair rs8', 'rs8p', 'ratio', 'blocks read'],
    style: { head: [], border: [] }
  })
  for (const { shape, encode, repair, readShare } of results) {
    const cells = [encode, repair].flatMap(({ rs8, rs8p }) => [
      (rs8 / 1e9).toFixed(2),
      (rs8p / 1e9).toFixed(2),
      (rs8p / rs8).toFixed(2)
    ])
    rows.push([...shapeOf(shape), ...cells, readShare.toFixed(3)])
  }
  return rows.toString()
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

const operations = options.operations.split(',').filter((name) => name !== '') as Operation[]
const results: Result[] = []
for (const operation of operations) {
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

const pairs: PairResult[] = []
if (options.pairs) {
  for (const [k, m] of shapes) {
    for (const blockBytes of options.blocks.split(',').map(Number)) {
      pairs.push(pairResult({ k, n: k + m, blockBytes }, rounds, millis))
    }
  }
  console.log('Pairs of segments, with copies: rs8p beside rs8. GB of data a second of processor time.')
  console.log(pairTable(pairs))
}

const pool: PoolResult[] = []
const costs: PoolCosts[] = []
if (options.pool) {
  for (const shape of poolShapes(shapes)) {
    const result = await poolResult(shape)
    pool.push(result)
    costs.push(poolCosts(shape, result.oneWorker))
  }
  console.log('Through the pool, every row hashed with SHA-256, MiB of data a second of the clock:')
  console.log(poolTable(pool))
  console.log('Where its processor time goes, milliseconds for a MiB of data:')
  console.log(costTable(costs))
}

for (const contestant of contestants) contestant.close()
if (options.json !== undefined) {
  const report = { processor: cpus()[0].model, node: process.version, results, pairs, pool, costs }
  await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`)
}
