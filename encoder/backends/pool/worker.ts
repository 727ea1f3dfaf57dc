// The worker's side of the pool: one chain of backends, one cache of plans, jobs in order of arrival.

import { parentPort, workerData } from 'node:worker_threads'
import { EncoderError } from '../../errors.ts'
import { HASH_BYTES, leafHash } from '../../merkle/merkle.ts'
import { PairSteps } from '../../pairs/codec.ts'
import type { Pair, PairStep } from '../../pairs/codec.ts'
import { PlanCache } from '../../plan.ts'
import { splitRows } from '../../shape.ts'
import { FallbackChain } from '../open.ts'
import type {
  CloseMessage,
  EncodeJob,
  EncodePairJob,
  EncodedPair,
  EncodedSegment,
  Job,
  JobMessage,
  ReconstructJob,
  RepairPairJob,
  ResultOf,
  WorkerInit,
  WorkerMessage
} from './messages.ts'

const port = parentPort!
const { order } = workerData as WorkerInit
const plans = new PlanCache()
const pairs = new PairSteps()
const backends = new FallbackChain(order, (event) => post({ type: 'event', event }))

port.on('message', (message: JobMessage | CloseMessage) => {
  void ('close' in message ? closeAndExit() : answer(message))
})

async function closeAndExit(): Promise<void> {
  await backends.close()
  process.exit()
}

async function answer({ id, job }: JobMessage): Promise<void> {
  try {
    const result = await run(job)
    post({ type: 'done', id, result }, buffersOf(result))
  } catch (error) {
    const { code, message, data } = asEncoderError(error)
    post({ type: 'failed', id, code, message, data })
  }
}

async function run(job: Job): Promise<ResultOf<Job>> {
  switch (job.kind) {
    case 'encode':
      return encode(job)
    case 'reconstruct':
      return reconstruct(job)
    case 'encode-pair':
      return encodePair(job)
    case 'reconstruct-second':
      return steps(pairs.reconstructSecond(job.shape, job.first, job.second, job.want))
    case 'repair-pair':
      return repairPair(job)
    case 'calibrate':
      return (await import('../calibration.ts')).calibrate(job.shape, job.maxThreads)
  }
}

async function encode({ shape, rows, data, parity }: EncodeJob): Promise<EncodedSegment> {
  const { k, n, blockBytes } = shape
  const sources = splitRows(data, blockBytes)
  const targets = splitRows(parity, blockBytes)
  const leaves = await backends.computeHashed(plans.encode(k, n, rows), sources, targets)
  return { data, parity, leaves }
}

async function reconstruct({ shape, have, blocks, want }: ReconstructJob): Promise<Uint8Array> {
  const { k, n, blockBytes } = shape
  const made = new Uint8Array(want.length * blockBytes)
  const plan = plans.reconstruct(k, n, have, want)
  await backends.compute(plan, splitRows(blocks, blockBytes), splitRows(made, blockBytes))
  return made
}

async function encodePair({ shape, rows, data }: EncodePairJob): Promise<EncodedPair> {
  const parity = await steps(pairs.encode(shape, data, rows))
  const encoded = (half: 'first' | 'second'): EncodedSegment => {
    const blocks = [...splitRows(data[half], shape.blockBytes), ...splitRows(parity[half], shape.blockBytes)]
    return { data: data[half], parity: parity[half], leaves: leafHashes(blocks) }
  }
  return { first: encoded('first'), second: encoded('second') }
}

async function repairPair({ shape, lost, available, blocks }: RepairPairJob): Promise<Pair> {
  const repair = pairs.planRepair(shape, lost, available)
  if (repair === undefined) {
    throw new EncoderError(
      'BAD_ROWS',
      `No fewer than ${2 * shape.k} blocks rebuild row ${lost} from these.`,
      {
        lost,
        available
      }
    )
  }
  return steps(pairs.repair(repair, blocks, shape.blockBytes))
}

async function steps<R>(work: Generator<PairStep, R>): Promise<R> {
  for (;;) {
    const { value, done } = work.next()
    if (done === true) return value
    await backends.compute(...value)
  }
}

function leafHashes(rows: readonly Uint8Array[]): Uint8Array {
  const leaves = new Uint8Array(rows.length * HASH_BYTES)
  rows.forEach((row, i) => leaves.set(leafHash(row), i * HASH_BYTES))
  return leaves
}

/** The buffers of a result, which are transferred instead of copied. */
function buffersOf(result: ResultOf<Job>): ArrayBufferLike[] {
  if (result instanceof Uint8Array) return [result.buffer]
  return Object.values(result as object).flatMap((value: unknown) =>
    typeof value === 'object' && value !== null ? buffersOf(value as ResultOf<Job>) : []
  )
}

function asEncoderError(error: unknown): EncoderError {
  return error instanceof EncoderError ? error : new EncoderError('BACKEND_FAILED', String(error))
}

function post(message: WorkerMessage, transfer: readonly ArrayBufferLike[] = []): void {
  port.postMessage(message, transfer as ArrayBuffer[])
}
