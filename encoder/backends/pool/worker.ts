// The worker's side of the pool: one chain of backends, one cache of plans, jobs in order of arrival.

import { parentPort, workerData } from 'node:worker_threads'
import { EncoderError } from '../../errors.ts'
import { HASH_BYTES, leafHash } from '../../merkle/merkle.ts'
import { PlanCache } from '../../plan.ts'
import { splitRows } from '../../shape.ts'
import { FallbackChain } from '../open.ts'
import type {
  EncodeJob,
  EncodedSegment,
  Job,
  JobMessage,
  ReconstructJob,
  ResultOf,
  WorkerInit,
  WorkerMessage
} from './messages.ts'

const port = parentPort!
const { order } = workerData as WorkerInit
const plans = new PlanCache()
const backends = new FallbackChain(order, (event) => post({ type: 'event', event }))

port.on('message', (message: JobMessage) => void answer(message))

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
    case 'calibrate':
      return (await import('../calibration.ts')).calibrate(job.shape)
  }
}

async function encode({ shape, rows, data, parity }: EncodeJob): Promise<EncodedSegment> {
  const { k, n, blockBytes } = shape
  const sources = splitRows(data, blockBytes)
  const targets = splitRows(parity, blockBytes)
  await backends.compute(plans.encode(k, n, rows), sources, targets)
  return { data, parity, leaves: leafHashes([...sources, ...targets]) }
}

async function reconstruct({ shape, have, blocks, want }: ReconstructJob): Promise<Uint8Array> {
  const { k, n, blockBytes } = shape
  const made = new Uint8Array(want.length * blockBytes)
  const plan = plans.reconstruct(k, n, have, want)
  await backends.compute(plan, splitRows(blocks, blockBytes), splitRows(made, blockBytes))
  return made
}

function leafHashes(rows: readonly Uint8Array[]): Uint8Array {
  const leaves = new Uint8Array(rows.length * HASH_BYTES)
  rows.forEach((row, i) => leaves.set(leafHash(row), i * HASH_BYTES))
  return leaves
}

/** The buffers of a result, which are transferred instead of copied. */
function buffersOf(result: ResultOf<Job>): ArrayBufferLike[] {
  const values = result instanceof Uint8Array ? [result] : Object.values(result)
  return values.filter((value) => value instanceof Uint8Array).map(({ buffer }) => buffer)
}

function asEncoderError(error: unknown): EncoderError {
  return error instanceof EncoderError ? error : new EncoderError('BACKEND_FAILED', String(error))
}

function post(message: WorkerMessage, transfer: readonly ArrayBufferLike[] = []): void {
  port.postMessage(message, transfer as ArrayBuffer[])
}
