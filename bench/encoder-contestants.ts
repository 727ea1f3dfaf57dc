// Who takes part in `npm run bench:encoder`: this project's backends, ISA-L where Debian's libisal-dev is
// installed, and coders from npm where `npm ci --prefix bench/encoder` has brought them.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createWasmBackend, PlanCache } from '../encoder/index.ts'
import type { RowPlan, WasmBackendInit } from '../encoder/index.ts'

/**
 * What is to be made: all parity; all data rows that may be lost, from the rows that follow; half as many,
 * scattered; one data row.
 */
export type Operation = 'encode' | 'decode' | 'scattered' | 'repair'

export interface Task {
  readonly operation: Operation
  readonly k: number
  readonly m: number
  readonly blockBytes: number
}

export interface Contestant {
  readonly name: string
  /**
   * Bytes of data a second of processor time on one thread, measured for some milliseconds; undefined for a
   * task that is beyond it.
   */
  measure(task: Task, millis: number): Promise<number | undefined>
  close(): void
}

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const plans = new PlanCache()

/** The data rows that a task has lost. */
const lostRows = ({ operation, k, m }: Task): number[] => {
  const most = Math.min(k, m)
  if (operation === 'repair') return [0]
  if (operation === 'scattered') return Array.from({ length: Math.ceil(most / 2) }, (_, i) => 2 * i)
  return Array.from({ length: most }, (_, i) => i)
}

const planOf = (task: Task): RowPlan => {
  const { operation, k, m } = task
  if (operation === 'encode') return plans.encode(k, k + m)
  const lost = lostRows(task)
  const left = Array.from({ length: k + m }, (_, row) => row).filter((row) => !lost.includes(row))
  return plans.reconstruct(k, k + m, left.slice(0, k), lost)
}

/** Calls between two looks at the clock, so that a look costs nothing: some hundred kilobytes of data. */
const callsBetweenLooks = (dataBytes: number): number => Math.ceil(2 ** 19 / dataBytes)

/** Engines compile hot code with care only after a while, and longer where they share a core with the bench. */
const WARM_UP_MILLIS = 250

/** Repeats some work for a time and counts what it does in a second of processor time. */
const repeat = async (work: () => unknown, dataBytes: number, millis: number): Promise<number> => {
  const calls = callsBetweenLooks(dataBytes)
  const start = process.cpuUsage()
  let rounds = 0
  let elapsedMicros: number
  do {
    for (let call = 0; call < calls; call++) {
      // Only what is asynchronous is waited for: a promise costs more than coding a small block.
      const pending = work()
      if (pending instanceof Promise) await pending
    }
    rounds += calls
    const { user, system } = process.cpuUsage(start)
    elapsedMicros = user + system
  } while (elapsedMicros < millis * 1000)
  return (rounds * dataBytes * 1e6) / elapsedMicros
}

/** A contestant of this process: set up and warmed up once a task, then measured round by round. */
const contestantOf = (
  name: string,
  setUp: (task: Task) => Promise<(() => unknown) | undefined> | (() => unknown)
): Contestant => {
  let current: { task: Task; work: (() => unknown) | undefined } | undefined
  return {
    name,
    async measure(task, millis) {
      const dataBytes = task.k * task.blockBytes
      if (current?.task !== task) {
        current = { task, work: await setUp(task) }
        if (current.work !== undefined) await repeat(current.work, dataBytes, WARM_UP_MILLIS)
      }
      return current.work && (await repeat(current.work, dataBytes, millis))
    },
    close: () => {}
  }
}

/** This project's WebAssembly, with rows in its own memory or copied in and out. */
export const ownContestant = (name: string, init: WasmBackendInit, isCopied: boolean): Contestant =>
  contestantOf(name, (task) => {
    const { k, blockBytes } = task
    const plan = planOf(task)
    const rowCount = plan.have.length + plan.want.length
    const backend = createWasmBackend({ ...init, arenaBytes: rowCount * (blockBytes + 128) })
    const arena = backend.allocateRows(rowCount, blockBytes)
    arena.forEach((row, i) => row.fill(i + 1))
    const rows = isCopied ? arena.map((row) => row.slice()) : arena
    const sources = rows.slice(0, k)
    const targets = rows.slice(k)
    return () => backend.compute(plan, sources, targets)
  })

/**
 * Intel's library, kernel by kernel: AVX2, which is what the others are compared with; 128 bits, as wide as
 * WebAssembly's vectors; and what it takes by itself on this processor.
 */
const ISAL_KERNELS = [
  ['avx2', 'ISA-L'],
  ['avx', 'ISA-L, 128 bits'],
  ['own', 'ISA-L, own choice']
] as const

/** The kernels of ISA-L that this processor runs, where the library is installed. */
export const isalContestants = (): Contestant[] => {
  if (!existsSync('/usr/include/isa-l/erasure_code.h')) return []
  const folder = mkdtempSync(join(tmpdir(), 'thhe-isal-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  const program = join(folder, 'isal')
  execFileSync('cc', ['-O2', '-o', program, file('isal/isal.c'), '-lisal'])
  return ISAL_KERNELS.filter(([kernel]) => spawnSync(program, [kernel], { input: '' }).status === 0).map(
    ([kernel, name]) => isalContestant(program, kernel, name)
  )
}

const isalContestant = (program: string, kernel: string, name: string): Contestant => {
  const child = spawn(program, [kernel], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    name,
    async measure(task, millis) {
      child.stdin.write(`${task.k} ${planOf(task).want.length} ${task.blockBytes} ${millis}\n`)
      return Number((await answers.next()).value)
    },
    close: () => child.stdin.end()
  }
}

interface ShardCoder {
  encode(shards: Uint8Array, dataShards: number, parityShards: number): number
  reconstruct(shards: Uint8Array, dataShards: number, parityShards: number, available: boolean[]): number
}

/** The two packages that share the interface of the Rust crate reed-solomon-erasure. */
const shardContestant = (name: string, open: () => Promise<ShardCoder>): Contestant =>
  contestantOf(name, async (task) => {
    const { operation, k, m, blockBytes } = task
    const coder = await open()
    const shards = new Uint8Array((k + m) * blockBytes).fill(7)
    const lost = lostRows(task)
    const available = Array.from({ length: k + m }, (_, row) => !lost.includes(row))
    return () => {
      const code =
        operation === 'encode' ? coder.encode(shards, k, m) : coder.reconstruct(shards, k, m, [...available])
      if (code !== 0) throw new Error(`${name} gave up with code ${code}`)
    }
  })

interface Ronomon {
  readonly MAX_K: number
  readonly MAX_M: number
  create(k: number, m: number): object
  encode(context: object, sources: number, targets: number, ...buffers: unknown[]): void
}

const ronomonContestant = (name: string, ronomon: Ronomon): Contestant =>
  contestantOf(name, async (task) => {
    const { operation, k, m, blockBytes } = task
    if (k > ronomon.MAX_K || m > ronomon.MAX_M) return undefined
    const context = ronomon.create(k, m)
    const data = Buffer.alloc(k * blockBytes, 7)
    const parity = Buffer.alloc(m * blockBytes)
    const lost = lostRows(task).reduce((bits, row) => bits | (1 << row), 0)
    const [targets, sources] = operation === 'encode' ? [ones(m) << k, ones(k)] : [lost, ones(k + m) & ~lost]
    return () =>
      new Promise<void>((resolve, reject) => {
        const done = (error?: Error) => (error == null ? resolve() : reject(error))
        ronomon.encode(context, sources, targets, data, 0, data.length, parity, 0, parity.length, done)
      })
  })

const ones = (count: number): number => 2 ** count - 1

/** The packages under bench/encoder that are installed and load. */
export const npmContestants = async (): Promise<Contestant[]> => {
  const require = createRequire(file('encoder/package.json'))
  const loaders: ReadonlyArray<() => Contestant> = [
    () => ronomonContestant('@ronomon/reed-solomon', require('@ronomon/reed-solomon')),
    () => {
      const { ReedSolomonErasure } = require('@digitaldefiance/reed-solomon-erasure.wasm')
      return shardContestant('@digitaldefiance', () => ReedSolomonErasure.fromCurrentDirectory())
    },
    () => {
      const { createWasmReedSolomonBinding } = require('@shelby-protocol/reed-solomon')
      return shardContestant('@shelby-protocol', async () => createWasmReedSolomonBinding())
    }
  ]
  return loaders.flatMap((load) => {
    try {
      return [load()]
    } catch {
      return []
    }
  })
}
