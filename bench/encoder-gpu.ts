// `npm run bench:gpu`: what the machine's GPU makes of the code. First every shape is checked, byte by byte,
// against WebAssembly, which the tests hold to the oracle; then both are timed by the clock, from rows in
// memory to rows in memory, and with the leaf hashes of all rows, as a put wants them. Needs no network and nothing but this repository with its node_modules;
// docs/explain/encoder.md, "On a machine with a GPU", says how to carry it. --json FILE writes the figures. Exit
// code: 0 done, 1 a difference, 2 no adapter.
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { EncoderError, PlanCache, createWasmBackend, createWebgpuBackend } from '../encoder/index.ts'
import type { Backend, RowPlan, WebgpuBackend } from '../encoder/index.ts'
import { computeHashed } from '../encoder/backends/open.ts'
import { splitRows } from '../encoder/shape.ts'

const { values: options } = parseArgs({
  options: {
    shapes: { type: 'string', default: '4+2,10+4,8+8,16+16,32+32,64+64,128+128' },
    block: { type: 'string', default: '65536' },
    /** Segments under way at once. */
    inflight: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'string' }
  }
})
const blockBytes = Number(options.block)
const inFlight = Number(options.inflight)
const seconds = Number(options.seconds)

const CHECKED_SHAPES = [
  [1, 2],
  [2, 3],
  [3, 7],
  [10, 14],
  [10, 256],
  [16, 32],
  [64, 128],
  [128, 256],
  [255, 256]
] as const
const CHECKED_BLOCKS = [1, 15, 4096, 4151, 65536]

const plans = new PlanCache()

const bytesOf = (length: number, seed: number): Uint8Array => {
  let state = seed
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24)
}

/** The rows, and the leaf hashes of all. */
const make = async (backend: Backend, plan: RowPlan, blocks: Uint8Array, bytes: number): Promise<Buffer> => {
  const made = Buffer.alloc(plan.want.length * bytes)
  const leaves = await computeHashed(backend, plan, splitRows(blocks, bytes), splitRows(made, bytes))
  return Buffer.concat([made, leaves])
}

/** Encodes and reconstructs on both; the number of differences. */
const differences = async (gpu: Backend, wasm: Backend): Promise<number> => {
  let count = 0
  for (const [k, n] of CHECKED_SHAPES) {
    for (const bytes of CHECKED_BLOCKS.filter((bytes) => n * bytes <= 2 ** 23)) {
      const last = Array.from({ length: k }, (_, i) => n - k + i)
      const all = Array.from({ length: n }, (_, row) => row)
      for (const plan of [plans.encode(k, n), plans.reconstruct(k, n, last, all)]) {
        const blocks = bytesOf(k * bytes, n)
        const [actual, expected] = await Promise.all([
          make(gpu, plan, blocks, bytes),
          make(wasm, plan, blocks, bytes)
        ])
        if (!actual.equals(expected)) {
          count++
          console.log(`DIFFERENCE at k=${k}, n=${n}, blocks of ${bytes} bytes`)
        }
      }
    }
  }
  return count
}

interface Speed {
  readonly bytesPerSecond: number
  /** Processor time for a MiB of data, milliseconds. */
  readonly cpuMillis: number
}

/** Of one thread that has several segments under way at once; with leaf hashes or without. */
const speedOf = async (backend: Backend, k: number, m: number, isHashed: boolean): Promise<Speed> => {
  const plan = plans.encode(k, k + m)
  let count = 0
  const lane = async (lastMillis: number) => {
    const sources = splitRows(new Uint8Array(k * blockBytes).fill(7), blockBytes)
    const targets = splitRows(new Uint8Array(m * blockBytes), blockBytes)
    do {
      if (isHashed) await computeHashed(backend, plan, sources, targets)
      else await backend.compute(plan, sources, targets)
      count++
    } while (performance.now() < lastMillis)
  }
  const run = async (millis: number) => {
    const end = performance.now() + millis
    await Promise.all(Array.from({ length: inFlight }, () => lane(end)))
  }
  await run(200)
  count = 0
  const [started, before] = [performance.now(), process.cpuUsage()]
  await run(seconds * 1000)
  const { user, system } = process.cpuUsage(before)
  const bytes = count * k * blockBytes
  return {
    bytesPerSecond: (bytes * 1000) / (performance.now() - started),
    cpuMillis: (user + system) / 1000 / (bytes / 2 ** 20)
  }
}

const open = async (): Promise<WebgpuBackend | undefined> => {
  try {
    return await createWebgpuBackend()
  } catch (error) {
    if (!(error instanceof EncoderError)) throw error
    console.log(error.message)
    return undefined
  }
}

const gpu = await open()
if (gpu === undefined) {
  process.exitCode = 2
} else {
  const wasm = createWasmBackend()
  console.log(`${gpu.detail}${gpu.isSoftware ? ' (a processor that plays a GPU)' : ''}; ${cpus()[0].model}`)
  const wrong = await differences(gpu, wasm)
  console.log(wrong === 0 ? 'All bytes are the same as WebAssembly makes.' : `${wrong} differences.`)
  const figures = []
  console.log(`blocks of ${blockBytes} bytes, ${inFlight} segments under way, one thread`)
  console.log('GB of data a second (processor ms for a MiB)   coded                        coded and hashed')
  for (const [k, m] of options.shapes.split(',').map((shape) => shape.split('+').map(Number))) {
    const figure = {
      ...{ k, m },
      coded: { webgpu: await speedOf(gpu, k, m, false), wasm: await speedOf(wasm, k, m, false) },
      hashed: { webgpu: await speedOf(gpu, k, m, true), wasm: await speedOf(wasm, k, m, true) }
    }
    figures.push(figure)
    const shown = ({ webgpu, wasm }: (typeof figure)['coded']): string =>
      [webgpu, wasm]
        .map((speed) =>
          `${(speed.bytesPerSecond / 1e9).toFixed(3)} (${speed.cpuMillis.toFixed(2)})`.padEnd(14)
        )
        .join('')
    console.log(`${k}+${m}`.padEnd(9), 'webgpu, wasm:', shown(figure.coded), shown(figure.hashed))
  }
  if (options.json !== undefined) {
    const report = { adapter: gpu.detail, isSoftware: gpu.isSoftware, blockBytes, inFlight, wrong, figures }
    await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`)
  }
  await gpu.close()
  process.exitCode = wrong === 0 ? 0 : 1
}
